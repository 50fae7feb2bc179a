import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Takes the push notifications of one test: what `webhook` stands for in its steps (conformance/format.md).
///
/// Listens on loopback only. A request to a URL with `?fail=N` is answered with 503 until there were N of them; any other with 200.
final class WebhookReceiver: Sendable {
    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// The most requests that are kept, and the most bytes of one.
    private static let maxRequests = 1000
    private static let maxBytes = 1 << 20

    private struct State {
        var requests: [JSONValue] = []
        var attempts: [String: Int64] = [:]
    }

    private let state = Mutex(State())
    private let port: Int

    private init(port: Int) { self.port = port }

    /// The URL that notifications go to.
    var url: String { "http://127.0.0.1:\(self.port)/hook" }

    /// The requests so far: an array of `{method, path, headers, body, attempt}`, header names in lower case. `attempt` counts those
    /// to the same URL from 1.
    var requests: JSONValue { .array(self.state.withLock { $0.requests }) }

    /// Listens while `body` runs.
    static func run<Result: Sendable>(
        _ body: @Sendable @escaping (WebhookReceiver) async -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let receiver = WebhookReceiver(port: server.channel.localAddress?.port ?? 0)
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask { await body(receiver) }
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await receiver.serve(connection) }
                        }
                    }
                    return nil
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            }
        }
    }

    private func serve(_ connection: Connection) async {
        // An agent that breaks off is its own loss.
        try? await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let received): (head, body) = (received, ByteBuffer())
                case .body(var bytes) where body.readableBytes + bytes.readableBytes <= Self.maxBytes:
                    body.writeBuffer(&bytes)
                case .body: return
                case .end:
                    guard let head else { return }
                    let status = self.add(head, body)
                    let fields: HTTPHeaders = ["content-length": "0"]
                    try await outbound.write(
                        .head(HTTPResponseHead(version: head.version, status: status, headers: fields)))
                    try await outbound.write(.end(nil))
                    if !head.isKeepAlive { return }
                }
            }
        }
    }

    /// Keeps a request, and says how it is answered.
    private func add(_ head: HTTPRequestHead, _ body: ByteBuffer) -> HTTPResponseStatus {
        let bytes = Array(body.readableBytesView)
        let headers = head.headers.map { ($0.name.lowercased(), JSONValue.string($0.value)) }
        let path = head.uri.prefix { $0 != "?" }
        let attempt = self.state.withLock { state in
            state.attempts[head.uri, default: 0] += 1
            let attempt = state.attempts[head.uri] ?? 1
            if state.requests.count < Self.maxRequests {
                state.requests.append([
                    "method": .string(head.method.rawValue), "path": .string(String(path)),
                    "headers": .object(Dictionary(headers) { first, _ in first }),
                    "body": (try? JSONValue(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self)),
                    "attempt": .integer(attempt),
                ])
            }
            return attempt
        }
        let failures = head.uri.split(separator: "?fail=").dropFirst().first.flatMap { Int64($0) } ?? 0
        return attempt <= failures ? .serviceUnavailable : .ok
    }
}
