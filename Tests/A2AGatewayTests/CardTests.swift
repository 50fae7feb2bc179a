import A2A
import A2AClient
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATesting
import Logging
import SwiftProtobuf
import Synchronization
import Testing

@testable import A2AGateway

@Suite("Cards of a gateway", .timeLimit(.minutes(1)))
struct CardTests {
    /// An answer to GET.
    private func fetch(_ url: String, etag: String? = nil) async throws -> (status: Int, etag: String, json: A2AValue) {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        let host = parts[2].prefix { $0 != "/" }
        let condition = etag.map { "If-None-Match: \($0)\r\n" } ?? ""
        let answer = try await RawHTTP.exchange(
            "http://\(host)",
            "GET \(parts[2].dropFirst(host.count)) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(condition)\r\n",
            until: "never")
        let end = try #require(answer.firstRange(of: "\r\n\r\n"))
        let lines = answer[..<end.lowerBound].split(separator: "\r\n")
        let tag = lines.first { $0.lowercased().hasPrefix("etag: ") }.map { String($0.dropFirst("etag: ".count)) }
        let body = Array(answer[end.upperBound...].utf8)
        return (
            Int(lines[0].split(separator: " ")[1]) ?? 0, tag ?? "",
            body.isEmpty ? .null : try A2AValue(jsonUTF8Bytes: body)
        )
    }

    private static let signedCard = """
        {"name": "Old", "description": "d", "version": "1", "x-future": {"keep": [1, "\\u00e9", null]},
         "signatures": [{"protected": "a", "signature": "b"}], "url": "http://inside.example/",
         "capabilities": {"streaming": true, "x-more": 1}, "defaultInputModes": ["text/plain"],
         "supportedInterfaces": [{"url": "http://inside.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
         "defaultOutputModes": ["text/plain"], "preferredTransport": "JSONRPC",
         "skills": [{"id": "s", "name": "S", "description": "d", "tags": ["t"]}]}
        """

