import A2A
import A2ATesting
import Logging
import Synchronization
import Testing

@testable import A2AServer

@Suite("Credentials that end", .timeLimit(.minutes(1)))
struct CredentialTermTests {
    /// Knows tokens of the form `name-number`, each valid for a minute from when it is seen; `stale-…` is over already. Without one
    /// the caller is anonymous.
    private final class Tokens: Authenticator {
        let asked = Notes<String>()

        func authenticate(_ operation: A2AOperation, context: CallContext) async throws -> Principal {
            try await self.identify(operation, context: context).principal
        }

        func identify(_ operation: A2AOperation, context: CallContext) async throws -> AuthenticatedCaller {
            let token = context.parameters["authorization"] ?? ""
            self.asked.add(token)
            if token == "revoked" { throw A2AError(.unauthenticated, "revoked", challenge: "Bearer") }
            let name = token.split(separator: "-").first.map(String.init) ?? ""
            return AuthenticatedCaller(Principal(id: name), validFor: name == "stale" ? .zero : .seconds(60))
        }
    }

    private final class Slot: CallerEvidence {
        let token: Mutex<String?>
        init(_ token: String) { self.token = Mutex(token) }
        var certificate: PeerCertificate? { nil }

        func renewed(_ parameters: ServiceParameters) -> ServiceParameters {
            var parameters = parameters
            parameters["authorization"] = self.token.withLock { $0 }
            return parameters
        }
    }

    private struct Stage {
        let clock = ManualClock()
        let tokens = Tokens()
        let finish = Gate()
        let slot = Slot("alice-1")

        func context(_ token: String = "alice-1", slot: Bool = true) -> CallContext {
            var context = CallContext()
            context.parameters["authorization"] = token
            if slot { context.evidence = self.slot }
            return context
        }

        func run(_ body: (any A2AService) async throws -> Void) async throws {
            let agent = ClosureAgent { turn in
                try await turn.working("Waiting.")
                try await self.finish.wait()
                try await turn.complete()
            }
            try await withRuntime(agent) { runtime in
                try await body(runtime.with(AuthenticationMiddleware(self.tokens, clock: self.clock)))
            }
        }

        /// Reads a stream up to the state in which its task waits.
        func opened(_ service: any A2AService, slot: Bool = true) async throws -> Reading {
            var iterator = try await service.sendStreamingMessage(request("hi"), context: self.context(slot: slot))
                .makeAsyncIterator()
            while try await iterator.next()?.response.state != .working {}
            return Reading(iterator)
        }
    }

    /// The rest of a stream, for another task.
    // Unchecked: it is handed over once.
    private final class Reading: @unchecked Sendable {
        private var iterator: EventStream.AsyncIterator
        init(_ iterator: EventStream.AsyncIterator) { self.iterator = iterator }

        func rest() async throws -> [A2ATaskState?] {
            var states: [A2ATaskState?] = []
            while let event = try await self.iterator.next() { states.append(event.response.state) }
            return states
        }
    }

    @Test("a stream goes on when its caller has another credential of the same principal in time")
    func renewed() async throws {
        let stage = Stage()
        try await stage.run { service in
            let reading = try await stage.opened(service)
            let rest = Task { try await reading.rest() }
            for number in 2...3 {
                await stage.clock.untilSomebodySleeps()
                stage.slot.token.withLock { $0 = "alice-\(number)" }
                stage.clock.advance(by: .seconds(60))
                try await eventually { stage.tokens.asked.count == number }
            }
            stage.finish.open()
            #expect(try await rest.value == [.completed])
        }
        #expect(stage.tokens.asked.all == ["alice-1", "alice-2", "alice-3"])
    }

    @Test(
        "a stream ends when the credential is another's by then, or none, or the same that is over",
        arguments: [
            ("bob-1", A2AError.Code.permissionDenied), ("", .unauthenticated), ("revoked", .unauthenticated),
            ("stale-1", .unauthenticated),
        ])
    func ended(_ token: String, _ code: A2AError.Code) async throws {
        let stage = Stage()
        try await stage.run { service in
            let reading = try await stage.opened(service)
            let rest = Task { try await reading.rest() }
            await stage.clock.untilSomebodySleeps()
            stage.slot.token.withLock { $0 = token.isEmpty ? nil : token }
            stage.clock.advance(by: .seconds(60))
            await expectError(code) { try await rest.value }
            // The task does not notice.
            let tasks = try await service.listTasks(A2AListTasksRequest(), context: stage.context()).tasks
            #expect(tasks.map(\.status.state) == [.working])
            stage.finish.open()
        }
    }

