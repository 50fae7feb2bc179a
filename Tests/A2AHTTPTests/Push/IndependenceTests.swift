import A2A
import A2AClient
import A2AHTTP
import A2AServer
import A2ATesting
import TestSupport
import Testing

@Suite("Webhooks that fail", .timeLimit(.minutes(1)))
struct IndependenceTests {
    @Test("neither one that hangs, one that is not there, nor one that refuses delays the task or the other webhooks")
    func independent() async throws {
        let silent = try await SilentServer.start()
        let inbox = Inbox()
        try await withListener {
            inbox.add($0)
        } _: { good in
            let hanging = "http://\(silent.authority)/"
            try await ScriptedServer.with(Array(repeating: .response("500 Oops", ""), count: 100)) { failing in
                var options = HTTPPushNotificationSender.Options()
                options.egress.insecurelyAllowsLoopback = true
                var push = PushNotifications(senders: [HTTPPushNotificationSender(options: options)])
                push.limits.shutdownGrace = .zero
                let agent = ClosureAgent { turn in
                    for index in 0..<20 { try await turn.append(.text("\(index)"), toArtifact: "a") }
                }
                let card = A2AAgentCard.testCard(
                    capabilities: A2AAgentCapabilities(streaming: true, pushNotifications: true))
                try await withRuntime(agent, card: card, push: push) { runtime in
                    let urls = [hanging, "http://127.0.0.1:1/", failing.url]
                    for url in urls + urls + urls + [good] {
                        var request = A2ASendMessageRequest()
                        request.message = .user("go")
                        request.configuration.taskPushNotificationConfig = notification(to: url).configuration
                        let answer = try await runtime.sendMessage(request, context: CallContext())
                        #expect(answer.state == .completed)
                    }
                    try await eventually { inbox.all.last?.response.state == .completed }
                    #expect(inbox.all.count == 21)
                    // The others still have everything before them.
                    let others = try await runtime.pushNotificationStatus(state: .active).statuses
                    #expect(others.filter { $0.progress.delivered == 0 }.count == 9)
                }
            }
        }
        try await silent.stop()
    }

    @Test("two hundred hosts that hang leave room for one that has just come")
    func many() async throws {
        let silent = try await SilentServer.start()
        let port = try #require(silent.authority.split(separator: ":").last)
        let inbox = Inbox()
        try await withListener {
            inbox.add($0)
        } _: { good in
            var options = HTTPPushNotificationSender.Options()
            options.egress.insecurelyAllowsLoopback = true
            options.resolver = ScriptedResolver([["127.0.0.1"]])
            var push = PushNotifications(senders: [HTTPPushNotificationSender(options: options)])
            push.limits.shutdownGrace = .zero
            push.limits.slowAfter = .milliseconds(20)
            let card = A2AAgentCard.testCard(
                capabilities: A2AAgentCapabilities(streaming: true, pushNotifications: true))
            let agent = ClosureAgent { turn in try await turn.append(.text("done"), toArtifact: "a") }
            try await withRuntime(agent, card: card, push: push) { runtime in
                for url in (0..<200).map({ "http://dead\($0).example:\(port)/" }) + [good] {
                    var request = A2ASendMessageRequest()
                    request.message = .user("go")
                    request.configuration.taskPushNotificationConfig = notification(to: url).configuration
                    _ = try await runtime.sendMessage(request, context: CallContext())
                }
                try await eventually { inbox.all.last?.response.state == .completed }
                #expect(inbox.all.count == 2)
            }
        }
        try await silent.stop()
    }
}
