import A2A
import Synchronization

/// Appends the chunks of a turn to a store whose appends wait for a disk: what the agent writes while one append is on its
/// way goes into the next, together.
///
/// The agent does not wait, but for a bounded amount. Readers see a chunk when it is in the log, as always. What goes wrong
/// is thrown at the agent's next step, or ends the turn if there is none.
final class ChunkPump: Sendable {
    /// Takes what an append did.
    typealias Recorder = @Sendable (Appended) -> Void

    private struct State {
        var waiting: [TaskChange] = []
        var bytes = 0
        var isRunning = false
        var failure: (any Error)?
        /// Those who wait for room, or until nothing is on its way.
        var blocked: [CheckedContinuation<Void, Never>] = []

        var isFull: Bool { self.waiting.count > ChunkPump.maxWaiting || self.bytes > ChunkPump.maxWaitingBytes }

        func holdsUp(_ wish: Wish) -> Bool { wish == .room ? self.isFull : self.isRunning }
    }

    /// What is waited for.
    private enum Wish {
        case room, rest
    }

    /// The most chunks of one append.
    static let maxBatch = 256
    /// The most chunks and bytes that wait; more make the agent wait: 1024 and 4 MiB.
    static let maxWaiting = 1024
    static let maxWaitingBytes = 4 << 20

    private let log: TaskLog
    private let taskID: String
    private let scope: Scope
    private let state = Mutex(State())

    init(log: TaskLog, taskID: String, scope: Scope) {
        self.log = log
        self.taskID = taskID
        self.scope = scope
    }

    private enum OnAdd {
        case start, wait, done
    }

    /// Takes a chunk.
    ///
    /// - Parameter fence: The fencing number that it is written under.
    /// - Throws: What became of chunks before it.
    func add(_ change: TaskChange, fence: Int64, recorded: @escaping Recorder) async throws {
        var isTaken = false
        while true {
            let action = try self.state.withLock { state -> OnAdd in
                if let failure = state.failure { throw failure }
                if !isTaken {
                    state.waiting.append(change)
                    state.bytes += change.approximateByteCount
                    isTaken = true
                }
                if !state.isRunning {
                    state.isRunning = true
                    return .start
                }
                return state.isFull ? .wait : .done
            }
            switch action {
            case .done: return
            case .start:
                if !self.log.spawn({ await self.run(fence, recorded) }) { await self.run(fence, recorded) }
                return
            case .wait: await self.wait(for: .room)
            }
        }
    }

    /// Waits until nothing is on its way.
    ///
    /// - Throws: What went wrong.
    func flush() async throws {
        await self.wait(for: .rest)
        if let failure = self.state.withLock({ $0.failure }) { throw failure }
    }

    private func wait(for wish: Wish) async {
        while self.state.withLock({ $0.holdsUp(wish) }) {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    guard state.holdsUp(wish) else { return true }
                    state.blocked.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    private func run(_ fence: Int64, _ recorded: Recorder) async {
        while true {
            let (batch, blocked) = self.state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.maxBatch))
                state.waiting.removeFirst(batch.count)
                state.bytes -= batch.reduce(0) { $0 + $1.approximateByteCount }
                state.isRunning = !batch.isEmpty
                defer { state.blocked = [] }
                return (batch, state.blocked)
            }
            for waiter in blocked { waiter.resume() }
            guard !batch.isEmpty else { return }
            do {
                recorded(try await self.append(batch, fence, recorded))
            } catch {
                let blocked = self.state.withLock { state in
                    state.failure = error
                    state.waiting = []
                    state.bytes = 0
                    state.isRunning = false
                    defer { state.blocked = [] }
                    return state.blocked
                }
                for waiter in blocked { waiter.resume() }
                return
            }
        }
    }

    private func append(_ batch: [TaskChange], _ fence: Int64, _ recorded: Recorder) async throws -> Appended {
        let condition = AppendCondition(fence: fence)
        do {
            return try await self.log.append(batch, to: self.taskID, in: self.scope, condition: condition)
        } catch let error as A2AError where batch.count > 1 && error.code == .resourceExhausted {
            // Together they are too much. What still fits is kept, as if they had come one by one.
            for change in batch.dropLast() {
                recorded(try await self.log.append([change], to: self.taskID, in: self.scope, condition: condition))
            }
            return try await self.log.append(
                batch.suffix(1), to: self.taskID, in: self.scope, condition: condition)
        }
    }
}
