import A2A
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Plays the HTTP side of an agent: its card, JSON-RPC and HTTP+JSON.
///
/// Requests are read by an HTTP parser, answers are written as bytes, so that nothing of them has to be right.
struct HTTPPlayer: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>
    private typealias Listener = NIOAsyncChannel<Connection, Never>

    /// The most bytes of a request.
    static let maxBytes = 64 << 20
    static let cardPath = "/.well-known/agent-card.json"

    let log: PlayLog
    /// The bindings of the interfaces by their names, which are the first parts of their paths.
    let interfaces: [String: TransportBinding]
    /// Whether it is the one that the card is not at.
    var isOther = false

    /// Listens on loopback while `body` runs.
    func run<Result: Sendable>(
        tls: NIOSSLContext?, _ body: @Sendable @escaping (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let server = try await Self.bound { try await Self.listen(tls) }
        return try await server.serving({ await self.serve($0) }, while: body)
    }

    /// Ports that agents had in this process.
    private static let ports = Mutex<Set<Int>>([])
    private static let maxAttempts = 20

    /// A listener at a port that no agent had before: clients keep cards by their URLs.
    private static func bound(_ listen: () async throws -> Listener) async throws -> Listener {
        var server = try await listen()
        for _ in 0..<Self.maxAttempts {
            let port = server.channel.localAddress?.port ?? 0
            if Self.ports.withLock({ $0.insert(port).inserted }) { break }
            try await server.executeThenClose { _ in }
            server = try await listen()
        }
        return server
    }

    private static func listen(_ tls: NIOSSLContext?) async throws -> Listener {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    private func serve(_ connection: Connection) async {
        self.log.noteConnection()
        // A client that breaks off, or will not have our certificate, is seen by what it reports.
        try? await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let received): (head, body) = (received, ByteBuffer())
                case .body(var bytes):
                    guard body.readableBytes + bytes.readableBytes <= Self.maxBytes else { return }
                    body.writeBuffer(&bytes)
                case .end:
                    guard let head else { return }
                    let answer = self.answer(head, Array(body.readableBytesView))
                    guard try await self.write(answer, to: outbound, head) else { return }
                }
            }
        }
    }

    /// - Returns: Whether the connection goes on.
    private func write(
        _ answer: HTTPAnswer, to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ head: HTTPRequestHead
    ) async throws -> Bool {
        for write in answer.writes {
            if write.delay > 0 { try await Task.sleep(for: .milliseconds(write.delay)) }
            guard !write.bytes.isEmpty else { continue }
            self.log.trace.add(.sent, body: write.bytes)
            try await outbound.write(ByteBuffer(bytes: write.bytes))
        }
        switch answer.ending {
        case .normal: return head.isKeepAlive
        case .close:
            self.log.trace.add(.note, "the connection is closed")
            return false
        case .hang:
            self.log.trace.add(.note, "nothing more is said")
            try await Task.sleep(for: .seconds(600))
            return false
        }
    }

    // MARK: Requests

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) -> HTTPAnswer {
        var fields = ["\(head.method.rawValue) \(head.uri)"]
        fields += head.headers.map { Redactor.field($0.name, $0.value) }
        self.log.trace.add(.received, fields.joined(separator: "\n"))
        self.log.trace.add(.received, body: body)
        let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(target.first ?? "")
        var request = PlayedRequest(binding: .jsonrpc, interface: self.isOther ? "other" : "card")
        request.method = head.method.rawValue
        request.path = path
        request.query = target.count > 1 ? String(target[1]) : nil
        for (name, value) in head.headers {
            let name = name.lowercased()
            if let known = request.parameters[name] {
                request.parameters[name] = "\(known), \(value)"
                request.repeated.append(name)
            } else {
                request.parameters[name] = value
            }
        }
        if !body.isEmpty {
            request.body = (try? JSONValue(parsing: body)) ?? .string(String(decoding: body, as: UTF8.self))
        }
        let name = path.dropFirst().prefix { $0 != "/" }
        guard !self.isOther, let binding = self.interfaces[String(name)] else {
            return self.answer(card: request, path)
        }
        request.binding = binding
        request.interface = String(name)
        let rest = path.dropFirst(name.count + 1)
        if binding == .rest { self.read(rest: &request, rest) } else { Self.read(rpc: &request) }
        guard let (exchange, payload) = self.log.note(request) else {
            return HTTPAnswer(
                PlayedExchange(), .error(.unexpected(request.operation)), request, fill: self.log.filled)
        }
        let isStream = request.operation == "SendStreamingMessage" || request.operation == "SubscribeToTask"
        return HTTPAnswer(
            exchange, PlayedAnswer(payload: payload, isStream: isStream), request, fill: self.log.filled)
    }

    /// What belongs to no interface: the card, or nothing.
    private func answer(card request: PlayedRequest, _ path: String) -> HTTPAnswer {
        let exchange = self.log.noteCard(request)
        let isHere = path == Self.cardPath && !self.isOther
        guard isHere || exchange.body != nil || exchange.status != nil || exchange.answer != nil else {
            return HTTPAnswer(
                PlayedExchange(), status: 404, type: "text/plain", body: Array("nothing here".utf8), self.log.filled)
        }
        let card = exchange.answer ?? self.log.card
        return HTTPAnswer(
            exchange, status: 200, type: "application/json", body: exchange.body ?? card.bytes, self.log.filled)
    }

    private static func read(rpc request: inout PlayedRequest) {
        request.id = request.body?["id"]
        request.operation = request.body?["method"]?.string
        request.request = request.body?["params"]
        request.tenant = request.request?["tenant"]?.string
    }

    /// The operation of a request of HTTP+JSON, and its parameters from path, query and body (A2A §11.3).
    private func read(rest request: inout PlayedRequest, _ path: Substring) {
        var segments = path.split(separator: "/").map { Self.decoded($0) }
        var members = request.body?.members ?? [:]
        for pair in (request.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            members[Self.decoded(parts[0])] = .string(parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
        let known = ["message:send", "message:stream", "tasks", "extendedAgentCard"]
        if let first = segments.first, !known.contains(first), segments.count > 1 {
            request.tenant = first
            segments.removeFirst()
        }
        request.tenant = request.tenant ?? members["tenant"]?.string
        let method = request.method ?? ""
        switch (method, segments.count, segments.first ?? "") {
        case ("POST", 1, "message:send"): request.operation = "SendMessage"
        case ("POST", 1, "message:stream"): request.operation = "SendStreamingMessage"
        case ("GET", 1, "tasks"): request.operation = "ListTasks"
        case ("GET", 1, "extendedAgentCard"): request.operation = "GetExtendedAgentCard"
        case (_, 2, "tasks"):
            let task = segments[1]
            for (suffix, name) in [(":cancel", "CancelTask"), (":subscribe", "SubscribeToTask")]
            where task.hasSuffix(suffix) {
                members["id"] = .string(String(task.dropLast(suffix.count)))
                if method == "POST" || name == "SubscribeToTask" { request.operation = name }
            }
            if members["id"] == nil {
                members["id"] = .string(task)
                if method == "GET" { request.operation = "GetTask" }
            }
        case (_, 3, "tasks") where segments[2] == "pushNotificationConfigs":
            members["taskId"] = .string(segments[1])
            if method == "POST" { request.operation = "CreateTaskPushNotificationConfig" }
            if method == "GET" { request.operation = "ListTaskPushNotificationConfigs" }
        case (_, 4, "tasks") where segments[2] == "pushNotificationConfigs":
            members["taskId"] = .string(segments[1])
            members["id"] = .string(segments[3])
            if method == "GET" { request.operation = "GetTaskPushNotificationConfig" }
            if method == "DELETE" { request.operation = "DeleteTaskPushNotificationConfig" }
        default: break
        }
        request.request = .object(members)
    }

    private static func decoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
