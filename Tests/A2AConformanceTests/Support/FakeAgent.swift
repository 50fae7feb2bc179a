import NIOCore
import NIOPosix
import Synchronization

@testable import A2AConformance

/// A server over HTTP/1.1 that answers each request as a test says, right or wrong.
final class FakeAgent: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        /// By names in lower case.
        var headers: [String: String]
        var body: String

        var json: JSONValue { (try? JSONValue(parsing: self.body)) ?? .null }
    }

    enum Answer: Sendable {
        /// A whole answer of `application/json`.
        case json(JSONValue, status: Int = 200, headers: [String] = [])
        /// A whole answer of any kind.
        case text(String, status: Int = 200, type: String)
        /// Server-sent events, and then the end.
        case events([JSONValue])
        /// Bytes, one piece after the other, and then the end of the connection.
        case bytes([String])
        /// Bytes, and then nothing more until the client goes.
        case held([String])
        /// The same bytes for ever.
        case flood(head: String, String)
    }

    typealias Handler = @Sendable (_ request: Request, _ baseURL: String) -> Answer

    private struct State {
        var requests: [Request] = []
    }

    private let state = Mutex(State())
    private let handler: Handler
    /// Whether it answers the first bytes, whatever they are, and not HTTP requests.
    private let isRaw: Bool
    let port: Int

    private init(port: Int, isRaw: Bool, _ handler: @escaping Handler) {
        self.port = port
        self.isRaw = isRaw
        self.handler = handler
    }

    var url: String { "http://127.0.0.1:\(self.port)" }
    var requests: [Request] { self.state.withLock { $0.requests } }

    /// Runs an agent while the body runs. Requests for the card get one with JSON-RPC and HTTP+JSON, unless `card` says otherwise.
    static func with<Result: Sendable>(
        card: JSONValue? = nil, isRaw: Bool = false, _ handler: @escaping Handler,
        _ body: @Sendable (FakeAgent) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let agent = FakeAgent(port: server.channel.localAddress?.port ?? 0, isRaw: isRaw) { request, url in
            guard request.path == Discovery.wellKnownPath else { return handler(request, url) }
            return .json(card ?? Self.card(url))
        }
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await withDiscardingTaskGroup { group in
                        do {
                            for try await connection in connections {
                                group.addTask { try? await agent.serve(connection) }
                            }
                        } catch {}
                    }
                }
                let result = try await body(agent)
                group.cancelAll()
                return result
            }
        }
    }

    static func card(_ url: String) -> JSONValue {
        [
            "name": "fake", "version": "1", "capabilities": ["streaming": true], "skills": [["id": "s"]],
            "supportedInterfaces": [
                ["url": .string(url + "/rpc"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"],
                ["url": .string(url + "/rest"), "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"],
            ],
        ]
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var input = ""
            var bytes = inbound.makeAsyncIterator()
            var request: Request?
            while request == nil {
                guard let buffer = try await bytes.next() else { return }
                input += String(buffer: buffer)
                request = self.isRaw ? Request(method: "", path: "", headers: [:], body: "") : Self.parse(input)
            }
            guard let request else { return }
            self.state.withLock { $0.requests.append(request) }
            switch self.handler(request, self.url) {
            case .json(let value, let status, let headers):
                let text = Self.answer(value.description, status, ["Content-Type: application/json"] + headers)
                try await outbound.write(ByteBuffer(string: text))
            case .text(let text, let status, let type):
                try await outbound.write(
                    ByteBuffer(string: Self.answer(text, status, ["Content-Type: \(type)"])))
            case .events(let events):
                let body = events.map { "data: \($0)\n\n" }.joined()
                try await outbound.write(
                    ByteBuffer(string: Self.answer(body, 200, ["Content-Type: text/event-stream"])))
            case .bytes(let pieces):
                for piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
            case .held(let pieces):
                for piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
                while try await bytes.next() != nil {}
            case .flood(let head, let piece):
                try await outbound.write(ByteBuffer(string: head))
                // Large pieces, so that the loop waits for the client and leaves the threads of this process to others.
                let chunk = String(repeating: piece, count: max(1, 262_144 / piece.utf8.count))
                while true {
                    try Task.checkCancellation()
                    try await outbound.write(ByteBuffer(string: chunk))
                }
            }
        }
    }

    static func answer(_ body: String, _ status: Int, _ headers: [String]) -> String {
        let head = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private static func parse(_ text: String) -> Request? {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n", omittingEmptySubsequences: false)
        let first = (lines.first ?? "").split(separator: " ")
        let fields = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].trimmed))
        }
        let headers = Dictionary(fields) { "\($0), \($1)" }
        let body = text[end.upperBound...]
        guard body.utf8.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { return nil }
        return Request(
            method: String(first.first ?? ""), path: String(first.dropFirst().first ?? ""), headers: headers,
            body: String(body))
    }
}

extension FakeAgent.Answer {
    /// A result of JSON-RPC to a request.
    static func result(_ value: JSONValue, to request: FakeAgent.Request) -> Self {
        .json(["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": value])
    }

    /// An error of JSON-RPC to a request.
    static func error(_ code: Int64, to request: FakeAgent.Request) -> Self {
        .json([
            "jsonrpc": "2.0", "id": request.json["id"] ?? .null, "error": ["code": .integer(code), "message": "no"],
        ])
    }
}

/// Runs tests against a fake agent.
func run(
    _ agent: FakeAgent, _ tests: [String], variables: String = "", over bindings: Set<TransportBinding> = [.jsonrpc],
    _ change: (inout RunConfiguration) -> Void = { _ in }
) async throws -> RunReport {
    var configuration = RunConfiguration()
    configuration.bindings = bindings
    configuration.callTimeout = .seconds(20)
    change(&configuration)
    return await Runner(plan: try plan(tests, variables: variables), configuration: configuration).run(agent.url)
}
