import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Takes the push notifications of one test: what `webhook` stands for in its steps (conformance/format.md).
///
/// Listens on loopback only. A request to a URL with `?fail=N` is answered with 503 until there were N of them, one with `?hang`
/// not at all; any other with 200.
final class WebhookReceiver: Sendable {
    /// The most requests that are kept, and the most bytes of one.
    private static let maxRequests = 1000
    private static let maxBytes = 1 << 20

    private struct State {
        var isOpen = true
        var connections: [ObjectIdentifier: any Channel] = [:]
        var requests: [JSONValue] = []
        /// When requests came that are not answered.
        var held: [Int: ContinuousClock.Instant] = [:]
        var attempts: [String: Int64] = [:]
    }

    private let state = Mutex(State())
    private let port = Mutex(0)

    /// The URL that notifications go to.
    var url: String { "http://127.0.0.1:\(self.port.withLock { $0 })/hook" }

    /// The requests so far: an array of `{method, path, headers, body, attempt}`, header names in lower case. `attempt` counts those
    /// to the same URL from 1; `held_ms` is how long the sender of a request that gets no answer has waited.
    var requests: JSONValue { .array(self.state.withLock { $0.requests }) }

    /// Listens while `body` runs.
    static func run<Result: Sendable>(
        _ body: @Sendable @escaping (WebhookReceiver) async -> Result
    ) async throws -> Result {
        let receiver = WebhookReceiver()
        // Not channels with async sequences: one that comes just as we stop would be dropped with its writer open, which is a trap.
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    receiver.admit(channel)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        receiver.port.withLock { $0 = server.localAddress?.port ?? 0 }
        let result = await body(receiver)
        // Connections that are gone already cannot be closed, and need not be.
        try? await server.close().get()
        for connection in receiver.stop() { try? await connection.close().get() }
        return result
    }

    // MARK: Connections

    private func admit(_ channel: any Channel) {
        let isOpen = self.state.withLock { state in
            if state.isOpen { state.connections[ObjectIdentifier(channel)] = channel }
            return state.isOpen
        }
        guard isOpen else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(channel)) }
        }
    }

    /// Takes no more connections.
    ///
    /// - Returns: Those that are open.
    private func stop() -> [any Channel] {
        self.state.withLock { state in
            state.isOpen = false
            defer { state.connections = [:] }
            return Array(state.connections.values)
        }
    }

    /// Reads requests, and answers each.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let receiver: WebhookReceiver
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ receiver: WebhookReceiver) { self.receiver = receiver }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .head(let received): (self.head, self.body) = (received, ByteBuffer())
            case .body(var bytes):
                guard self.body.readableBytes + bytes.readableBytes <= WebhookReceiver.maxBytes else {
                    self.head = nil
                    return context.close(promise: nil)
                }
                self.body.writeBuffer(&bytes)
            case .end:
                guard let head = self.head else { return }
                let (status, index) = self.receiver.add(head, self.body)
                if head.uri.hasSuffix("?hang") {
                    // No answer: whoever has sent it may wait, until it closes the connection.
                    let receiver = self.receiver
                    return context.channel.closeFuture.whenComplete { _ in receiver.noteEnd(of: index) }
                }
                let answer = HTTPResponseHead(version: head.version, status: status, headers: ["content-length": "0"])
                context.write(self.wrapOutboundOut(.head(answer)), promise: nil)
                let promise = context.eventLoop.makePromise(of: Void.self)
                if !head.isKeepAlive {
                    let channel = context.channel
                    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                }
                context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: promise)
            }
        }

        // An agent that breaks off is its own loss.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Notes for how long the sender of a request has waited for an answer.
    private func noteEnd(of index: Int) {
        self.state.withLock { state in
            guard let start = state.held.removeValue(forKey: index), state.requests.indices.contains(index) else {
                return
            }
            state.requests[index]["held_ms"] = .integer(Int64((ContinuousClock.now - start).milliseconds))
        }
    }

    /// Keeps a request, and says how it is answered, and its place among the requests.
    private func add(_ head: HTTPRequestHead, _ body: ByteBuffer) -> (HTTPResponseStatus, Int) {
        let bytes = Array(body.readableBytesView)
        let headers = head.headers.map { ($0.name.lowercased(), JSONValue.string($0.value)) }
        let path = head.uri.prefix { $0 != "?" }
        let (attempt, index) = self.state.withLock { state in
            let index = state.requests.count
            if head.uri.hasSuffix("?hang") { state.held[index] = .now }
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
            return (attempt, index)
        }
        let failures = head.uri.split(separator: "?fail=").dropFirst().first.flatMap { Int64($0) } ?? 0
        return (attempt <= failures ? .serviceUnavailable : .ok, index)
    }
}
