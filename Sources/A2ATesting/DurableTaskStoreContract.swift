import A2A
public import A2AServer

/// What every ``DurableTaskStore`` must do beside the rules of ``TaskStoreContract``, as rules that a test runs one by one.
///
/// ```swift
/// @Test(arguments: DurableTaskStoreContract.rules)
/// func contract(_ rule: DurableTaskStoreContract.Rule) async throws {
///     try await rule.check { count, demands in try (0..<count).map { _ in try MyStore(file, demands) } }
/// }
/// ```
///
/// Rules never wait for time to pass; the clocks are the rule's own.
public enum DurableTaskStoreContract {
    /// Makes an empty log that no other rule uses, as so many processes see it.
    public typealias LogMaker =
        @Sendable (_ processes: Int, _ demands: TaskStoreContract.Demands) async throws -> [any DurableTaskStore]

    /// One thing that must hold for a store.
    public struct Rule: Sendable, CustomStringConvertible {
        /// What must hold, as a sentence.
        public let description: String
        let processes: Int
        let body: @Sendable (Bench) async throws -> Void

        init(_ description: String, processes: Int = 2, _ body: @escaping @Sendable (Bench) async throws -> Void) {
            self.description = description
            self.processes = processes
            self.body = body
        }

        /// Checks the rule against a fresh log.
        ///
        /// - Throws: ``ContractViolation`` with the rule and what was wrong.
        public func check(_ makeLog: LogMaker) async throws {
            let clock = ManualWallClock()
            var demands = TaskStoreContract.Demands()
            demands.wallClock = clock
            do {
                try await self.body(Bench(stores: try await makeLog(self.processes, demands), wallClock: clock))
            } catch let violation as ContractViolation {
                throw violation
            } catch let failure as TaskStoreContract.Failure {
                throw ContractViolation(
                    subject: "durable task store", rule: self.description, problem: failure.problem, seed: 0)
            } catch {
                throw ContractViolation(
                    subject: "durable task store", rule: self.description,
                    problem: "the store threw \(String(reflecting: error))", seed: 0)
            }
        }
    }

    /// All rules.
    public static let rules: [Rule] = messageRules + replyRules + stepRules + leaseRules + orphanRules
}

extension DurableTaskStoreContract {
    typealias Contract = TaskStoreContract

    /// What a rule works with: processes, and their clocks.
    struct Bench: Sendable {
        let stores: [any DurableTaskStore]
        let wallClock: ManualWallClock
        let start = SuspendingClock.now

        static let leaseLength: Duration = .seconds(10)

        subscript(_ index: Int) -> any DurableTaskStore { self.stores[index] }

        /// Lets a process beat, so many seconds after the beginning.
        @discardableResult
        func beat(_ index: Int, at seconds: Int) async throws -> LeaseBeat {
            try await self.stores[index].beat(now: self.start + .seconds(seconds), leaseLength: Self.leaseLength)
        }

        /// All processes live, and know of each other.
        func begin() async throws {
            for index in self.stores.indices { try await self.beat(index, at: 0) }
            for index in self.stores.indices { try await self.beat(index, at: 1) }
        }

        /// The first process beats no more, for so long that the second one finds its lease over.
        func stopFirst() async throws {
            try await self.beat(1, at: 2)
            let beat = try await self.beat(1, at: 30)
            try Contract.require(beat.hasOrphans, "The beats of a process stay out, and no orphans are found.")
        }

        /// Begins a task in a turn of a process.
        @discardableResult
        func create(
            _ id: String, by index: Int = 0, state: A2ATaskState = .working, message: MessageKey? = nil
        ) async throws -> Appended {
            let record = TurnRecord(opening: Array(id.utf8), message: message)
            return try await self.stores[index].create(
                Contract.task(id), then: [Contract.status(state)], in: Contract.scope, turn: record
            ).appended
        }

        /// A message begins the next turn of a task in a process.
        func beginTurn(_ id: String, by index: Int) async throws -> Appended {
            try await self.stores[index].append(
                [Contract.status(.working, received: .user("Go on.", contextID: "context", taskID: id))], to: id,
                in: Contract.scope, condition: AppendCondition(beginsTurn: true),
                turn: TurnRecord(opening: Array("next".utf8)))
        }

        func write(_ id: String, by index: Int, fence: Int64) async throws -> Appended {
            try await self.stores[index].append(
                [Contract.chunk("x")], to: id, in: Contract.scope, condition: AppendCondition(fence: fence))
        }

        /// All orphans, taken over by a process.
        func orphans(by index: Int, limit: Int = 100) async throws -> [OrphanedTurn] {
            try await self.stores[index].takeOrphans(limit: limit)
        }
    }
}
