import Synchronization

/// Bytes that came over a bare connection.
final class Received: Sendable {
    private struct State {
        var isOpen = false
        var bytes: [UInt8] = []
    }

    private let state = Mutex(State())

    var isOpen: Bool { self.state.withLock { $0.isOpen } }
    var bytes: [UInt8] { self.state.withLock { $0.bytes } }
    func open() { self.state.withLock { $0.isOpen = true } }

    /// - Returns: How many there are now.
    func add(_ bytes: some Sequence<UInt8>) -> Int {
        self.state.withLock { state in
            state.bytes.append(contentsOf: bytes)
            return state.bytes.count
        }
    }

    /// An HTTP answer as far as it has come.
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        /// Whether its length says that it is over.
        var isComplete: Bool {
            guard let length = self.headers["content-length"].flatMap({ Int($0) }) else { return false }
            return self.body.count >= length
        }
    }

    /// The first HTTP answer, if its head is there.
    var answer: Answer? {
        let bytes = self.bytes
        let end: [UInt8] = [13, 10, 13, 10]
        guard bytes.starts(with: "HTTP/1.".utf8), let range = bytes.firstRange(of: end) else { return nil }
        let lines = String(decoding: bytes[..<range.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        let fields = lines.dropFirst().compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (parts[0].lowercased(), String(parts[1].trimmed))
        }
        return Answer(
            status: status, headers: Dictionary(fields) { "\($0), \($1)" }, body: Array(bytes[range.upperBound...]))
    }
}
