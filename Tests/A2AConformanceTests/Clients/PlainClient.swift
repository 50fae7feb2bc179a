import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

@testable import A2AConformance

/// A small client of its own, over JSON-RPC and HTTP+JSON: right, unless it has faults.
///
/// It shares nothing with our client, so it shows too that the suites ask for nothing that only ours does.
final class PlainClient: ClientHarness {
    static let hello = HarnessHello(
        name: "plain", version: "1", bindings: ["JSONRPC", "HTTP+JSON"], features: ["card_cache"])

    let faults: Set<ClientFault>
    private let cards = Mutex<[String: KeptCard]>([:])

    struct KeptCard: Sendable {
        var card: JSONValue
        var tag: String?
        var isFresh: Bool
    }

    init(_ faults: Set<ClientFault> = []) { self.faults = faults }

    func has(_ fault: ClientFault) -> Bool { self.faults.contains(fault) }

    /// What a call failed with.
    struct Failed: Error {
        var json: JSONValue
        /// Whether asking again is asked for.
        var isBusy = false

        init(_ message: String, name: String? = nil, isBusy: Bool = false) {
            self.json = ["message": .string(message)]
            self.json["error"] = name.map(JSONValue.string)
            self.isBusy = isBusy
        }
    }

    func perform(_ command: HarnessCommand) async throws(HarnessFailure) -> HarnessAnswer {
        let call = PlainCall(client: self, command: command)
        let limit = Duration.milliseconds(command.timeoutMilliseconds)
        let answer: HarnessAnswer = await withTaskGroup(of: HarnessAnswer.self) { group in
            group.addTask { await call.run() }
            group.addTask {
                try? await Task.sleep(for: self.has(.neverGivesUp) ? .seconds(30) : limit)
                return call.timedOut()
            }
            let first = await group.next() ?? HarnessAnswer(error: ["message": "nothing"])
            group.cancelAll()
            return first
        }
        return answer
    }

    // MARK: Cards

    func card(_ command: HarnessCommand, _ http: HTTPClient) async throws -> JSONValue {
        let kept = self.cards.withLock { $0[command.card] }
        if let kept, kept.isFresh { return kept.card }
        let path = self.has(.oldCardPath) ? "/.well-known/agent.json" : "/.well-known/agent-card.json"
        var request = HTTPClientRequest(url: command.card + path)
        if let tag = kept?.tag, !self.has(.forgetsTag) { request.headers.add(name: "If-None-Match", value: tag) }
        let response = try await http.execute(request, timeout: .seconds(10))
        if response.status == .notModified, let kept { return kept.card }
        if response.status != .ok, !self.has(.takesAnyCard) { throw Failed("no card: \(response.status)") }
        let body = try await response.body.collect(upTo: 1 << 22)
        let card: JSONValue
        do {
            card = try JSONValue(parsing: Array(body.readableBytesView))
        } catch {
            guard self.has(.takesAnyCard) else { throw Failed("no card: \(error)") }
            card = [
                "supportedInterfaces": [
                    [
                        "url": .string("\(command.card)/main"), "protocolBinding": .string(command.binding),
                        "protocolVersion": "1.0",
                    ]
                ]
            ]
        }
        let control = response.headers["cache-control"].joined(separator: ",")
        let mayKeep = !control.contains("no-store") || self.has(.keepsEverything)
        if mayKeep, !self.has(.keepsNothing) {
            let isFresh = control.contains("max-age=600") || self.has(.keepsEverything)
            self.cards.withLock {
                $0[command.card] = KeptCard(card: card, tag: response.headers["etag"].first, isFresh: isFresh)
            }
        }
        return card
    }

    /// The interface to use, from the card.
    func interface(_ card: JSONValue) throws -> JSONValue {
        let all = card["supportedInterfaces"]?.elements ?? []
        if self.has(.takesFirstBlindly), let first = all.first { return first }
        let usable = all.filter { interface in
            let binding = interface["protocolBinding"]?.string ?? ""
            let version = interface["protocolVersion"]?.string ?? ""
            return ["JSONRPC", "HTTP+JSON"].contains(binding)
                && (version.hasPrefix("1.") || self.has(.ignoresMajor))
        }
        guard let chosen = self.has(.takesLast) ? usable.last : usable.first else {
            throw Failed("no interface that can be used")
        }
        return chosen
    }

    func httpClient(_ trust: String?) throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let trust, !self.has(.trustsNobody) {
            tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMBytes(Array(trust.utf8)))]
        }
        if self.has(.trustsAnybody) { tls.certificateVerification = .none }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(3))
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
