import A2A
import DequeModule
import Synchronization

/// Writes what a turn says into a store whose appends wait for a disk: whatever is said before the store comes to write goes
/// together. The whole of a quick turn is one write, from the making of its task to its end.
///
/// The agent does not wait, but for a bounded amount. Readers see a change when it is in the log, as always. What goes wrong
/// is thrown at the turn's next step, and ends the turn if there is none. If it is only that the store cannot be reached now,
/// what waits is kept, and written when somebody ends the task.
final class ChangePump: Sendable {
    /// Takes what came of a write.
    typealias Recorder = @Sendable (Result<Written, any Error>) -> Void

    /// What is to be written.
    struct Addition {
        /// The task, if it is to be made first.
        var task: A2ATask?
        var change: TaskChange?
        var note: TurnNote?
        /// The fencing number that it is written under.
        var fence: Int64
    }

    private struct State {
        var task: A2ATask?
        var note: TurnNote?
        var fence: Int64 = 0
        var waiting: Deque<TaskChange> = []
        var bytes = 0
        /// What the store is writing, and the note that it is made with.
        var step: TurnStep?
        var stepNote: TurnNote?
        var isRunning = false
        var failure: (any Error)?
        /// Something that was said is not in the log and never will be.
        var hasLost = false
        /// How many additions there were, and how many of them are written or failed.
        var added = 0
        var settled = 0
        var blocked: [Blocked] = []

        /// The end of the task, if it is among what is to be written.
        var end: A2ATaskState? {
            guard let last = self.waiting.last ?? self.step?.changes.last, last.endsTask,
                case .status(let status) = last.kind
            else { return nil }
            return status.state
        }

        var isFull: Bool { self.waiting.count > ChangePump.maxWaiting || self.bytes > ChangePump.maxWaitingBytes }

        func holdsUp(_ wish: Wish) -> Bool {
            switch wish {
            // Who waits is told at the next step what went wrong.
            case .room: self.isFull && self.failure == nil
            case .settled(let count): self.settled < count
            }
        }

        /// Those who need not wait any more.
        mutating func takeFree(_ failure: (any Error)? = nil) -> Free {
            guard !self.blocked.isEmpty else { return Free() }
            let all = self.blocked
            self.blocked = all.filter { self.holdsUp($0.wish) }
            return Free(waiters: all.filter { !self.holdsUp($0.wish) }, failure: failure)
        }
    }

    /// What is waited for.
    private enum Wish {
        case room
        case settled(Int)
    }

    private struct Blocked {
        var wish: Wish
        var continuation: CheckedContinuation<(any Error)?, Never>
    }

    /// Those who need not wait any more, and what they are told; resumed outside the lock.
    private struct Free {
        var waiters: [Blocked] = []
        var failure: (any Error)?

        func resume() {
            for waiter in self.waiters { waiter.continuation.resume(returning: self.failure) }
        }
    }

    /// The most changes of one write.
    static let maxBatch = 1024
    /// The most changes and bytes that wait; more make the agent wait: 2048 and 4 MiB.
    static let maxWaiting = 2048
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

    /// Whether something that was said is not in the log and never will be.
    var hasLost: Bool { self.state.withLock { $0.hasLost } }

    /// How many changes wait, beside those that the store is writing.
    var count: Int { self.state.withLock { $0.waiting.count } }

    enum OnAdd { case start, wait, done }

    /// Takes something; ``follow(_:_:)`` must be next.
    ///
    /// - Throws: What became of something before it.
    func add(_ addition: Addition) throws -> OnAdd {
        try self.state.withLock { state in
            let isEnd = addition.change?.endsTask == true
            if let failure = state.failure {
                guard isEnd, !state.hasLost else { throw failure }
                state.failure = nil
            }
            let end = state.end
            // Nothing may follow it. One that is tried again is there already.
            if let end, state.isRunning || !isEnd { throw TaskConflict.terminal(end) }
            if let task = addition.task { state.task = task }
            if let note = addition.note { state.note = note }
            if let change = addition.change, end == nil {
                state.waiting.append(change)
                state.bytes += change.approximateByteCount
            }
            state.fence = max(state.fence, addition.fence)
            state.added += 1
            guard state.isRunning else {
                state.isRunning = true
                return .start
            }
            return state.isFull ? .wait : .done
        }
    }

    /// Does what ``add(_:)`` has asked for.
    func follow(_ action: OnAdd, _ recorder: @escaping Recorder) async {
        switch action {
        case .done: break
        case .wait: _ = await self.wait(for: .room)
        case .start: self.write(recorder)
        }
    }

    /// Waits until what was taken so far is written.
    ///
    /// - Throws: What went wrong.
    func flush() async throws {
        let (added, failure) = self.state.withLock { state in
            (state.settled < state.added ? state.added : nil, state.failure)
        }
        let outcome = if let added { await self.wait(for: .settled(added)) } else { failure }
        if let outcome { throw outcome }
    }

    /// - Returns: What went wrong, if that ends the wait.
    private func wait(for wish: Wish) async -> (any Error)? {
        await withCheckedContinuation { continuation in
            let isFree = self.state.withLock { state in
                guard state.holdsUp(wish) else { return true }
                state.blocked.append(Blocked(wish: wish, continuation: continuation))
                return false
            }
            if isFree { continuation.resume(returning: nil) }
        }
    }