    @Test("say where the gateway is, keep what nobody knows, and have no signatures: that is logged")
    func rewriting() async throws {
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + "Content-Length: \(Self.signedCard.utf8.count)\r\n\r\n\(Self.signedCard)"
        let log = LogBook()
        try await RawHTTP.answering(answer) { base async throws in
            let http = try HTTPTransportFactory(options: HTTPClientOptions())
            let upstream = try await GatewayUpstream.connect(
                to: .url(base + "/card"), resolver: AgentCardResolver(fetcher: http.cardFetcher), transports: [http],
                logger: log.logger)
            let gateway = try Gateway(upstreams: [upstream])
            try await withGateway(gateway, bindings: allBindings, logger: .silent) { endpoints in
                let (status, etag, card) = try await self.fetch(endpoints[0].address + A2ARoutes.cardPath)
                #expect(status == 200)
                #expect(card["x-future"] == ["keep": [1, "é", nil]])
                #expect(card["capabilities"]?["x-more"]?.int == 1)
                #expect(card["name"]?.string == "Old")
                for gone in ["signatures", "url", "preferredTransport"] { #expect(card[gone] == nil, "\(gone)") }
                let urls = card["supportedInterfaces"]?.array?.compactMap { $0["url"]?.string }
                #expect(urls == endpoints.flatMap(\.interfaces).map(\.url))
                // The same card once more: the cache knows it.
                #expect(try await self.fetch(endpoints[0].address + A2ARoutes.cardPath, etag: etag).status == 304)
            }
        }
        #expect(log.lines.filter { $0.contains("signatures") }.count == 1)
    }

    @Test("are rewritten member by member, in either spelling, whatever stands around them")
    func members() throws {
        let interfaces = Array("[]".utf8)
        func rewrite(_ text: String) -> String? {
            GatewayCard.rewrite(Array(text.utf8), interfaces: interfaces).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(rewrite("{}") == #"{"supportedInterfaces":[]}"#)
        #expect(
            rewrite(#" { "a" : {"signatures":1} , "supported_interfaces":[{}],"signatures":[] } "#)
                == #"{"supportedInterfaces":[],"a":{"signatures":1}}"#)
        #expect(rewrite(#"{"sign\u0061tures":[1],"\u00e9":2}"#) == #"{"supportedInterfaces":[],"é":2}"#)
        #expect(rewrite("{") == nil)
        #expect(rewrite(#"{"a":1}x"#) == nil)
    }

    @Test("of the extended kind are rewritten in the same way")
    func extended() async throws {
        let gateway = try gateway(to: ScriptedUpstream())
        let card = try await gateway.getExtendedAgentCard(.init(), context: CallContext())
        #expect(card.name == "extended")
        #expect(card.signatures.isEmpty)
        #expect(card.supportedInterfaces.map(\.url) == ["http://gateway"])
    }

    @Test("of several agents are found below their names")
    func severalAgents() async throws {
        func upstream(_ name: String) throws -> GatewayUpstream {
            var card = A2AAgentCard.testCard()
            card.name = "agent \(name)"
            card.supportedInterfaces = [
                A2AAgentInterface(url: "http://x", binding: .jsonRPC, tenant: name == "two" ? "inner" : "")
            ]
            return try GatewayUpstream(
                name: name, card: card, transports: [DirectTransports(service: ScriptedUpstream())], logger: .silent)
        }
        for hasDefault in [true, false] {
            let names = ["one", "two"] + (hasDefault ? [""] : [])
            let gateway = try Gateway(upstreams: try names.map(upstream))
            try await withGateway(gateway, bindings: allBindings, logger: .silent) { endpoints in
                let base = endpoints[0].address
                for name in ["one", "two"] {
                    let card = try await self.fetch("\(base)/\(name)\(A2ARoutes.cardPath)")
                    #expect(card.status == 200)
                    #expect(card.json["name"]?.string == "agent \(name)")
                    let interfaces = card.json["supportedInterfaces"]?.array ?? []
                    #expect(!interfaces.isEmpty)
                    #expect(interfaces.allSatisfy { $0["tenant"]?.string == name })
                    #expect(
                        try await self.fetch("\(base)/\(name)\(A2ARoutes.cardPath)", etag: card.etag).status == 304)
                }
                let root = try await self.fetch(base + A2ARoutes.cardPath)
                #expect(root.status == (hasDefault ? 200 : 404))
                if hasDefault {
                    #expect(root.json["name"]?.string == "agent ")
                    #expect(root.json["supportedInterfaces"]?.array?.allSatisfy { $0["tenant"] == nil } == true)
                } else {
                    let message = root.json["error"]?["message"]?.string ?? ""
                    #expect(message.contains("/{name}/.well-known/agent-card.json"))
                    #expect(!message.contains("one"))
                }
                for path in ["/three", "/one/two", "/%ff", "/v1"] {
                    #expect(try await self.fetch(base + path + A2ARoutes.cardPath).status == 404, "\(path)")
                }
            }
        }
    }

    @Test("an agent that is no gateway has no cards of tenants")
    func noTenantCards() async throws {
        try await withServed(ScriptedUpstream()) { card async throws in
            #expect(try await self.fetch(try baseURL(card) + "/one" + A2ARoutes.cardPath).status == 404)
        }
    }

    @Test("are asked for again, stay when the agent is away, and lead to where it is now")
    func refreshing() async throws {
        let cards = ScriptedCards()
        let (first, second) = (ScriptedUpstream(), ScriptedUpstream())
        cards.answer = .success(try self.card("first", at: "http://first"))
        let transports = [PlaceTransports(services: ["http://first": first, "http://second": second])]
        let upstream = try await GatewayUpstream.connect(
            to: .url("http://card"), resolver: AgentCardResolver(fetcher: cards), transports: transports,
            logger: .silent)
        let gateway = try Gateway(upstreams: [upstream])
        gateway.interfaces = [A2AAgentInterface(url: "http://gateway", binding: .jsonRPC)]
        #expect(try await gateway.getAgentCard(context: CallContext()).name == "first")

        cards.answer = .failure(.unreachable("gone", mayHaveBeenSent: false))
        #expect(try await gateway.getAgentCard(context: CallContext()).name == "first")
        // Of no use: nothing on it can be reached.
        cards.answer = .success(try self.card("useless", at: "http://elsewhere"))
        #expect(try await gateway.getAgentCard(context: CallContext()).name == "first")
        _ = try await gateway.getTask(get("t"), context: CallContext())
        #expect(first.seen.count == 1)

        cards.answer = .success(try self.card("second", at: "http://second"))
        let card = try await gateway.getAgentCard(context: CallContext())
        #expect(card.name == "second")
        #expect(card.supportedInterfaces.map(\.url) == ["http://gateway"])
        _ = try await gateway.getTask(get("t"), context: CallContext())
        #expect(second.seen.count == 1)
        #expect(first.seen.count == 1)
    }

    @Test("are not served before the gateway knows where it listens")
    func tooEarly() async throws {
        var card = A2AAgentCard.testCard()
        card.supportedInterfaces = [A2AAgentInterface(url: "http://x", binding: .jsonRPC)]
        let gateway = try Gateway(upstream: card, transports: [DirectTransports(service: ScriptedUpstream())])
        let error = try await #require(throws: A2AError.self) {
            try await gateway.getAgentCard(context: CallContext())
        }
        #expect(error.code == .unavailable)
        #expect(error.retryDelay != nil)
    }

    private func card(_ name: String, at url: String) throws -> [UInt8] {
        var card = A2AAgentCard.testCard()
        card.name = name
        card.supportedInterfaces = [A2AAgentInterface(url: url, binding: .jsonRPC)]
        return try card.jsonUTF8Bytes()
    }
}

/// Cards that a test prepares; none is ever fresh.
private final class ScriptedCards: AgentCardFetcher {
    private let state = Mutex<Result<[UInt8], A2AError>>(.success([]))

    var answer: Result<[UInt8], A2AError> {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }

    func fetch(
        _ url: String, validators: AgentCardValidators?, options: CallOptions
    ) async throws -> AgentCardAnswer {
        .card(try self.answer.get(), AgentCardCaching())
    }
}

/// Reaches services in this process by the URLs of interfaces.
private struct PlaceTransports: TransportFactory {
    var services: [String: ScriptedUpstream]

    func supports(_ interface: A2AAgentInterface) -> Bool { self.services[interface.url] != nil }

    func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
        self.services[interface.url]!
    }
}

/// Keeps what is logged.
final class LogBook: Sendable {
    private let entries = Mutex<[String]>([])

    var lines: [String] { self.entries.withLock { $0 } }
    var logger: Logger { Logger(label: "test", factory: { _ in Handler(book: self) }) }

    private struct Handler: LogHandler {
        let book: LogBook
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .notice

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.book.entries.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
