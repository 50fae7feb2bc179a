import A2A
import A2AServer
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import A2AHTTP

@Suite("Webhooks that mean harm", .timeLimit(.minutes(1)), .serialized)
struct HostileWebhookTests {
    /// Answers each connection with a beginning, and then with the same octets again and again.
    private static func withFlood(
        _ beginning: String, then block: String, pause: Duration = .zero,
        _ body: @Sendable (_ url: String) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = listener.channel.localAddress?.port ?? 0
        try await listener.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await connection in connections {
                        try? await connection.executeThenClose { inbound, outbound in
                            for try await _ in inbound { break }
                            try await outbound.write(ByteBuffer(string: beginning))
                            while true {
                                try await outbound.write(ByteBuffer(string: block))
                                if pause > .zero { try await Task.sleep(for: pause) }
                            }
                        }
                    }
                }
                try await body("http://127.0.0.1:\(port)/")
                group.cancelAll()
            }
        }
    }

    @Test(
        "an answer without end costs neither memory nor more than the time allowed",
        arguments: [
            ("status", "HTTP/1.1 200 ", "OK"), ("fields", "HTTP/1.1 200 OK\r\n", "X-Field: value\r\n"),
            ("field", "HTTP/1.1 200 OK\r\nX-Field: ", "value"),
            ("name", "HTTP/1.1 200 OK\r\nX-", "Field"),
            ("interim", "", "HTTP/1.1 100 Continue\r\n\r\n"),
            ("body", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", "body"),
            ("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nbody\r\n"),
            ("extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;", "extension"),
            ("trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-Field: value\r\n"),
        ])
    func flood(_ name: String, _ beginning: String, _ block: String) async throws {
        let block = String(repeating: block, count: 65536 / block.utf8.count)
        try await Self.withFlood(beginning, then: block) { url in
            let before = residentBytes()
            let sender = HTTPPushNotificationSender(options: .loopback { $0.timeout = .seconds(1) })
            // Where the status was to be read, nothing else of the answer matters.
            let isTaken = ["body", "chunks", "extension", "trailer"].contains(name)
            #expect((await sender.send(notification(to: url)) == .delivered) == isTaken)
            #expect(residentBytes() - before < 256 << 20)
        }
    }

    @Test("one that says yes and then goes on slowly has taken the notification, and costs its connection only")
    func slowBody() async throws {
        let held = ScriptedServer.Answer(
            pieces: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], isHeld: true)
        try await ScriptedServer.with([held]) { server in
            let sender = HTTPPushNotificationSender(options: .loopback { $0.timeout = .milliseconds(300) })
            #expect(await sender.send(notification(to: server.url)) == .delivered)
            await server.waitForClose()
        }
    }

    @Test("one that sends its head octet by octet has its time, and no more")
    func trickle() async throws {
        try await Self.withFlood("HTTP/1.1 200 OK\r\n", then: "X", pause: .milliseconds(10)) { url in
            let sender = HTTPPushNotificationSender(options: .loopback { $0.timeout = .milliseconds(300) })
            #expect(await sender.send(notification(to: url)) == .failed(reason: "no answer in time (0.3 seconds)"))
        }
    }

    @Test("one that accepts the connection and never finishes TLS has failed to connect in time")
    func silentTLS() async throws {
        let silent = try await SilentServer.start()
        let sender = HTTPPushNotificationSender(options: .loopback { $0.connectTimeout = .milliseconds(200) })
        guard case .failed(let reason, _, true) = await sender.send(notification(to: "https://\(silent.authority)/")),
            reason.hasPrefix("cannot connect: ")
        else {
            Issue.record("delivered, or late")
            return
        }
        try await silent.stop()
    }

    @Test("a name that takes its time to be found has failed in time, and the notification with it")
    func slowName() async throws {
        struct Never: HostResolver {
            func addresses(of host: String) async throws -> [String] {
                try await Task.sleep(for: .seconds(3600))
                return []
            }
        }
        let sender = HTTPPushNotificationSender(
            options: .loopback {
                $0.connectTimeout = .milliseconds(50)
                $0.resolver = Never()
            })
        let outcome = await sender.send(notification(to: "http://slow.example/"))
        #expect(outcome == .failed(reason: "its host name cannot be resolved"))
    }

    @Test("many names that take their time when configurations are made leave room to look up others")
    func slowNames() async throws {
        let (asked, ask) = AsyncStream<String>.makeStream()
        struct Waiting: HostResolver {
            let ask: AsyncStream<String>.Continuation
            func addresses(of host: String) async throws -> [String] {
                self.ask.yield(host)
                try await Task.sleep(for: .seconds(3600))
                return []
            }
        }
        var options = HTTPPushNotificationSender.Options()
        options.resolver = Waiting(ask: ask)
        options.connectTimeout = .seconds(3600)
        let sender = HTTPPushNotificationSender(options: options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<32 {
                group.addTask {
                    try await sender.admit(notification(to: "https://\(index).example/").configuration, for: Scope())
                }
            }
            var count = 0
            for await _ in asked {
                count += 1
                if count == 32 { break }
            }
            // One more is taken at once, and looked up when something is sent.
            try await sender.admit(notification(to: "https://more.example/").configuration, for: Scope())
            await #expect(throws: A2AError.self) {
                try await sender.admit(notification(to: "https://10.0.0.1/").configuration, for: Scope())
            }
            group.cancelAll()
        }
    }
}
