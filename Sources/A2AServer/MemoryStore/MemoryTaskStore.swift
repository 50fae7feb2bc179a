public import A2A
import SwiftProtobuf
import DequeModule
import Synchronization

/// Task logs in memory. Nothing survives the process; everything is bounded.
///
/// A change locks its task only. A change of status also moves the task in the indexes, under one lock of the store, in
/// time that does not grow with the number of tasks.
public final class MemoryTaskStore: TaskStore {
    /// What the store keeps, and for how long.
    public struct Retention: Sendable {
        /// The most tasks. When they are reached, the task that ended first goes; if none has ended, a new one is refused.
        public var tasks = 100_000
        /// The most bytes of all tasks together (contents, as estimated). Default 1 GiB.
        public var bytes = 1 << 30
        /// How long a task is kept after it has ended. Default 24 hours.
        public var age: Duration = .seconds(24 * 3600)
        /// The most events that one task's log keeps for readers who come later. Default 20 000.
        public var eventsPerTask = 20_000
        /// The most bytes that one task's log keeps for readers who come later. Default 32 MiB.
        public var eventBytesPerTask = 32 << 20
        /// The most bytes of content of one task; what goes beyond is refused. Default 64 MiB.
        public var bytesPerTask = 64 << 20

        public init() {}
    }

    private let retention: Retention
    private let wallClock: @Sendable () -> A2ATimestamp
    private let index: Mutex<Index>

    private struct Index {
        var tasks: [String: Placed] = [:]
        var scopes: [Scope: ScopeIndex] = [:]
        /// Ended tasks, first ended first.
        var ended: Deque<(id: String, at: A2ATimestamp)> = []
        var sequence: Int64 = 0
        var bytes = 0
        var lastTimestamp = A2ATimestamp()

        /// A time that never goes back, whatever the clock does: the order of the indexes depends on it.
        mutating func stamp(_ now: A2ATimestamp) -> A2ATimestamp {
            if (now.seconds, now.nanos) > (self.lastTimestamp.seconds, self.lastTimestamp.nanos) {
                self.lastTimestamp = now
            }
            return self.lastTimestamp
        }
    }

    /// A task and its place in the indexes.
    private struct Placed {
        var record: TaskRecord
        var sequence: Int64
        var state: A2ATaskState
        /// The generation that `state` belongs to.
        var generation: Int64
    }

    /// - Parameter wallClock: The time that statuses are stamped with.
    public init(
        retention: Retention = .init(),
        wallClock: @escaping @Sendable () -> A2ATimestamp = { .now }
    ) {
        self.retention = retention
        self.wallClock = wallClock
        self.index = Mutex(Index())
    }

    /// How many tasks the store holds, over all scopes.
    public var count: Int { self.index.withLock { $0.tasks.count } }

