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
}
