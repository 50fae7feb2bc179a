import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import A2AHTTP

@Suite("Sending push notifications over HTTP", .timeLimit(.minutes(1)))
struct HTTPPushNotificationSenderTests {
    @Test("the request is a POST of the event, with what the configuration asks for in its header")
    func request() async throws {
        try await ScriptedServer.with([.response("204 No Content", "")]) { server in
            let outcome = await HTTPPushNotificationSender(options: .loopback()).send(
                notification(to: server.url + "/hook?key=1") {
                    $0.token = "t0ken"
                    $0.authentication.scheme = "Bearer"
                    $0.authentication.credentials = "abc"
                })
            #expect(outcome == .delivered)
            let request = try #require(server.requests.first)
            let lines = request.components(separatedBy: "\r\n")
            #expect(lines.first == "POST /hook?key=1 HTTP/1.1")
            for line in [
                "Host: 127.0.0.1:\(server.port)", "Content-Type: application/a2a+json", "Authorization: Bearer abc",
                "X-A2A-Notification-Token: t0ken", "A2A-Notification-Token: t0ken", "A2A-Notification-Id: key-2",
                "A2A-Version: 1.0",
            ] {
                #expect(lines.contains { $0.lowercased() == line.lowercased() }, "\(line)")
            }
            #expect(
                lines.last
                    == #"{"statusUpdate":{"taskId":"task","contextId":"context","status":{"state":"TASK_STATE_WORKING"}}}"#
            )
        }
    }

    @Test("without token and authentication there is nothing of them in the header")
    func bare() async throws {
        try await ScriptedServer.with([.response("200 OK", "thanks")]) { server in
            #expect(
                await HTTPPushNotificationSender(options: .loopback()).send(notification(to: server.url)) == .delivered)
            let request = try #require(server.requests.first).lowercased()
            #expect(!request.contains("authorization") && !request.contains("token"))
        }
    }

    @Test("Basic credentials go out encoded, however they were given")
    func basic() {
        for (given, sent) in [
            ("Aladdin:open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ] {
            let info = A2AAuthenticationInfo.with {
                $0.scheme = "Basic"
                $0.credentials = given
            }
            #expect(HTTPPushNotificationSender.authorization(info) == sent)
        }
    }

    @Test(
        "what the status means",
        arguments: [
            ("200 OK", PushOutcome.delivered), ("202 Accepted", .delivered), ("299 Odd", .delivered),
            ("410 Gone", .refused(reason: "HTTP status 410")),
            ("404 Not Found", .failed(reason: "HTTP status 404", isDestinationAtFault: false)),
            ("401 Unauthorized", .failed(reason: "HTTP status 401", isDestinationAtFault: false)),
            ("500 Oops", .failed(reason: "HTTP status 500")), ("503 Busy", .failed(reason: "HTTP status 503")),
        ])
    func statuses(_ status: String, _ outcome: PushOutcome) async throws {
        try await ScriptedServer.with([.response(status, "")]) { server in
            #expect(
                await HTTPPushNotificationSender(options: .loopback()).send(notification(to: server.url)) == outcome)
        }
    }

    @Test("redirects are not followed, wherever they lead")
    func redirects() async throws {
        try await ScriptedServer.with([.response("200 OK", "")]) { other in
            for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
                try await ScriptedServer.with([.response(status, ["Location: \(other.url)/"], "")]) { server in
                    let outcome = await HTTPPushNotificationSender(options: .loopback()).send(
                        notification(to: server.url))
                    guard case .failed(let reason, _, false) = outcome else {
                        Issue.record("\(outcome)")
                        return
                    }
                    #expect(reason.contains("redirects are not followed"))
                }
            }
            #expect(other.requests.isEmpty)
        }
    }

    @Test("Retry-After is read as seconds and as a date")
    func retryAfter() async throws {
        try await ScriptedServer.with([.response("429 Slow down", ["Retry-After: 17"], "")]) { server in
            let outcome = await HTTPPushNotificationSender(options: .loopback()).send(notification(to: server.url))
            #expect(
                outcome == .failed(reason: "HTTP status 429", retryAfter: .seconds(17), isDestinationAtFault: false))
        }
        let now = Date(timeIntervalSince1970: 1_445_412_480 - 90)
        for (text, wait) in [
            ("Wed, 21 Oct 2015 07:28:00 GMT", Duration.seconds(90)), ("Wed, 21 Oct 2014 07:28:00 GMT", .zero),
            (" 5 ", .seconds(5)),
            ("-5", .zero), ("soon", nil), ("", nil), ("Wed, 99 Foo 2015 07:28:00 GMT", nil),
            ("99999999999999999999", .seconds(Int32.max)), ("-99999999999999999999", nil),
            ("Wed, 21 Oct 9999 07:28:00 GMT", .seconds(Int32.max)), ("Wed, 21 Oct 99999 07:28:00 GMT", nil),
            ("Wed, 9223372036854775807 Oct 2026 07:28:00 GMT", nil), ("Wed, 21 Oct 2026 24:00:00 GMT", nil),
        ] as [(String, Duration?)] {
            #expect(HTTPPushNotificationSender.retryAfter(text, now: now) == wait, "\(text)")
        }
    }

    @Test("a receiver that does not answer in time has failed; so has one that is not there")
    func silence() async throws {
        try await ScriptedServer.with([.init(pieces: [], isHeld: true)]) { server in
            let options = HTTPPushNotificationSender.Options.loopback { $0.timeout = .milliseconds(100) }
            let outcome = await HTTPPushNotificationSender(options: options).send(notification(to: server.url))
            #expect(outcome == .failed(reason: "no answer in time (0.1 seconds)"))
        }
        let defaults = HTTPPushNotificationSender.Options()
        #expect(defaults.connectTimeout == .seconds(10) && defaults.timeout == .seconds(30))
        let outcome = await HTTPPushNotificationSender(options: .loopback()).send(
            notification(to: "http://127.0.0.1:1/"))
        #expect(outcome == .failed(reason: "cannot connect: connection refused"))
    }

    @Test("of an answer no more is read than allowed")
    func longAnswer() async throws {
        let body = String(repeating: "x", count: 300_000)
        try await ScriptedServer.with([.response("200 OK", body)]) { server in
            #expect(
                await HTTPPushNotificationSender(options: .loopback()).send(notification(to: server.url)) == .delivered)
        }
    }

    // MARK: Names and addresses

    @Test("a name that led to a public address when it was checked and to this machine afterwards is not followed")
    func rebinding() async throws {
        try await ScriptedServer.with([.response("200 OK", "")]) { server in
            let resolver = ScriptedResolver([["8.8.8.8"], ["127.0.0.1"]])
            var options = HTTPPushNotificationSender.Options()
            options.resolver = resolver
            options.egress.insecurelyAllowsPlaintext = true
            let sender = HTTPPushNotificationSender(options: options)
            let hook = notification(to: "http://rebind.example:\(server.port)/")
            // Made while the name leads to somebody.
            try await sender.admit(hook.configuration, for: Scope())
            let outcome = await sender.send(hook)
            #expect(
                outcome
                    == .failed(
                        reason: "its URL leads to a loopback address, where this agent sends nothing",
                        isDestinationAtFault: false))
            #expect(resolver.count == 2)
            #expect(server.requests.isEmpty)
            let error = await #expect(throws: A2AError.self) {
                try await sender.admit(hook.configuration, for: Scope())
            }
            #expect(error?.fieldViolations.map(\.field) == ["url"])
        }
    }

    @Test("the connection goes to the address that was checked, under the name that it was found by")
    func pinned() async throws {
        // The name does not exist: nobody but the injected resolver can have found the address.
        try await ScriptedServer.with([.response("200 OK", "")]) { server in
            let options = HTTPPushNotificationSender.Options.loopback {
                $0.resolver = ScriptedResolver([["127.0.0.1"]])
            }
            let outcome = await HTTPPushNotificationSender(options: options).send(
                notification(to: "http://no-such-host.invalid:\(server.port)/hook"))
            #expect(outcome == .delivered)
            #expect(server.requests.first?.lowercased().contains("host: no-such-host.invalid:\(server.port)") == true)
        }
    }

    @Test("hosts at one address have connections of their own, each under its name")
    func sharedAddress() async throws {
        try await ScriptedServer.with([.response("200 OK", ""), .response("200 OK", "")]) { server in
            let options = HTTPPushNotificationSender.Options.loopback {
                $0.resolver = ScriptedResolver([["127.0.0.1"]])
            }
            let sender = HTTPPushNotificationSender(options: options)
            for name in ["one.invalid", "other.invalid"] {
                #expect(await sender.send(notification(to: "http://\(name):\(server.port)/hook")) == .delivered)
            }
            for (request, name) in zip(server.requests, ["one.invalid", "other.invalid"]) {
                #expect(request.lowercased().contains("host: \(name):\(server.port)"))
            }
        }
    }

    @Test("a second address is tried when the first one cannot be reached")
    func secondAddress() async throws {
        try await ScriptedServer.with([.response("200 OK", "")]) { server in
            let options = HTTPPushNotificationSender.Options.loopback {
                $0.resolver = ScriptedResolver([["127.0.0.2", "127.0.0.1"]])
            }
            let outcome = await HTTPPushNotificationSender(options: options).send(
                notification(to: "http://two.example:\(server.port)/hook"))
            #expect(outcome == .delivered)
        }
    }

    @Test("of the addresses of a host that cannot be reached four are tried", arguments: [3, 4])
    func manyAddresses(dead: Int) async throws {
        try await ScriptedServer.with([.response("200 OK", "")]) { server in
            let options = HTTPPushNotificationSender.Options.loopback {
                $0.resolver = ScriptedResolver([(0..<dead).map { "127.0.0.\($0 + 2)" } + ["127.0.0.1"]])
            }
            let outcome = await HTTPPushNotificationSender(options: options).send(
                notification(to: "http://many.example:\(server.port)/hook"))
            #expect(outcome == (dead < 4 ? .delivered : .failed(reason: "cannot connect: connection refused")))
        }
    }

    @Test("no second address is tried once the first one may have taken the notification")
    func brokenAddress() async throws {
        try await ScriptedServer.with([.response("200 OK", "")]) { server in
            // The same port, at another address: takes the request and hangs up.
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.2", port: server.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await listener.executeThenClose { connections in
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await connection in connections {
                            try await connection.executeThenClose { inbound, _ in for try await _ in inbound { break } }
                        }
                    }
                    let options = HTTPPushNotificationSender.Options.loopback {
                        $0.resolver = ScriptedResolver([["127.0.0.2", "127.0.0.1"]])
                    }
                    let outcome = await HTTPPushNotificationSender(options: options).send(
                        notification(to: "http://two.example:\(server.port)/hook"))
                    guard case .failed(let reason, _, true) = outcome, reason.hasPrefix("the connection broke: ") else {
                        Issue.record("\(outcome)")
                        return
                    }
                    #expect(server.requests.isEmpty)
                    group.cancelAll()
                }
            }
        }
    }

    @Test(
        "with TLS the certificate must be that of the name, whatever the address",
        arguments: ["localhost", "other.example"])
    func tls(_ name: String) async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        // The certificate names 127.0.0.1, and the library takes an address for as good as a name.
        configuration.host = "127.0.0.2"
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"))
        let roots = try pem("ca.pem")
        let runtime = TaskRuntime(agent: ReferenceAgent(), card: ReferenceAgent.card(), logger: .silent)
        try await withAgentServer(runtime, configuration: configuration, logger: .silent) { base in
            let port = try #require(URL(string: base)?.port)
            let options = HTTPPushNotificationSender.Options.loopback {
                $0.resolver = ScriptedResolver([["127.0.0.2"]])
                $0.additionalTrustRootsPEM = roots
            }
            let outcome = await HTTPPushNotificationSender(options: options).send(
                notification(to: "https://\(name):\(port)/v1/nothing"))
            if name == "localhost" {
                #expect(outcome == .failed(reason: "HTTP status 404", isDestinationAtFault: false))
            } else {
                guard case .failed(let reason, _, true) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(!reason.contains("HTTP status"))
            }
        }
    }

    @Test("what cannot be sent is refused when the configuration is made, by the name of the field")
    func admission() async throws {
        let sender = HTTPPushNotificationSender()
        let refused: [(String, (inout A2ATaskPushNotificationConfig) -> Void)] = [
            ("url", { $0.url = "https://127.0.0.1/" }), ("url", { $0.url = "http://8.8.8.8/" }),
            ("url", { $0.url = "https://localhost/" }), ("url", { $0.url = "https://a:b@8.8.8.8/" }),
            ("token", { $0.token = "a\r\nX-Evil: 1" }), ("token", { $0.token = "ä" }),
            ("authentication.scheme", { $0.authentication.scheme = "Digest" }),
            ("authentication.scheme", { $0.authentication.scheme = "Bea rer" }),
            (
                "authentication.credentials",
                {
                    $0.authentication.scheme = "Bearer"
                    $0.authentication.credentials = "a\nb"
                }
            ),
        ]
        for (field, change) in refused {
            let configuration = notification(to: "https://8.8.8.8/", change).configuration
            let error = await #expect(throws: A2AError.self) { try await sender.admit(configuration, for: Scope()) }
            #expect(error?.code == .invalidParams)
            #expect(error?.fieldViolations.map(\.field) == [field])
        }
        try await sender.admit(notification(to: "https://8.8.8.8/").configuration, for: Scope())
        // However many were looked up before.
        var options = HTTPPushNotificationSender.Options()
        options.resolver = ScriptedResolver([["10.0.0.1"]])
        let inside = HTTPPushNotificationSender(options: options)
        for index in 0..<40 {
            let configuration = notification(to: "https://inside\(index).example/").configuration
            await #expect(throws: A2AError.self) { try await inside.admit(configuration, for: Scope()) }
        }
        // A name that cannot be found just now may be found later.
        try await sender.admit(notification(to: "https://no-such-host.invalid/").configuration, for: Scope())
        let inTheClear = await #expect(throws: A2AError.self) {
            try await HTTPPushNotificationSender(options: .loopback()).admit(
                notification(to: "http://no-such-host.invalid/").configuration, for: Scope())
        }
        #expect(inTheClear?.fieldViolations.map(\.field) == ["url"], "it may lead anywhere")
        #expect(sender.schemes == ["https"])
        #expect(HTTPPushNotificationSender(options: .loopback()).schemes == ["https", "http"])
        #expect(sender.destination(of: notification(to: "https://Example.com/x").configuration) == "example.com:443")
        #expect(sender.destination(of: notification(to: "http://example.com:81/x").configuration) == "example.com:81")
    }

    // MARK: All together

    @Test("an agent and a receiver that fails half of the time: everything arrives, in order, once")
    func endToEnd() async throws {
        let seed = UInt64.random(in: .min ... .max)
        let random = Mutex(SeededGenerator(seed: seed))
        let inbox = Inbox()
        let failures = Atomic(0)
        var receiver = PushNotificationReceiver(token: "t0ken", authorization: "Bearer abc")
        receiver.isExpected = { !$0.isEmpty }
        try await withListener(receiver) { notification in
            if random.withLock({ Bool.random(using: &$0) }) {
                failures.add(1, ordering: .relaxed)
                throw A2AError(.unavailable, "no luck")
            }
            inbox.add(notification)
        } _: { url in
            var push = PushNotifications(senders: [HTTPPushNotificationSender(options: .loopback())])
            push.limits.backoff = Backoff(base: .milliseconds(1), limit: .milliseconds(4))
            push.limits.breakerThreshold = 1_000
            let agent = ClosureAgent { turn in
                for index in 0..<60 { try await turn.append(.text("\(index)"), toArtifact: "a") }
            }
            let card = A2AAgentCard.testCard(
                capabilities: A2AAgentCapabilities(streaming: true, pushNotifications: true))
            try await withRuntime(agent, card: card, push: push) { runtime in
                var request = A2ASendMessageRequest()
                request.message = .user("go")
                request.configuration.taskPushNotificationConfig =
                    notification(to: url) {
                        $0.token = "t0ken"
                        $0.authentication.scheme = "Bearer"
                        $0.authentication.credentials = "abc"
                    }.configuration
                let answer = try await runtime.sendMessage(request, context: CallContext())
                try await eventually { inbox.all.last?.response.state == .completed }
                #expect(inbox.all.count == 61, "seed \(seed)")
                #expect(
                    inbox.all.dropLast().map { $0.response.artifactUpdate.artifact.text } == (0..<60).map { "\($0)" },
                    "seed \(seed)")
                #expect(inbox.all.allSatisfy { $0.taskID == answer.taskID })
                #expect(Set(inbox.all.map(\.deliveryID)).count == 61)
                #expect(failures.load(ordering: .relaxed) > 10, "seed \(seed)")
            }
        }
    }

    @Test("a receiver refuses what is not from the agent, and says so")
    func strangers() async throws {
        let inbox = Inbox()
        try await withListener(PushNotificationReceiver(token: "t0ken")) {
            inbox.add($0)
        } _: { url in
            let sender = HTTPPushNotificationSender(options: .loopback())
            for token in ["", "wrong", "t0keN"] {
                #expect(
                    await sender.send(notification(to: url) { $0.token = token })
                        == .failed(reason: "HTTP status 401", isDestinationAtFault: false))
            }
            // Twice the same: acknowledged twice, handled once.
            for _ in 0..<2 { #expect(await sender.send(notification(to: url) { $0.token = "t0ken" }) == .delivered) }
            #expect(inbox.all.count == 1)
        }
    }
}