    @Test("where credentials cannot be renewed the stream ends, and a new call takes it up")
    func withoutEvidence() async throws {
        let stage = Stage()
        try await stage.run { service in
            var iterator = try await service.sendStreamingMessage(request("hi"), context: stage.context(slot: false))
                .makeAsyncIterator()
            var last: StreamEvent?
            while last?.response.state != .working { last = try await iterator.next() }
            stage.clock.advance(by: .seconds(61))
            // The authenticator is asked for the same token, which it takes for a minute more.
            stage.finish.open()
            while let event = try await iterator.next() { last = event }
            #expect(last?.response.state == .completed)
        }
        #expect(stage.tokens.asked.all.prefix(2) == ["alice-1", "alice-1"])
    }

    @Test("an event that is there already is not given away on a credential that is over")
    func lastMoment() async throws {
        let stage = Stage()
        try await stage.run { service in
            let reading = try await stage.opened(service)
            stage.finish.open()
            stage.clock.advance(by: .seconds(60))
            stage.slot.token.withLock { $0 = nil }
            await expectError(.unauthenticated) { try await reading.rest() }
        }
    }

    @Test("a send that waits for its task ends with its credential, or goes on with the next")
    func blocking() async throws {
        let stage = Stage()
        try await stage.run { service in
            let first = Task { try await service.sendMessage(request("hi"), context: stage.context()) }
            await stage.clock.untilSomebodySleeps()
            stage.slot.token.withLock { $0 = "bob-1" }
            stage.clock.advance(by: .seconds(60))
            await expectError(.permissionDenied) { try await first.value }

            stage.slot.token.withLock { $0 = "alice-2" }
            let second = Task { try await service.sendMessage(request("hi"), context: stage.context()) }
            await stage.clock.untilSomebodySleeps()
            stage.clock.advance(by: .seconds(60))
            try await eventually { stage.tokens.asked.count == 4 }
            stage.finish.open()
            #expect(try await second.value.task.status.state == .completed)
        }
    }

    @Test("a credential that is over when it comes is refused")
    func stale() async throws {
        let stage = Stage()
        try await stage.run { service in
            await expectError(.unauthenticated) { try await service.get("t", as: stage.context("stale-1")) }
        }
    }

    // MARK: Before the request

    @Test("a call that was admitted is not authenticated again, unless its credential is over by then")
    func admitted() async throws {
        let stage = Stage()
        try await stage.run { service in
            #expect(service.requiresAuthentication)
            let context = try await service.admit(.listTasks, context: stage.context())
            #expect(context.principal.id == "alice")
            _ = try await service.listTasks(A2AListTasksRequest(), context: context)
            #expect(stage.tokens.asked.all == ["alice-1"])
            stage.clock.advance(by: .seconds(60))
            stage.slot.token.withLock { $0 = "bob-1" }
            await expectError(.permissionDenied) {
                try await service.listTasks(A2AListTasksRequest(), context: context)
            }
        }
    }

    @Test("what one middleware admits, another looks at again")
    func twice() async throws {
        let (outer, inner) = (Tokens(), Tokens())
        let runtime = TaskRuntime(agent: ClosureAgent { _ in }, card: .testCard(), logger: .silent)
        let service = runtime.with(AuthenticationMiddleware(outer), AuthenticationMiddleware(inner))
        var context = CallContext()
        context.parameters["authorization"] = "alice-1"
        let admitted = try await service.admit(.listTasks, context: context)
        _ = try await service.listTasks(A2AListTasksRequest(), context: admitted)
        #expect(outer.asked.count == 2 && inner.asked.count == 2)
        #expect(!runtime.requiresAuthentication)
        #expect(!runtime.with(AuthenticationMiddleware(outer, isRequired: false)).requiresAuthentication)
    }

    @Test("a refusal before the request is logged and counted like any other")
    func refusal() async throws {
        let lines = Notes<(level: Logger.Level, metadata: Logger.Metadata)>()
        let logger = Logger(label: "test") { _ in LoggingMiddlewareTests.Recorder(lines: lines) }
        let runtime = TaskRuntime(agent: ClosureAgent { _ in }, card: .testCard(), logger: .silent)
        let service = runtime.with(
            LoggingMiddleware(logger: logger), MetricsMiddleware(), TracingMiddleware(),
            AuthenticationMiddleware(Tokens()))
        var context = CallContext(binding: "TCP")
        context.parameters["authorization"] = "revoked"
        let refused = context
        await expectError(.unauthenticated) { try await service.admit(.getTask, context: refused) }
        #expect(lines.all.map(\.level) == [.info])
        #expect(lines.all.first?.metadata["operation"] == "GetTask")
        #expect(lines.all.first?.metadata["binding"] == "TCP")
    }
}
