import A2A
import A2AClient
import A2AGateway
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Testing

@Suite("Through a gateway: operations and errors", .timeLimit(.minutes(3)))
struct ForwardingTests {
    /// Runs a scenario with a way straight to the reference agent and one through gateways.
    private func compare(
        _ caller: ProtocolBinding, over hops: [ProtocolBinding], card: A2AAgentCard = ReferenceAgent.card(),
        _ body: (_ direct: any A2AService, _ through: any A2AService) async throws -> Void
    ) async throws {
        try await withReferenceAgent(card: card) { card async throws in
            let direct = try transport(caller, to: card)
            try await withGateways(card, over: hops) { card async throws in
                try await body(direct, try transport(caller, to: card))
            }
        }
    }

    @Test("every operation has the same result as without", arguments: testedPairs)
    func operations(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        try await self.compare(caller, over: [upstream], Self.everyOperation)
    }

    @Test("a chain of gateways over different bindings is no different")
    func chain() async throws {
        let last = testedBindings[testedBindings.count - 1]
        try await self.compare(.jsonRPC, over: [.httpJSON, last, .jsonRPC], Self.everyOperation)
    }

    private static func everyOperation(_ direct: any A2AService, _ through: any A2AService) async throws {
        let context = CallContext()
        // A direct answer, with all kinds of parts.
        var request = A2ASendMessageRequest()
        let parts: [A2APart] = [
            .text("Hello, wörld"), .data(["whole": 42, "list": [1, nil]]), .raw([0, 255], mediaType: "image/png"),
        ]
        request.message = A2AMessage(role: .user, parts: parts)
        let reply = try await through.sendMessage(request, context: context)
        guard case .message(let message)? = reply.payload else {
            Issue.record("expected a message, got \(reply)")
            return
        }
        #expect(message.parts == parts)

        // Tasks made through the gateway look the same from both sides.
        let task = try await through.sendMessage(send("research to be or not"), context: context).requireTask()
        #expect(task.artifacts.count == 3)
        #expect(try await direct.getTask(get(task.id), context: context) == task)
        #expect(try await through.getTask(get(task.id), context: context) == task)
        var history = get(task.id)
        history.historyLength = 0
        #expect(try await through.getTask(history, context: context).history.isEmpty)
        var page = A2AListTasksRequest()
        page.pageSize = 1
        #expect(
            try await through.listTasks(page, context: context) == (try await direct.listTasks(page, context: context)))

        // Streams: the events, their order and their generations.
        let events = try await through.sendStreamingMessage(send("tck-stream-chunked"), context: context).collect()
        #expect(events.map(\.generation) == [1, 2, 3, 4, 5, 6])
        let streamed = try #require(events.first?.response.taskID)
        var after = context
        after.resumeAfter = 2
        let replayed = try await through.subscribeToTask(subscribe(streamed), context: after).collect()
        #expect(replayed == (try await direct.subscribeToTask(subscribe(streamed), context: after).collect()))
        #expect(replayed == Array(events[2...]))

        // Cancelling ends a stream.
        let running = try await through.sendStreamingMessage(send("tck-cancel"), context: context)
        var iterator = running.makeAsyncIterator()
        let id = try #require(try await iterator.next()?.response.taskID)
        let canceled = try await through.cancelTask(cancel(id), context: context)
        #expect(canceled.status.state == .canceled)
        var state: A2ATaskState?
        while let event = try await iterator.next() { state = event.response.state ?? state }
        #expect(state == .canceled)