    public func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        let now = self.index.withLock { $0.stamp(self.wallClock()) }
        var task = task
        task.status.timestamp = now
        // The record is complete before anybody can find it.
        let record = TaskRecord(task: task, scope: scope)
        var appended = Appended(generation: 1, state: task.status.state, fence: 1)
        if !changes.isEmpty {
            appended =
                try record.append(changes, condition: .init(), retention: self.retention, now: now).appended
        }
        let bytes = record.byteCount
        try self.index.withLock { index in
            guard index.tasks[task.id] == nil else { throw TaskConflict.exists }
            self.makeRoom(for: bytes, in: &index)
            guard index.tasks.count < self.retention.tasks, index.bytes + bytes <= self.retention.bytes else {
                throw A2AError(
                    .resourceExhausted,
                    "The agent keeps as many unfinished tasks as it can. Try again when some have ended.",
                    details: [.retryInfo(.seconds(5))])
            }
            index.bytes += bytes
            self.place(record, appended, at: now, in: &index)
        }
        return CreatedTask(first: task, appended: appended)
    }

    public func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        let found = self.index.withLock { index -> (TaskRecord, A2ATimestamp)? in
            guard let placed = index.tasks[id], placed.record.scope == scope else { return nil }
            return (placed.record, index.stamp(self.wallClock()))
        }
        guard let (record, now) = found else { throw TaskConflict.notFound }
        let outcome = try record.append(changes, condition: condition, retention: self.retention, now: now)
        if outcome.statusChanged || outcome.byteDelta != 0 {
            self.index.withLock { index in
                guard let placed = index.tasks[id] else { return }
                index.bytes += outcome.byteDelta
                // Another append may have overtaken this one between the two locks.
                guard outcome.statusChanged, placed.generation < outcome.appended.generation else { return }
                self.unplace(id, in: &index)
                self.place(record, outcome.appended, at: now, in: &index)
            }
        }
        return outcome.appended
    }

    public func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        self.record(id, scope)?.snapshot(historyLength: historyLength)
    }

    public func events(
        of id: String, in scope: Scope, after generation: Int64, limit: Int
    ) async throws -> EventPage {
        guard let record = self.record(id, scope) else { throw TaskConflict.notFound }
        return record.events(after: generation, limit: limit)
    }

    public func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        let below = try query.pageToken.map(PageToken.init(decoding:))?.sequence ?? .max
        let pageSize = min(max(query.pageSize, 1), 100)
        var page: [TimeIndex.Entry] = []
        var total = 0
        var hasMore = false
        self.index.withLock { index in
            guard let scopeIndex = index.scopes[scope] else { return }
            let candidates = scopeIndex.narrowest(for: query)
            candidates.descending(below: below) { entry in
                if let oldest = query.statusAfter, entry.timestamp.isBefore(oldest) { return false }
                guard query.state == nil || query.state == entry.state else { return true }
                if page.count == pageSize {
                    hasMore = true
                    return false
                }
                page.append(entry)
                return true
            }
            // One filter is answered by the size of its index; only combinations need counting.
            let isExact = query.statusAfter == nil && (query.contextID == nil || query.state == nil)
            if isExact {
                total = candidates.count
            } else {
                candidates.descending(below: .max) { entry in
                    if let oldest = query.statusAfter, entry.timestamp.isBefore(oldest) { return false }
                    if query.state == nil || query.state == entry.state { total += 1 }
                    return true
                }
            }
        }
        let tasks = page.compactMap { entry in
            entry.record?.snapshot(
                historyLength: query.historyLength, includeArtifacts: query.includeArtifacts
            ).task
        }
        let next = hasMore ? page.last.map { PageToken(sequence: $0.sequence).encoded } : nil
        return TaskPage(tasks: tasks, next: next, total: total)
    }

    public func removeExpired() async throws {
        let limit = A2ATimestamp(milliseconds: self.wallClock().milliseconds - self.retention.age.milliseconds)
        self.index.withLock { index in
            while let first = index.ended.first, first.at.isBefore(limit) {
                self.removeFirstEnded(from: &index)
            }
        }
    }

    private func record(_ id: String, _ scope: Scope) -> TaskRecord? {
        self.index.withLock { index in
            guard let placed = index.tasks[id], placed.record.scope == scope else { return nil }
            return placed.record
        }
    }

    // MARK: Under the lock

    private func place(
        _ record: TaskRecord, _ appended: Appended, at now: A2ATimestamp, in index: inout Index
    ) {
        let state = appended.state
        index.sequence += 1
        index.tasks[record.id] = Placed(
            record: record, sequence: index.sequence, state: state, generation: appended.generation)
        index.scopes[record.scope, default: ScopeIndex()].append(
            TimeIndex.Entry(
                sequence: index.sequence, record: record, contextID: record.contextID, state: state,
                timestamp: now))
        if state.isTerminal { index.ended.append((record.id, now)) }
    }

    private func unplace(_ id: String, in index: inout Index) {
        guard let placed = index.tasks[id] else { return }
        let record = placed.record
        index.scopes[record.scope]?.remove(placed.sequence, contextID: record.contextID, state: placed.state)
    }

    private func makeRoom(for bytes: Int, in index: inout Index) {
        while !index.ended.isEmpty,
            index.tasks.count >= self.retention.tasks || index.bytes + bytes > self.retention.bytes
        {
            self.removeFirstEnded(from: &index)
        }
    }

    private func removeFirstEnded(from index: inout Index) {
        guard let (id, _) = index.ended.popFirst(), let placed = index.tasks[id] else { return }
        self.unplace(id, in: &index)
        index.tasks[id] = nil
        index.bytes -= placed.record.byteCount
        if index.scopes[placed.record.scope]?.all.count == 0 { index.scopes[placed.record.scope] = nil }
    }
}
