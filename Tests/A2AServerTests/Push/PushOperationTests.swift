import A2A
import A2ATesting
import Logging
import Synchronization
import Testing

@testable import A2AServer

@Suite("The operations on push notification configurations (§3.1.7 to §3.1.10)", .timeLimit(.minutes(1)))
struct PushOperationTests {
    /// Waits for a message, and completes.
    private static let form = ClosureAgent { turn in
        if turn.message.text == "hello" { return try await turn.reply("hi") }
        if turn.message.text == "fail" { throw A2AError(.permissionDenied, "no") }
        if turn.task == nil { return try await turn.requireInput("Which?") }
        try await turn.complete("Done.")
    }

    private static func configs(
        _ runtime: TaskRuntime, _ taskID: String
    ) async throws -> [A2ATaskPushNotificationConfig] {
        try await runtime.listTaskPushNotificationConfigs(.with { $0.taskID = taskID }, context: .plain).configs
    }

    @Test("made, read, listed, replaced and removed; removing twice is no error")
    func life() async throws {
        try await withPush(Self.form, FakeSender()) { runtime in
            let task = try await runtime.task("begin")
            let made = try await runtime.createTaskPushNotificationConfig(webhook(task: task.id), context: .plain)
            #expect(!made.id.isEmpty)
            var wanted = webhook(task: task.id)
            wanted.id = made.id
            #expect(made == wanted, "as it was sent, with an id")
            let read = try await runtime.getTaskPushNotificationConfig(
                .with {
                    $0.taskID = task.id
                    $0.id = made.id
                }, context: .plain)
            #expect(read == made)
            _ = try await runtime.createTaskPushNotificationConfig(webhook(id: "mine", task: task.id), context: .plain)
            let moved = try await runtime.createTaskPushNotificationConfig(
                webhook("two", id: "mine", task: task.id), context: .plain)
            #expect(try await Self.configs(runtime, task.id) == [made, moved])
            for _ in 0..<2 {
                try await runtime.deleteTaskPushNotificationConfig(
                    .with {
                        $0.taskID = task.id
                        $0.id = "mine"
                    }, context: .plain)
            }
            #expect(try await Self.configs(runtime, task.id) == [made])
            await expectError(.taskNotFound) {
                try await runtime.getTaskPushNotificationConfig(
                    .with {
                        $0.taskID = task.id
                        $0.id = "mine"
                    }, context: .plain)
            }
        }
    }

    @Test("pages go through all of them")
    func pages() async throws {
        try await withPush(Self.form, FakeSender()) { runtime in
            let task = try await runtime.task("begin")
            for index in 0..<5 {
                _ = try await runtime.createTaskPushNotificationConfig(
                    webhook(id: "\(index)", task: task.id), context: .plain)
            }
            var ids: [[String]] = []
            var token = ""
            repeat {
                let page = try await runtime.listTaskPushNotificationConfigs(
                    .with {
                        $0.taskID = task.id
                        $0.pageSize = 2
                        $0.pageToken = token
                    }, context: .plain)
                ids.append(page.configs.map(\.id))
                token = page.nextPageToken
            } while !token.isEmpty
            #expect(ids == [["0", "1"], ["2", "3"], ["4"]])
            await expectError(.invalidParams) {
                try await runtime.listTaskPushNotificationConfigs(
                    .with {
                        $0.taskID = task.id
                        $0.pageToken = "guess"
                    }, context: .plain)
            }
        }
    }

    @Test("refused: without a task, without a URL, with a scheme or a place that nothing is sent to, beyond the limit")
    func refusals() async throws {
        try await withPush(Self.form, FakeSender()) { runtime in
            let task = try await runtime.task("begin")
            await expectError(.taskNotFound) {
                try await runtime.createTaskPushNotificationConfig(webhook(task: "none"), context: .plain)
            }
            let refused: [(String, (inout A2ATaskPushNotificationConfig) -> Void)] = [
                ("taskId", { $0.taskID = "" }), ("url", { $0.clearURL() }), ("url", { $0.url = "hook" }),
                ("url", { $0.url = "ftp://one/hook" }), ("url", { $0.url = "http://one/hook" }),
                ("url", { $0.url = "a2a+peer:abcdefghijklmnopqrstuvwxyz" }), ("url", { $0.url = "https://forbidden/" }),
                ("authentication.scheme", { $0.authentication = .with { $0.credentials = "x" } }),
                ("token", { $0.token = String(repeating: "x", count: 20_000) }),
            ]
            for (field, change) in refused {
                var configuration = webhook(task: task.id)
                change(&configuration)
                let error = await expectError(.invalidParams) {
                    try await runtime.createTaskPushNotificationConfig(configuration, context: .plain)
                }
                #expect(error?.fieldViolations.map(\.field) == [field], "\(configuration.url)")
            }
            for _ in 0..<16 {
                _ = try await runtime.createTaskPushNotificationConfig(webhook(task: task.id), context: .plain)
            }
            await expectError(.resourceExhausted) {
                try await runtime.createTaskPushNotificationConfig(webhook(task: task.id), context: .plain)
            }
        }
    }

