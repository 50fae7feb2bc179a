import A2A
import Logging
import Synchronization

/// What could not be written of turns that are over: nobody works on their tasks, and callers wait for their end.
///
/// As many as turns at most, since none begins while the store takes nothing.
final class Leftovers: Sendable {
    enum Leftover: Sendable {
        /// The task has to be ended with this status.
        case end(TurnExecution, A2ATaskStatus, fence: Int64)
        /// The turn was let go of before others took it over.
        case turn(TurnExecution)
        /// The task waits for its caller, and any process may go on with it.
        case rest(TurnExecution, fence: Int64)
    }

    /// What is left over, and since when.
    struct Item: Sendable {
        let leftover: Leftover
        let since: ContinuousClock.Instant
    }

    private let list = Mutex<[Item]>([])

    func add(_ leftover: Leftover) { self.putBack(Item(leftover: leftover, since: .now)) }

    func putBack(_ item: Item) { self.list.withLock { $0.append(item) } }

    func take() -> [Item] {
        self.list.withLock { list in
            defer { list = [] }
            return list
        }
    }

    var isEmpty: Bool { self.list.withLock { $0.isEmpty } }
}

extension TaskRuntime {
    /// Writes what could not be written, as often as the process says that it lives, until it is cancelled.
    func writeLeftovers() async {
        while (try? await Task.sleep(for: self.configuration.recovery.heartbeatInterval)) != nil {
            for item in self.leftovers.take() {
                do {
                    try await self.write(item.leftover)
                } catch {
                    self.leftovers.putBack(item)
                    if case .end(let execution, _, _) = item.leftover,
                        item.since + self.configuration.recovery.endGrace <= .now
                    {
                        execution.endIsHeldUp(by: error)
                    }
                    self.logger.error("the end of a turn cannot be written yet", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func write(_ leftover: Leftovers.Leftover) async throws {
        switch leftover {
        case .end(let execution, let status, let fence):
            try await execution.finish(status, fence: fence)
        case .rest(let execution, let fence):
            try await self.log.durable?.endTurn(of: execution.taskID, in: execution.scope, fence: fence)
        case .turn(let execution):
            // During shutdown the lease ends, and with it this.
            guard let durable = self.log.durable, !self.turns.isDraining else { return }
            try await durable.giveUpTurn(of: execution.taskID, in: execution.scope, fence: execution.fence)
        }
    }

    /// Goes on with a turn whose message is in the log, but whose caller could not be told.
    func goOn(with execution: TurnExecution, _ start: @escaping @Sendable (A2ATask) -> Void) {
        let isSpawned = self.log.spawn {
            do {
                let task = try await self.store.snapshot(
                    of: execution.taskID, in: execution.scope, historyLength: nil)?.task
                if let task { return start(task) }
                self.turns.end(execution)
            } catch {
                self.logger.error("a turn cannot begin", metadata: ["error": "\(error)"])
                self.turns.end(execution)
                let status = A2ATaskStatus(.failed, message: .agent(A2AError(wrapping: error).message))
                self.leftovers.add(.end(execution, status, fence: execution.fence))
            }
        }
        if !isSpawned { self.turns.end(execution) }
    }
}
