import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import A2AGateway

@Suite("Calls through a hub", .timeLimit(.minutes(2)))
struct HubCallTests {
    @Test("the tenant of a call chooses the agent, over every binding", arguments: testedBindings)
    func choice(_ binding: ProtocolBinding) async throws {
        let (one, two) = (ScriptedUpstream(), ScriptedUpstream())
        try await RunningHub.with { hub async throws in
            try await hub.with("one", one) { _ async throws in
                try await hub.with("two", two) { _ async throws in
                    let service = try hub.transport(binding)
                    let context = CallContext(parameters: ServiceParameters([.authorization: "Bearer mine"]))
                    let answer = try await service.sendMessage(send("Hello", tenant: "one"), context: context)
                    #expect(answer.text == "Hello")
                    #expect(one.seen.map(\.tenant) == [""])
                    #expect(one.last?.field("authorization") == "Bearer mine")
                    let events = try await service.sendStreamingMessage(
                        send("Hello", tenant: "two"), context: CallContext()
                    ).collect()
                    #expect(events.count == 1)
                    #expect(two.seen.count == 1)
                    #expect(two.last?.field("authorization") == nil)
                    for tenant in ["three", ""] {
                        let error = await #expect(throws: A2AError.self) {
                            try await service.getTask(get("t", tenant: tenant), context: CallContext())
                        }
                        #expect(error?.code == .invalidParams)
                        #expect(error?.message.contains("two") == false)
                    }
                }
            }
        }
    }

    @Test("errors come with their codes and details, over every binding", arguments: testedBindings)
    func errors(_ binding: ProtocolBinding) async throws {
        var script = ScriptedUpstream.Script()
        script.getTask = { request, _ in throw A2AError.taskNotFound(request.id) }
        let agent = ScriptedUpstream(script)
        try await RunningHub.with { hub async throws in
            try await hub.with("one", agent) { _ async throws in
                let error = await #expect(throws: A2AError.self) {
                    try await hub.transport(binding).getTask(get("gone", tenant: "one"), context: CallContext())
                }
                #expect(error?.code == .taskNotFound)
                #expect(error?.details.contains { "\($0)".contains("gone") } == true)
            }
        }
    }

    @Test(
        "a stream whose agent loses its connection goes on when it is back: nothing is lost, nothing comes twice",
        arguments: testedBindings)
    func resumes(_ binding: ProtocolBinding) async throws {
        let total = 40
        let (gate, begun) = (Signal(), Signal())
        let agent = counting(total) { number in
            guard number == 14 else { return }
            begun.fire()
            try await gate.wait()
        }
        try await RunningHub.with { hub async throws in
            try await withRuntime(agent, card: ReferenceAgent.card()) { runtime in
                let dialler = Dialler(runtime, hub)
                var dialling = Task { try await dialler.run() }
                defer { dialling.cancel() }
                await dialler.comings.next()
                var numbers: [String] = []
                var isCut = false
                for try await event in try await hub.client("one", over: binding).stream("count") {
                    if case .artifactUpdate(let update)? = event.response.payload {
                        numbers.append(update.artifact.artifactID)
                    }
                    guard numbers.count == 5, !isCut else { continue }
                    isCut = true
                    try await begun.wait()
                    // Without a word, as a process that is killed; the log stays.
                    dialling.cancel()
                    _ = await dialling.result
                    let again = Dialler(runtime, hub)
                    dialling = Task { try await again.run() }
                    gate.fire()
                }
                #expect(numbers == (0..<total).map { "\($0)" })
                dialling.cancel()
                _ = await dialling.result
            }
        }
    }

    @Test("a cursor is good at another hub, as long as the agent's log is the same")
    func epochs() async throws {
        let agent = counting(5)
        try await withRuntime(agent, card: ReferenceAgent.card()) { runtime in
            let epoch: UInt64 = 0xFEED
            var request = A2ASubscribeToTaskRequest()
            request.tenant = "one"
            // At the first hub.
            try await RunningHub.with { hub async throws in
                try await hub.with("one", runtime, epoch: epoch) {
                    let context = CallContext()
                    let service = try hub.transport(.tcp)
                    for event in try await service.sendStreamingMessage(
                        send("count", tenant: "one"), context: context
                    ).collect() {
                        request.id = event.response.taskID ?? request.id
                    }
                    #expect(context.response.logEpoch == epoch)
                }
            }
            // At the second, which knows nothing of it.
            try await RunningHub.with { hub async throws in
                try await hub.with("one", runtime, epoch: epoch) {
                    let events = try await Self.resume(request, after: 3, epoch: epoch, at: hub)
                    #expect(events.compactMap(\.generation) == Array(4...7))
                }
                // The same numbers of another log are not those that the cursor means.
                try await hub.with("two", runtime, epoch: epoch + 1) {
                    request.tenant = "two"
                    let error = await #expect(throws: A2AError.self) {
                        try await Self.resume(request, after: 3, epoch: epoch, at: hub)
                    }
                    // The task has ended, so that there is nothing to subscribe to.
                    #expect(error?.code == .unsupportedOperation)
                }
            }
        }
    }

    private static func resume(
        _ request: A2ASubscribeToTaskRequest, after number: Int64, epoch: UInt64, at hub: RunningHub
    ) async throws -> [StreamEvent] {
        var context = CallContext(resumeAfter: number)
        context.resumeEpoch = epoch
        return try await hub.transport(.tcp).subscribeToTask(request, context: context).collect()
    }

    @Test("an agent that is away is told of as such, and answers again when it is back", arguments: testedBindings)
    func away(_ binding: ProtocolBinding) async throws {
        let agent = ScriptedUpstream()
        try await RunningHub.with { hub async throws in
            let service = try hub.transport(binding)
            try await hub.with("one", agent) { _ async throws in
                _ = try await service.sendMessage(send("Hello", tenant: "one"), context: CallContext())
            }
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(send("Hello", tenant: "one"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("'one'") == true)
            try await hub.with("one", agent) { _ async throws in
                _ = try await service.sendMessage(send("Hello", tenant: "one"), context: CallContext())
            }
        }
        #expect(agent.seen.count == 2)
    }

    @Test("a caller that leaves cancels the call at the agent", arguments: testedBindings)
    func leaving(_ binding: ProtocolBinding) async throws {
        let (started, ended) = (Signal(), Signal())
        var script = ScriptedUpstream.Script()
        script.send = { _, _ in
            started.fire()
            defer { ended.fire() }
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        }
        let agent = ScriptedUpstream(script)
        try await RunningHub.with { hub async throws in
            try await hub.with("one", agent) { _ async throws in
                let service = try hub.transport(binding)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        _ = try await service.sendMessage(send("Hello", tenant: "one"), context: CallContext())
                    }
                    try await started.wait()
                    group.cancelAll()
                }
                try await ended.wait()
            }
        }
    }
}