    @Test("an agent whose card does not offer them refuses all, and so does one that cannot send")
    func notOffered() async throws {
        for (card, push) in [
            (A2AAgentCard.testCard(), PushNotifications(senders: [FakeSender()]) as PushNotifications?),
            (.pushing, nil),
        ] {
            try await withRuntime(Self.form, card: card, push: push) { runtime in
                await expectError(.pushNotificationNotSupported) {
                    try await runtime.createTaskPushNotificationConfig(webhook(task: "x"), context: .plain)
                }
                await expectError(.pushNotificationNotSupported) {
                    try await runtime.getTaskPushNotificationConfig(.init(), context: .plain)
                }
                await expectError(.pushNotificationNotSupported) {
                    try await runtime.listTaskPushNotificationConfigs(.init(), context: .plain)
                }
                await expectError(.pushNotificationNotSupported) {
                    try await runtime.deleteTaskPushNotificationConfig(.init(), context: .plain)
                }
                await expectError(.pushNotificationNotSupported) {
                    try await runtime.sendMessage(request("begin", push: webhook()), context: .plain)
                }
            }
        }
    }

    @Test("nobody sees, changes or removes what another caller or tenant has made")
    func isolation() async throws {
        try await withPush(Self.form, FakeSender()) { runtime in
            let task = try await runtime.sendMessage(request("begin"), context: .by("alice", tenant: "t")).task
            let made = try await runtime.createTaskPushNotificationConfig(
                webhook(id: "a", task: task.id), context: .by("alice", tenant: "t"))
            #expect(made.tenant == "t")
            for stranger in [CallContext.by("bob", tenant: "t"), .by("alice", tenant: "u"), .by("alice"), .plain] {
                await expectError(.taskNotFound) {
                    try await runtime.createTaskPushNotificationConfig(
                        webhook(id: "a", task: task.id), context: stranger)
                }
                await expectError(.taskNotFound) {
                    try await runtime.getTaskPushNotificationConfig(
                        .with {
                            $0.taskID = task.id
                            $0.id = "a"
                        }, context: stranger)
                }
                await expectError(.taskNotFound) {
                    try await runtime.listTaskPushNotificationConfigs(.with { $0.taskID = task.id }, context: stranger)
                }
                await expectError(.taskNotFound) {
                    try await runtime.deleteTaskPushNotificationConfig(
                        .with {
                            $0.taskID = task.id
                            $0.id = "a"
                        }, context: stranger)
                }
            }
            let listed = try await runtime.listTaskPushNotificationConfigs(
                .with { $0.taskID = task.id }, context: .by("alice", tenant: "t"))
            #expect(listed.configs == [made])
        }
    }

    // MARK: Inside of a send

    @Test("a configuration inside of a send belongs to the task; for a direct reply and a failure it is forgotten")
    func inline() async throws {
        let sender = FakeSender()
        let store = MemoryPushNotificationStore()
        try await withPush(Self.form, sender, pushStore: store) { runtime in
            let answer = try await runtime.sendMessage(request("begin", push: webhook()), context: .plain)
            let configs = try await Self.configs(runtime, answer.task.id)
            #expect(configs.map(\.url) == [webhook().url])
            #expect(configs.map(\.taskID) == [answer.task.id])
            try await eventually { sender.taken().map(\.label) == ["TASK_STATE_INPUT_REQUIRED"] }

            _ = try await runtime.sendMessage(request("hello", push: webhook()), context: .plain)
            await expectError(.permissionDenied) {
                try await runtime.sendMessage(request("fail", push: webhook()), context: .plain)
            }
            try await eventually { store.count == 1 }
            await expectError(.invalidParams) {
                try await runtime.sendMessage(request("begin", push: webhook("forbidden")), context: .plain)
            }
            #expect(store.count == 1)
        }
    }

    @Test("with a stream, the same events go to both")
    func inlineStream() async throws {
        let sender = FakeSender()
        try await withPush(Self.form, sender) { runtime in
            let stream = try await runtime.sendStreamingMessage(request("begin", push: webhook()), context: .plain)
            var labels: [String] = []
            for try await event in stream { labels.append(event.response.label) }
            #expect(labels == ["task TASK_STATE_SUBMITTED", "TASK_STATE_INPUT_REQUIRED"])
            try await eventually { sender.taken().map(\.label) == ["TASK_STATE_INPUT_REQUIRED"] }
        }
    }