    // MARK: Writing

    private func write(_ recorder: @escaping Recorder) {
        let bytes = self.state.withLock { $0.bytes }
        self.log.write(to: self.taskID, in: self.scope, bytes: bytes, self.step) { result in
            guard case .failure(let error as A2AError) = result, error.code == .resourceExhausted,
                let parts = self.parts
            else { return self.goOn(after: result, recorder) }
            self.write(parts[...], recorder)
        }
    }

    /// Together they are too much. What still fits is kept, as if they had come one by one.
    private func write(_ parts: ArraySlice<TurnStep>, _ recorder: @escaping Recorder) {
        guard let part = parts.first else { return }
        self.log.write(to: self.taskID, in: self.scope, bytes: 0, { part }) { result in
            if case .success = result, parts.count > 1 {
                self.state.withLock { $0.step?.leaveOut(part) }
                recorder(result)
                return self.write(parts.dropFirst(), recorder)
            }
            if case .failure(let error as A2AError) = result, error.code == .resourceExhausted,
                let shorter = part.shortened
            {
                return self.write([shorter], recorder)
            }
            self.goOn(after: result, recorder)
        }
    }

    /// What is being written in pieces; `nil` if it cannot be made smaller.
    private var parts: [TurnStep]? {
        self.state.withLock { state in
            var step = state.step
            // Together it would have ended the task; the first piece alone does not.
            if let note = state.stepNote, let record = try? note.record() { step?.turn = record }
            return step?.parts
        }
    }

    private func goOn(after result: Result<Written, any Error>, _ recorder: @escaping Recorder) {
        recorder(result)
        if case .failure(let error) = result { return self.settle(error) }
        self.settle(nil)
        if self.goesOn() { self.write(recorder) }
    }

    /// Whether there is something to write.
    private func goesOn() -> Bool {
        self.state.withLock { state in
            state.isRunning = state.task != nil || !state.waiting.isEmpty
            return state.isRunning
        }
    }

    /// What is to be written, as late as the store may ask; the same again until it has been settled.
    private func step() throws -> TurnStep {
        let (step, free) = try self.state.withLock { state -> (TurnStep, Free) in
            if let step = state.step { return (step, Free()) }
            let count = min(state.waiting.count, Self.maxBatch)
            let changes = Array(state.waiting.prefix(count))
            let record = try state.note?.record(taskEnds: changes.last?.endsTask == true)
            let step = TurnStep(begins: state.task, changes: changes, fence: state.fence, turn: record)
            state.waiting.removeFirst(count)
            state.bytes = state.waiting.isEmpty ? 0 : state.bytes - changes.reduce(0) { $0 + $1.approximateByteCount }
            state.task = nil
            (state.stepNote, state.note) = (state.note, nil)
            state.step = step
            return (step, state.takeFree())
        }
        free.resume()
        return step
    }

    /// What was being written is in the log, or is not: then nothing else is written either.
    private func settle(_ failure: (any Error)?) {
        let free = self.state.withLock { state in
            if let failure {
                state.failure = failure
                state.isRunning = false
                state.hasLost = state.task != nil || state.step?.begins != nil || failure.isLasting
            }
            if failure == nil || state.hasLost { (state.step, state.stepNote) = (nil, nil) }
            if state.hasLost {
                state.waiting = []
                state.bytes = 0
                state.task = nil
            }
            state.settled = failure == nil ? state.added - state.waiting.count : state.added
            return state.takeFree(failure)
        }
        free.resume()
    }
}

extension Error {
    /// Whether it is no use to write the same again.
    fileprivate var isLasting: Bool {
        self is TaskConflict || self is CancellationError || (self as? A2AError)?.code == .resourceExhausted
    }
}

extension TurnStep {
    /// The step in pieces: the making of the task, and each change; `nil` if it cannot be made smaller.
    fileprivate var parts: [TurnStep]? {
        let pieces = self.changes.map { TurnStep(changes: [$0], fence: self.fence) }
        if let task = self.begins {
            let first = TurnStep(begins: task, fence: self.fence, turn: self.turn)
            return pieces.isEmpty ? nil : [first] + pieces
        }
        guard var first = pieces.first else { return nil }
        first.turn = self.turn
        return [first] + pieces.dropFirst()
    }

    /// A piece is in the log.
    fileprivate mutating func leaveOut(_ piece: TurnStep) {
        self.begins = nil
        self.turn = nil
        self.changes.removeFirst(min(piece.changes.count, self.changes.count))
    }

    /// Without the words of a task's end: the task is full, and its end matters more. `nil` if there are none.
    fileprivate var shortened: TurnStep? {
        guard let last = self.changes.last, last.endsTask, case .status(var status) = last.kind, status.hasMessage
        else { return nil }
        status.clearMessage()
        var step = self
        step.changes[step.changes.count - 1].kind = .status(status)
        return step
    }
}

extension TaskChange {
    /// Whether the task comes to rest with it: who says so has to know that it is in the log.
    var settlesTask: Bool {
        if case .status(let status) = self.kind { !status.state.isActive } else { false }
    }
}
