package import DequeModule
package import Synchronization

/// Jobs for tasks that are used again: workers, which wait for them.
///
/// Making a task for each job would cost several switches between threads, which is more than a short job does. Jobs that
/// come at about the same time share one wake-up: while a worker is on its way, others are queued, and whoever takes one
/// of them wakes the next worker before it does its own. So no job waits for the end of another, and a worker whose job
/// was short takes the next one without having slept.
// Inlinable, so that it is specialised for the jobs of other modules too: it is on the way of every call.
package final class WorkerQueue<Job: Sendable>: Sendable {
    /// Resumed with whether there is something to look for.
    @usableFromInline
    package typealias Waiter = CheckedContinuation<Bool, Never>

    @usableFromInline
    package struct State: Sendable {
        /// The worker that waited last is woken first: its memory is still in the caches.
        @usableFromInline package var idle: [(key: UInt64, waiter: Waiter)] = []
        @usableFromInline package var nextKey: UInt64 = 0
        /// Jobs that a worker is on its way for.
        @usableFromInline package var queue: Deque<Job> = []
        /// Workers that were woken and have not looked yet.
        @usableFromInline package var onTheirWay = 0
        @usableFromInline package var isClosed = false

        /// The worker to wake for the jobs in the queue, if none comes anyway.
        @inlinable
        package mutating func wakeOne() -> Waiter? {
            guard self.onTheirWay == 0, !self.queue.isEmpty, let worker = self.idle.popLast() else { return nil }
            self.onTheirWay += 1
            return worker.waiter
        }

        @inlinable
        package init() {}
    }

    @usableFromInline package let maxIdle: Int
    @usableFromInline package let state = Mutex(State())

    /// - Parameter maxIdle: The most workers that wait; one that finds no place is sent away.
    @inlinable
    package init(maxIdle: Int) { self.maxIdle = maxIdle }

    /// Gives jobs to workers that wait or are on their way.
    ///
    /// - Returns: `false` if there are none; then no job was taken.
    @inlinable
    package func add(_ jobs: some Collection<Job>) -> Bool {
        let (isTaken, worker) = self.state.withLock { state -> (Bool, Waiter?) in
            guard state.onTheirWay > 0 || !state.idle.isEmpty else { return (false, nil) }
            state.queue.append(contentsOf: jobs)
            return (true, state.wakeOne())
        }
        worker?.resume(returning: true)
        return isTaken
    }

    /// For a worker: waits for the next job. `nil` sends it away: there is no place, or the queue was closed.
    ///
    /// - Parameter startOthers: Starts workers for jobs that are queued although nobody is left to be woken for them.
    @inlinable
    package func next(startOthers: ([Job]) -> Void) async -> Job? {
        var wasWoken = false
        while true {
            if let job = self.take(wasWoken: wasWoken, startOthers: startOthers) { return job }
            guard await self.wait() else { return nil }
            wasWoken = true
        }
    }

    /// The oldest job, if there is one. Sees to it that somebody comes for those behind it.
    @inlinable
    package func take(wasWoken: Bool, startOthers: ([Job]) -> Void) -> Job? {
        let (job, worker, others) = self.state.withLock { state -> (Job?, Waiter?, [Job]) in
            if wasWoken { state.onTheirWay -= 1 }
            guard let job = state.queue.popFirst() else { return (nil, nil, []) }
            if let worker = state.wakeOne() { return (job, worker, []) }
            guard state.onTheirWay == 0, !state.queue.isEmpty else { return (job, nil, []) }
            defer { state.queue = [] }
            return (job, nil, Array(state.queue))
        }
        worker?.resume(returning: true)
        if !others.isEmpty { startOthers(others) }
        return job
    }

    /// - Returns: Whether there is something to look for; `false` sends the worker away.
    @inlinable
    package func wait() async -> Bool {
        let key = self.state.withLock { state in
            state.nextKey += 1
            return state.nextKey
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = self.state.withLock { state in
                    guard !state.isClosed, state.idle.count < self.maxIdle, !Task.isCancelled else { return false }
                    state.idle.append((key, continuation))
                    return true
                }
                if !isWaiting { continuation.resume(returning: false) }
            }
        } onCancel: {
            let worker = self.state.withLock { state in
                state.idle.firstIndex { $0.key == key }.map { state.idle.remove(at: $0) }
            }
            worker?.waiter.resume(returning: false)
        }
    }

    /// Sends the workers away that wait, since there may be no job for a while.
    @inlinable
    package func releaseIdle() {
        let idle = self.state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for worker in idle { worker.waiter.resume(returning: false) }
    }

    /// Sends the workers away that wait; those at work follow when they are done.
    @inlinable
    package func close() {
        self.state.withLock { $0.isClosed = true }
        self.releaseIdle()
    }
}