    @Test("a caller who leaves while it waits is notified all the same")
    func callerLeaves() async throws {
        let (isWorking, hold) = (Gate(), Gate())
        let agent = ClosureAgent { turn in
            try await turn.working()
            isWorking.open()
            try await hold.wait()
        }
        let sender = FakeSender()
        try await withPush(agent, sender) { runtime in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await runtime.sendMessage(request("go", push: webhook()), context: .plain) }
                try? await isWorking.wait()
                group.cancelAll()
            }
            hold.open()
            try await eventually { sender.taken().map(\.label) == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"] }
        }
    }

    @Test("a follow-up can bring one too, which is told of what follows; if it is refused, nothing is left")
    func followUp() async throws {
        let sender = FakeSender()
        let store = MemoryPushNotificationStore()
        try await withPush(Self.form, sender, pushStore: store) { runtime in
            let task = try await runtime.task("begin")
            var follow = request("Bern", push: webhook())
            follow.message.taskID = task.id
            _ = try await runtime.sendMessage(follow, context: .plain)
            try await eventually { sender.taken().map(\.label) == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"] }
            #expect(store.count == 1)
            var late = request("Rome", push: webhook())
            late.message.taskID = task.id
            await expectError(.unsupportedOperation) { try await runtime.sendMessage(late, context: .plain) }
            late.message.taskID = "none"
            await expectError(.taskNotFound) { try await runtime.sendMessage(late, context: .plain) }
            #expect(store.count == 1)
        }
    }

    // MARK: Edges

    @Test("a configuration for a task that has ended is sent the task, once")
    func tooLate() async throws {
        let sender = FakeSender()
        try await withPush(ClosureAgent { try await $0.complete("Done.") }, sender) { runtime in
            let task = try await runtime.task("go")
            _ = try await runtime.createTaskPushNotificationConfig(webhook(id: "a", task: task.id), context: .plain)
            try await eventually {
                try await runtime.pushNotificationStatus(ofTask: task.id, in: Scope()).map(\.progress.state) == [
                    .finished
                ]
            }
            #expect(sender.taken().map(\.label) == ["task TASK_STATE_COMPLETED"])
        }
    }

    @Test("nothing is sent after a configuration was removed")
    func removed() async throws {
        let (isSending, mayEnd) = (Gate(), Gate())
        let sender = FakeSender { _ in
            isSending.open()
            try? await mayEnd.wait()
            return .delivered
        }
        let agent = ClosureAgent { turn in
            for index in 0..<10 { try await turn.append(.text("\(index)"), toArtifact: "a") }
        }
        try await withPush(agent, sender) { runtime in
            let task = try await runtime.sendMessage(request("go", push: webhook(id: "a")), context: .plain).task
            try await isSending.wait()
            try await runtime.deleteTaskPushNotificationConfig(
                .with {
                    $0.taskID = task.id
                    $0.id = "a"
                }, context: .plain)
            mayEnd.open()
            // The runtime drains what it can before it ends.
        }
        #expect(sender.sent.count == 1, "only what was on its way")
    }

    @Test("a configuration whose task was never made is removed at the next start; one whose task is gone is given up")
    func orphans() async throws {
        let store = MemoryPushNotificationStore()
        for (id, delivered) in [("never", Int64(0)), ("gone", 4)] {
            _ = try await store.put(
                PushRegistration(
                    scope: Scope(), configuration: webhook(id: id, task: id), version: .v1_0, deliveryKey: "k",
                    progress: PushProgress(delivered: delivered)))
        }
        try await withPush(Self.form, FakeSender(), pushStore: store) { runtime in
            try await eventually { store.count == 1 }
            try await eventually {
                try await runtime.pushNotificationStatus(state: .dead).statuses.map(\.id) == ["gone"]
            }
        }
    }

    @Test("neither tokens nor credentials nor the rest of a URL are logged")
    func secrets() async throws {
        let lines = Notes<String>()
        let sender = FakeSender {
            $0.attempts < 3 ? .failed(reason: "HTTP status 500") : .refused(reason: "HTTP status 410")
        }
        var push = PushNotifications(senders: [sender])
        push.environment = LeapingClock().environment()
        push.limits.breakerThreshold = 1
        let runtime = TaskRuntime(
            agent: Self.form, card: .pushing, push: push, configuration: patient(),
            logger: Logger(label: "test") { _ in NotingHandler(lines: lines) })
        try await withService(runtime) {
            _ = try await runtime.sendMessage(request("begin", push: webhook()), context: .plain)
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 1 }
        }
        let text = lines.all.joined(separator: "\n")
        #expect(text.contains("push notifications were given up"))
        #expect(text.contains("push destination is left alone"))
        for secret in ["s3cret", "t0ken", "cr3dentials", "hook"] { #expect(!text.contains(secret)) }
    }
}

/// Writes down everything.
private struct NotingHandler: LogHandler {
    let lines: Notes<String>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(lines: Notes<String>) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.lines.add("\(event.message) \(event.metadata ?? [:])")
    }
}
