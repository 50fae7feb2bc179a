public import A2A
public import A2AServer
import Synchronization

/// What every ``TaskStore`` must do, as rules that a test runs one by one.
///
/// ```swift
/// @Test(arguments: TaskStoreContract.rules)
/// func contract(_ rule: TaskStoreContract.Rule) async throws {
///     try await rule.check { demands in MyStore(demands) }
/// }
/// ```
///
/// A rule throws ``ContractViolation`` when it is broken. Rules never wait for time to pass; the clock is the rule's own.
public enum TaskStoreContract {
    /// How the store of a rule has to be set up.
    public struct Demands: Sendable {
        /// The most tasks that the store keeps. Default 10 000.
        public var maxTasks = 10_000
        /// The most events that one task's log keeps. Default 1 000.
        public var maxEventsPerTask = 1_000
        /// The most bytes of content of one task. Default 1 MiB.
        public var maxBytesPerTask = 1 << 20
        /// How long a task is kept after it has ended. Default one hour.
        public var maxAge: Duration = .seconds(3600)
        /// The time that the store stamps statuses with.
        public var wallClock: ManualWallClock = .init()

        public init() {}
    }

    /// Makes an empty store that no other rule uses.
    public typealias StoreMaker = @Sendable (Demands) async throws -> any TaskStore

    /// One thing that must hold for a store.
    public struct Rule: Sendable, CustomStringConvertible {
        /// What must hold, as a sentence.
        public let description: String
        let body: @Sendable (Bench) async throws -> Void

        init(_ description: String, _ body: @escaping @Sendable (Bench) async throws -> Void) {
            self.description = description
            self.body = body
        }

        /// Checks the rule against a fresh store.
        ///
        /// - Parameters:
        ///   - seed: The beginning of everything random in the rule; give the one of a failure to repeat it.
        ///   - makeStore: Makes the store.
        /// - Throws: ``ContractViolation`` with the rule, what was wrong and the seed.
        public func check(
            seed: UInt64 = .random(in: .min ... .max), _ makeStore: @escaping StoreMaker
        ) async throws {
            do {
                try await self.body(Bench(seed: seed, makeStore: makeStore))
            } catch let violation as ContractViolation {
                throw violation
            } catch let failure as Failure {
                throw ContractViolation(rule: self.description, problem: failure.problem, seed: seed)
            } catch {
                throw ContractViolation(
                    rule: self.description, problem: "the store threw \(String(reflecting: error))", seed: seed)
            }
        }
    }

    /// All rules.
    public static let rules: [Rule] =
        logRules + conditionRules + isolationRules + listingRules + retentionRules + concurrencyRules
}

/// A store that does not keep the contract.
public struct ContractViolation: Error, CustomStringConvertible {
    /// What kind of store it is.
    var subject = "task store"
    /// The rule that was broken.
    public let rule: String
    /// What happened instead.
    public let problem: String
    /// What the random parts of the rule began with.
    public let seed: UInt64

    public var description: String {
        "A \(self.subject) must keep this rule: \(self.rule). \(self.problem) (seed \(self.seed))"
    }
}

/// A wall clock that stands still until it is moved.
public final class ManualWallClock: Sendable {
    private let time: Mutex<Int64>

    /// - Parameter milliseconds: Where it begins, in milliseconds since 1970. Default: some day in 2025.
    public init(milliseconds: Int64 = 1_750_000_000_000) { self.time = Mutex(milliseconds) }

    /// The time that it shows.
    public var now: A2ATimestamp { A2ATimestamp(milliseconds: self.time.withLock { $0 }) }

    /// Moves it, by whole milliseconds.
    public func advance(milliseconds: Int64) { self.time.withLock { $0 += milliseconds } }
}

/// Random numbers that can be had again: SplitMix64.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { self.state = seed }

    public mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

// MARK: - What rules are written with

extension TaskStoreContract {
    /// A rule does not hold.
    struct Failure: Error {
        var problem: String
    }

    /// What a rule works with.
    struct Bench: Sendable {
        let seed: UInt64
        let makeStore: StoreMaker

        func store(_ adjust: (inout Demands) -> Void = { _ in }) async throws -> any TaskStore {
            var demands = Demands()
            adjust(&demands)
            return try await self.makeStore(demands)
        }

        var random: SeededGenerator { SeededGenerator(seed: self.seed) }
    }

    static let scope = Scope(tenant: "tenant", principal: "alice")

    static func task(_ id: String, context: String = "context", state: A2ATaskState = .submitted) -> A2ATask {
        A2ATask(
            id: id, contextID: context, status: A2ATaskStatus(state),
            history: [.user("Begin.", contextID: context, taskID: id)])
    }

    static func status(_ state: A2ATaskState, _ text: String? = nil, received: A2AMessage? = nil) -> TaskChange {
        TaskChange(.status(A2ATaskStatus(state, message: text.map { .agent($0) })), received: received)
    }

    static func chunk(_ text: String, of id: String = "artifact") -> TaskChange {
        TaskChange(.chunk(A2AArtifact(parts: [.text(text)], artifactID: id), lastChunk: false))
    }

    static func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        if !condition { throw Failure(problem: problem()) }
    }

    static func requireEqual<Value: Equatable>(_ value: Value, _ expected: Value, _ what: String) throws {
        if value != expected { throw Failure(problem: "\(what) is \(value), not \(expected).") }
    }

    /// Expects a conflict.
    static func requireConflict(
        _ expected: TaskConflict, _ what: String, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let conflict as TaskConflict {
            return try self.requireEqual(conflict, expected, what)
        }
        throw Failure(problem: "\(what) was allowed; it should throw \(expected).")
    }

    /// Expects that a limit refuses.
    static func requireExhausted(_ what: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as A2AError {
            return try self.require(error.code == .resourceExhausted, "\(what) throws \(error.code.name).")
        }
        throw Failure(problem: "\(what) was allowed; it should throw resourceExhausted.")
    }

    static func snapshot(
        _ store: any TaskStore, _ id: String, in scope: Scope = scope, historyLength: Int? = nil
    ) async throws -> TaskSnapshot {
        guard let snapshot = try await store.snapshot(of: id, in: scope, historyLength: historyLength) else {
            throw Failure(problem: "The task '\(id)' is not there.")
        }
        return snapshot
    }

    static func events(
        _ store: any TaskStore, _ id: String, after generation: Int64, limit: Int = .max
    ) async throws -> [LoggedEvent] {
        switch try await store.events(of: id, in: scope, after: generation, limit: limit) {
        case .events(let events): return events
        case .gap(let oldest):
            throw Failure(problem: "There is a gap after \(generation); the oldest event is \(oldest).")
        }
    }
}