/// Makes artifacts 0, 1, 2 and so on, and calls a closure after each.
private func counting(_ total: Int, _ pause: @escaping @Sendable (Int) async throws -> Void = { _ in }) -> ClosureAgent
{
    ClosureAgent { turn in
        for number in 0..<total {
            try await turn.artifact(A2AArtifact(parts: [.text("\(number)")], artifactID: "\(number)", name: "n"))
            try await pause(number)
        }
    }
}

/// Keeps a service at a hub under the name `one` until it is cancelled.
struct Dialler: Sendable {
    let comings = Comings()
    private let service: any A2AService
    private let binding: TCPDialBinding

    init(_ service: any A2AService, _ hub: RunningHub) {
        var configuration = TCPDialConfiguration(hub: hub.address, name: "one")
        // One log, whoever dials.
        configuration.serving.epoch = 0xABCD
        configuration.onRegistered = { [comings] in comings.note($0) }
        self.service = service
        self.binding = .tcp(dialing: configuration)
    }

    func run() async throws { try await self.binding.serve(self.service, logger: .silent) { _ in } }
}

extension RunningHub {
    /// A service whose log has an epoch.
    func with<Result: Sendable>(
        _ name: String, _ service: any A2AService, epoch: UInt64, _ body: () async throws -> Result
    ) async throws -> Result {
        let comings = Comings()
        var configuration = TCPDialConfiguration(hub: self.address, name: name)
        configuration.serving.epoch = epoch
        configuration.onRegistered = { comings.note($0) }
        return try await withBindings([.tcp(dialing: configuration)], of: service, logger: .silent) { _ async throws in
            await comings.next()
            return try await body()
        }
    }
}
