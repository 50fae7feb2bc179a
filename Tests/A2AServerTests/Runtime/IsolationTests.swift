import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Who may see and do what", .timeLimit(.minutes(1)))
struct IsolationTests {
    @Test("a task of another principal or tenant does not exist, for any operation")
    func strangers() async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "end" { try await turn.complete() } else { try await turn.requireInput("?") }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let owner = CallContext.by("alice", tenant: "red")
            let task = try await runtime.task("hi", context: "c", as: owner)
            for stranger in [
                CallContext.by("bob", tenant: "red"), .by("alice", tenant: "blue"), .by("alice"),
                .by("", tenant: "red"), .plain,
            ] {
                await expectError(.taskNotFound) { try await runtime.get(task.id, as: stranger) }
                await expectError(.taskNotFound) { try await runtime.cancel(task.id, as: stranger) }
                await expectError(.taskNotFound) { try await runtime.subscribe(task.id, as: stranger) }
                await expectError(.taskNotFound) { try await runtime.subscribe(task.id, after: 1, as: stranger) }
                await expectError(.taskNotFound) { try await runtime.task("more", task: task.id, as: stranger) }
                await expectError(.taskNotFound) { try await runtime.stream("more", task: task.id, as: stranger) }
                #expect(try await runtime.list(as: stranger).isEmpty)
            }
            #expect(try await runtime.list(as: owner).map(\.id) == [task.id])
            #expect(try await runtime.get(task.id, as: owner).history.count == 1)
            #expect(try await runtime.task("end", task: task.id, as: owner).status.state == .completed)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("the tenant of the request counts when the address names none, and must not differ from it")
    func tenants() async throws {
        try await withRuntime(ClosureAgent { try await $0.requireInput("?") }, configuration: patient()) { runtime in
            var send = request("hi")
            send.tenant = "red"
            guard case .task(let task) = try await runtime.sendMessage(send, context: .plain).payload else { return }
            #expect(try await runtime.get(task.id, as: .by("", tenant: "red")).id == task.id)
            await expectError(.taskNotFound) { try await runtime.get(task.id) }
            await expectError(.invalidParams) { try await runtime.sendMessage(send, context: .by("", tenant: "blue")) }
        }
    }

    /// Every operation, called with valid parameters.
    private static let operations:
        [(name: A2AOperation, call: @Sendable (TaskRuntime, CallContext) async throws -> Void)] = [
            (.sendMessage, { _ = try await $0.sendMessage(request("hi"), context: $1) }),
            (.sendStreamingMessage, { _ = try await $0.stream("hi", as: $1) }),
            (.getTask, { _ = try await $0.get("t", as: $1) }),
            (.listTasks, { _ = try await $0.list(as: $1) }),
            (.cancelTask, { _ = try await $0.cancel("t", as: $1) }),
            (.subscribeToTask, { _ = try await $0.subscribe("t", as: $1) }),
            (
                .createTaskPushNotificationConfig,
                { _ = try await $0.createTaskPushNotificationConfig(.init(), context: $1) }
            ),
            (.getTaskPushNotificationConfig, { _ = try await $0.getTaskPushNotificationConfig(.init(), context: $1) }),
            (
                .listTaskPushNotificationConfigs,
                { _ = try await $0.listTaskPushNotificationConfigs(.init(), context: $1) }
            ),
            (
                .deleteTaskPushNotificationConfig,
                { try await $0.deleteTaskPushNotificationConfig(.init(), context: $1) }
            ),
            (.getExtendedAgentCard, { _ = try await $0.getExtendedAgentCard(.init(), context: $1) }),
        ]

    @Test("an extension that the card requires must be declared with every operation")
    func requiredExtension() async throws {
        let capabilities = A2AAgentCapabilities(
            streaming: true, pushNotifications: true, extendedAgentCard: true,
            extensions: [A2AAgentExtension(uri: "urn:needed", required: true)])
        #expect(Self.operations.map(\.name) == A2AOperation.allCases)
        let agent = ClosureAgent { try await $0.reply("Yes") }
        try await withRuntime(agent, card: .testCard(capabilities: capabilities)) { runtime in
            for (_, call) in Self.operations {
                await expectError(.extensionSupportRequired) { try await call(runtime, .plain) }
            }
            let context = CallContext(requestedExtensions: ["urn:needed"])
            _ = try await runtime.sendMessage(request("hi"), context: context)
            #expect(context.response.activatedExtensions == ["urn:needed"])
            _ = try await runtime.getAgentCard(context: .plain)
        }
    }