        // Cards: all but the place is the agent's.
        var extended = try await through.getExtendedAgentCard(.init(), context: context)
        let own = extended.supportedInterfaces
        let original = try await direct.getExtendedAgentCard(.init(), context: context)
        extended.supportedInterfaces = original.supportedInterfaces
        #expect(extended == original)
        var card = try await through.getAgentCard(context: context)
        #expect(card.supportedInterfaces == own)
        #expect(card.supportedInterfaces != original.supportedInterfaces)
        let publicCard = try await direct.getAgentCard(context: context)
        card.supportedInterfaces = publicCard.supportedInterfaces
        #expect(card == publicCard)
    }

    @Test("push notification configurations pass, all four operations", arguments: testedPairs)
    func pushConfigurations(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        let agent = ScriptedUpstream()
        try await withServed(agent) { card async throws in
            try await withGateways(card, over: [upstream]) { card async throws in
                let service = try transport(caller, to: card)
                var config = A2ATaskPushNotificationConfig()
                config.taskID = "t"
                config.id = "one"
                config.url = "https://example.com/hook"
                #expect(
                    try await service.createTaskPushNotificationConfig(config, context: CallContext()) == config)
                var get = A2AGetTaskPushNotificationConfigRequest()
                get.taskID = "t"
                get.id = "one"
                #expect(try await service.getTaskPushNotificationConfig(get, context: CallContext()) == config)
                var list = A2AListTaskPushNotificationConfigsRequest()
                list.taskID = "t"
                #expect(
                    try await service.listTaskPushNotificationConfigs(list, context: CallContext()).configs == [config])
                var delete = A2ADeleteTaskPushNotificationConfigRequest()
                delete.taskID = "t"
                delete.id = "one"
                try await service.deleteTaskPushNotificationConfig(delete, context: CallContext())
                #expect(agent.last?.operation == .deleteTaskPushNotificationConfig)
            }
        }
    }

    // MARK: Errors

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var card = ReferenceAgent.card()
        /// Is given an ended task of the agent.
        var call: @Sendable (any A2AService, String) async throws -> Void
    }

    static let refusals: [Refusal] = [
        Refusal(testDescription: "unknown task") { service, _ in
            _ = try await service.getTask(get("none"), context: CallContext())
        },
        Refusal(testDescription: "ended task") { service, ended in
            _ = try await service.cancelTask(cancel(ended), context: CallContext())
        },
        Refusal(testDescription: "message to an ended task") { service, ended in
            _ = try await service.sendMessage(send("more", to: ended), context: CallContext())
        },
        Refusal(testDescription: "subscription to an ended task") { service, ended in
            _ = try await service.subscribeToTask(subscribe(ended), context: CallContext())
        },
        Refusal(testDescription: "missing fields") { service, _ in
            var request = A2ASendMessageRequest()
            request.message = A2AMessage()
            _ = try await service.sendMessage(request, context: CallContext())
        },
        Refusal(testDescription: "page size") { service, _ in
            var request = A2AListTasksRequest()
            request.pageSize = 101
            _ = try await service.listTasks(request, context: CallContext())
        },
        Refusal(testDescription: "media type") { service, _ in
            var request = send("Hello")
            request.message.parts.append(.raw([1], mediaType: "video/mp4"))
            _ = try await service.sendMessage(request, context: CallContext())
        },
        Refusal(testDescription: "push notifications") { service, _ in
            var request = A2AListTaskPushNotificationConfigsRequest()
            request.taskID = "none"
            _ = try await service.listTaskPushNotificationConfigs(request, context: CallContext())
        },
        Refusal(testDescription: "no streaming", card: ReferenceAgent.card(without: [.streaming])) { service, _ in
            _ = try await service.sendStreamingMessage(send("Hello"), context: CallContext())
        },
        Refusal(
            testDescription: "required extension",
            card: {
                var card = ReferenceAgent.card()
                card.capabilities.extensions = [A2AAgentExtension(uri: "urn:must", required: true)]
                return card
            }()
        ) { service, _ in _ = try await service.getTask(get("none"), context: CallContext()) },
    ]

    @Test("errors are the agent's own: code, message and details", arguments: Self.refusals, testedBindings)
    func errors(_ refusal: Refusal, _ upstream: ProtocolBinding) async throws {
        for caller in testedBindings {
            try await self.compare(caller, over: [upstream], card: refusal.card) { direct, through async throws in
                let made = CallContext(requestedExtensions: ["urn:must"])
                let ended = try await direct.sendMessage(send("tck-complete-task"), context: made).requireTask().id
                let expected = try await #require(throws: A2AError.self) { try await refusal.call(direct, ended) }
                let error = try await #require(throws: A2AError.self) { try await refusal.call(through, ended) }
                #expect(error.code == expected.code)
                #expect(error.message == expected.message)
                #expect(Set(error.details) == Set(expected.details))
            }
        }
    }
}
