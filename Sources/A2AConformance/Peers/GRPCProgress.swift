import A2A
import GRPCCore
import Synchronization

/// How far a call over gRPC has come.
final class GRPCProgress: Sendable {
    private struct State {
        var isOpen = false
        var messages = 0
        var initial: Metadata?
        var status: Status?
        var trailers = Metadata()
        var end: StreamEnd?
    }

    private let state = Mutex(State())

    func open() { self.state.withLock { $0.isOpen = true } }
    func begin(_ metadata: Metadata) { self.state.withLock { $0.initial = metadata } }
    func countMessage() { self.state.withLock { $0.messages += 1 } }
    func end(_ end: StreamEnd) { self.state.withLock { $0.end = end } }
    func finish(_ status: Status, _ trailers: Metadata) {
        self.state.withLock { state in
            state.status = status
            state.trailers = trailers
        }
    }

    /// Whether there was a stream to write to.
    var isOpen: Bool { self.state.withLock { $0.isOpen } }
    /// Whether anything came.
    var hasBegun: Bool { self.state.withLock { $0.initial != nil || $0.messages > 0 } }
    var hasEnded: Bool { self.state.withLock { $0.status != nil } }
    var end: StreamEnd? { self.state.withLock { $0.end } }
    var status: Status? { self.state.withLock { $0.status } }
    var trailers: Metadata { self.state.withLock { $0.trailers } }

    /// Metadata and trailers as header fields.
    var headers: [String: String] {
        self.state.withLock { state in
            var headers: [String: String] = [:]
            for metadata in [state.initial ?? [:], state.trailers] {
                for (key, value) in metadata {
                    guard case .string(let text) = value else { continue }
                    headers[key] = headers[key].map { "\($0), \(text)" } ?? text
                }
            }
            return headers
        }
    }
}

/// Where an agent listens for gRPC: what the `url` of its interface says.
enum GRPCTarget {
    /// Why an address is of no use.
    struct Malformed: Error, CustomStringConvertible { let description: String }

    static func parse(_ url: String) throws(Malformed) -> (HostAndPort, isSecure: Bool) {
        var rest = url[...]
        var isSecure = false
        var defaultPort: Int?
        if let range = url.firstRange(of: "://") {
            rest = url[range.upperBound...]
            switch url[..<range.lowerBound].lowercased() {
            case "grpc": break
            case "http": defaultPort = 80
            case "grpcs": isSecure = true
            case "https": (isSecure, defaultPort) = (true, 443)
            case "dns": rest = rest.drop { $0 == "/" }
            default: throw Malformed(description: "'\(url)' has a scheme that is not one of gRPC")
            }
        }
        rest = rest.prefix { $0 != "/" && $0 != "?" }
        do {
            return (try HostAndPort(rest, defaultPort: defaultPort), isSecure)
        } catch {
            throw Malformed(description: "'\(url)' \(error.problem)")
        }
    }
}