    @Test("what the card does not offer is refused")
    func gates() async throws {
        let agent = ClosureAgent { try await $0.reply("Yes") }
        try await withRuntime(agent, card: .testCard(capabilities: A2AAgentCapabilities())) { runtime in
            for (name, call) in Self.operations {
                let code: A2AError.Code? =
                    switch name {
                    case .sendMessage, .listTasks: nil
                    case .getTask, .cancelTask: .taskNotFound
                    case .sendStreamingMessage, .subscribeToTask, .getExtendedAgentCard: .unsupportedOperation
                    default: .pushNotificationNotSupported
                    }
                if let code {
                    await expectError(code) { try await call(runtime, .plain) }
                } else {
                    try await call(runtime, .plain)
                }
            }
            var push = request("hi")
            push.configuration.taskPushNotificationConfig.url = "https://example.org/hook"
            await expectError(.pushNotificationNotSupported) { try await runtime.sendMessage(push, context: .plain) }
        }
    }

    @Test("the extended card: declared but missing, for authenticated callers only, made from the public one")
    func extendedCard() async throws {
        var card = A2AAgentCard.testCard(capabilities: A2AAgentCapabilities(extendedAgentCard: true))
        let bare = TaskRuntime(agent: ClosureAgent { _ in }, card: card, logger: .silent)
        await expectError(.extendedAgentCardNotConfigured) {
            try await bare.getExtendedAgentCard(.init(), context: .plain)
        }
        card.securityRequirements = [A2ASecurityRequirement()]
        let runtime = TaskRuntime(agent: ClosureAgent { _ in }, card: card, logger: .silent) { card, context in
            var card = card
            card.name += " for \(context.principal)"
            return card
        }
        await expectError(.unauthenticated) { try await runtime.getExtendedAgentCard(.init(), context: .plain) }
        let extended = try await runtime.getExtendedAgentCard(.init(), context: .by("alice"))
        #expect(extended.name == "Test agent for alice")
        #expect(try await runtime.getAgentCard(context: .plain).name == "Test agent")
    }

    @Test("a card that changes counts from the next call on")
    func changedCard() async throws {
        try await withRuntime(ClosureAgent { try await $0.reply("Yes") }) { runtime in
            _ = try await runtime.stream("hi")
            runtime.card.capabilities.streaming = false
            await expectError(.unsupportedOperation) { try await runtime.stream("hi") }
            runtime.card.defaultInputModes = ["image/png"]
            await expectError(.contentTypeNotSupported) { try await runtime.task("hi") }
        }
    }

    @Test("requests that are not valid are refused before anything happens")
    func invalidRequests() async throws {
        let runs = Notes<String>()
        let agent = ClosureAgent { turn in
            runs.add("")
            try await turn.complete()
        }
        try await withRuntime(agent) { runtime in
            var bare = A2ASendMessageRequest()
            await expectError(.invalidParams) { try await runtime.sendMessage(bare, context: .plain) }
            bare.message = A2AMessage(role: .user, parts: [])
            await expectError(.invalidParams) { try await runtime.sendMessage(bare, context: .plain) }
            await expectError(.invalidParams) {
                try await runtime.sendMessage(request("hi", historyLength: -1), context: .plain)
            }
            var list = A2AListTasksRequest()
            list.pageSize = 101
            await expectError(.invalidParams) { try await runtime.listTasks(list, context: .plain) }
            list.pageSize = 10
            list.pageToken = "nonsense"
            await expectError(.invalidParams) { try await runtime.listTasks(list, context: .plain) }
            #expect(runs.count == 0)
        }
    }

    @Test("a listing pages through the caller's tasks and counts them")
    func listing() async throws {
        try await withRuntime(ClosureAgent { try await $0.append("x", toArtifact: "a") }) { runtime in
            var ids: [String] = []
            for index in 0..<5 { ids.append(try await runtime.task("\(index)", context: "c\(index % 2)").id) }
            var request = A2AListTasksRequest()
            request.pageSize = 2
            var listed: [String] = []
            while true {
                let page = try await runtime.listTasks(request, context: .plain)
                #expect(page.totalSize == 5 && page.pageSize == 2 && page.violations().isEmpty)
                #expect(page.tasks.allSatisfy { $0.artifacts.isEmpty })
                listed += page.tasks.map(\.id)
                guard !page.nextPageToken.isEmpty else { break }
                request.pageToken = page.nextPageToken
            }
            #expect(listed == ids.reversed())
            var filtered = A2AListTasksRequest()
            filtered.contextID = "c1"
            filtered.status = .completed
            filtered.includeArtifacts = true
            let page = try await runtime.listTasks(filtered, context: .plain)
            #expect(page.tasks.map(\.id) == [ids[3], ids[1]] && page.totalSize == 2)
            #expect(page.tasks.map(\.text) == ["x", "x"])
        }
    }
}
