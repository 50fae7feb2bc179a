public import A2A
import DequeModule
import SwiftProtobuf
import Synchronization

/// Task logs in memory. Nothing survives the process; everything is bounded.
///
/// A chunk locks its task only. A change of status also moves the task in the indexes, under one lock of the store (which
/// is taken before the task's), in time that does not grow with the number of tasks.
public final class MemoryTaskStore: TaskStore {
    /// What the store keeps, and for how long.
    public typealias Retention = TaskRetention

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

        /// Counts bytes that a task has taken, or given back when negative, unless it was removed meanwhile.
        mutating func count(_ delta: Int, for id: String) {
            guard self.tasks[id] != nil else { return }
            self.tasks[id]?.bytes += delta
            self.bytes += delta
        }
    }

    /// A task and its place in the indexes.
    private struct Placed {
        var record: TaskRecord
        var sequence: Int64
        var state: A2ATaskState
        /// What the task contributes to the byte count of the store.
        var bytes: Int
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

    /// About how many bytes all tasks take together.
    public var byteCount: Int { self.index.withLock { $0.bytes } }

    public func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        // Time, record and place in the indexes are one step, so that the order of places is the order of timestamps.
        try self.index.withLock { index in
            guard index.tasks[task.id] == nil else { throw TaskConflict.exists }
            let now = index.stamp(self.wallClock())
            var first = task
            first.status.timestamp = now
            let record = TaskRecord(task: first, scope: scope)
            guard record.contentByteCount <= self.retention.bytesPerTask else {
                throw TaskRetention.taskTooLarge(self.retention.bytesPerTask)
            }
            var appended = Appended(generation: 1, state: task.status.state, fence: 1)
            if !changes.isEmpty {
                appended =
                    try record.append(changes, condition: .init(), retention: self.retention, now: now).appended
            }
            let bytes = record.byteCount
            self.makeRoom(tasks: 1, bytes: bytes, in: &index)
            guard index.tasks.count < self.retention.tasks, index.bytes + bytes <= self.retention.bytes else {
                throw TaskRetention.full
            }
            index.bytes += bytes
            self.place(record, bytes: bytes, state: appended.state, at: now, in: &index)
            return CreatedTask(first: first, appended: appended)
        }
    }

    public func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        let growth = changes.mostGrowth
        guard changes.contains(where: \.setsStatus) else {
            let (record, now) = try self.index.withLock { index in
                let placed = try self.find(id, scope, roomFor: growth, in: &index)
                return (placed.record, index.stamp(self.wallClock()))
            }
            let outcome = try record.append(changes, condition: condition, retention: self.retention, now: now)
            if outcome.byteDelta != 0 { self.index.withLock { $0.count(outcome.byteDelta, for: id) } }
            return outcome.appended
        }
        // A status, its time and its place in the indexes are one step.
        return try self.index.withLock { index in
            let placed = try self.find(id, scope, roomFor: growth, in: &index)
            let now = index.stamp(self.wallClock())
            let outcome = try placed.record.append(
                changes, condition: condition, retention: self.retention, now: now)
            index.count(outcome.byteDelta, for: id)
            self.place(
                placed.record, bytes: placed.bytes + outcome.byteDelta, state: outcome.appended.state, at: now,
                replacing: placed, in: &index)
            return outcome.appended
        }
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
        let tasks = page.compactMap { entry -> A2ATask? in
            let snapshot = entry.record?.snapshot(
                historyLength: query.historyLength, includeArtifacts: query.includeArtifacts)
            var task = snapshot?.task
            task?.generation = snapshot?.generation ?? 0
            // It may have changed since the lock; then it is at the front now and no longer belongs here.
            return query.state == nil || task?.status.state == query.state ? task : nil
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

    /// The place of a task that is about to grow.
    private func find(_ id: String, _ scope: Scope, roomFor bytes: Int, in index: inout Index) throws -> Placed {
        guard let placed = index.tasks[id], placed.record.scope == scope else { throw TaskConflict.notFound }
        guard bytes > 0, !placed.state.isTerminal else { return placed }
        self.makeRoom(tasks: 0, bytes: bytes, in: &index)
        guard index.bytes + bytes <= self.retention.bytes else { throw TaskRetention.full }
        return placed
    }

    private func place(
        _ record: TaskRecord, bytes: Int, state: A2ATaskState, at now: A2ATimestamp, replacing old: Placed? = nil,
        in index: inout Index
    ) {
        index.sequence += 1
        index.tasks[record.id] = Placed(record: record, sequence: index.sequence, state: state, bytes: bytes)
        let entry = TimeIndex.Entry(
            sequence: index.sequence, record: record, contextID: record.contextID, state: state, timestamp: now)
        if let old {
            index.scopes[record.scope, default: ScopeIndex()].move(old.sequence, in: old.state, to: entry)
        } else {
            index.scopes[record.scope, default: ScopeIndex()].append(entry)
        }
        if state.isTerminal { index.ended.append((record.id, now)) }
    }

    private func unplace(_ id: String, in index: inout Index) {
        guard let placed = index.tasks[id] else { return }
        let record = placed.record
        index.scopes[record.scope]?.remove(placed.sequence, contextID: record.contextID, state: placed.state)
    }

    private func makeRoom(tasks: Int, bytes: Int, in index: inout Index) {
        while !index.ended.isEmpty,
            index.tasks.count + tasks > self.retention.tasks || index.bytes + bytes > self.retention.bytes
        {
            self.removeFirstEnded(from: &index)
        }
    }

    private func removeFirstEnded(from index: inout Index) {
        guard let (id, _) = index.ended.popFirst(), let placed = index.tasks[id] else { return }
        self.unplace(id, in: &index)
        index.tasks[id] = nil
        index.bytes -= placed.bytes
        if index.scopes[placed.record.scope]?.all.count == 0 { index.scopes[placed.record.scope] = nil }
    }
}
