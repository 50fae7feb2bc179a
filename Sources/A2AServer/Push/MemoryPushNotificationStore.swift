public import A2A
import DequeModule
import Synchronization

/// Push notification configurations in memory. Nothing survives the process; everything is bounded.
public final class MemoryPushNotificationStore: PushNotificationStore {
    /// What the store keeps, and for how long.
    public struct Retention: Sendable {
        /// The most configurations of one task. Default 16.
        public var registrationsPerTask = 16
        /// The most configurations. When they are reached, the one that was finished or given up first goes; if none was, a new one
        /// is refused. Default 100 000.
        public var registrations = 100_000
        /// The most bytes of all of them together, as estimated; beyond, the same happens. Default 64 MiB.
        public var bytes = 64 << 20
        /// How long a configuration is kept after it was finished or given up. Default 24 hours.
        public var age: Duration = .seconds(24 * 3600)

        public init() {}
    }

    fileprivate typealias Key = PushRegistration.Key

    fileprivate struct TaskKey: Hashable {
        var scope: Scope
        var taskID: String
    }

    fileprivate struct Entry {
        var registration: PushRegistration
        /// Its place in the order of all; stays when it is replaced.
        var sequence: Int64
    }

    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        /// The ids of each task's, in the order in which they were made.
        var tasks: [TaskKey: [String]] = [:]
        /// All of them in that order; a key that was removed leaves a hole.
        var order: Deque<(sequence: Int64, key: Key?)> = []
        /// Those that ended, first ended first. One that was revived or removed since is passed over.
        var ended: Deque<(key: Key, revision: Int64, at: A2ATimestamp)> = []
        var nextSequence: Int64 = 1
        var nextRevision: Int64 = 1
        var bytes = 0
    }

    private let retention: Retention
    private let wallClock: @Sendable () -> A2ATimestamp
    private let state = Mutex(State())

    /// - Parameter wallClock: The time from which ages are counted.
    public init(
        retention: Retention = .init(), wallClock: @escaping @Sendable () -> A2ATimestamp = { .now }
    ) {
        self.retention = retention
        self.wallClock = wallClock
    }

    /// How many configurations the store holds, over all scopes.
    public var count: Int { self.state.withLock { $0.entries.count } }

    public func put(_ registration: PushRegistration) async throws -> PushRegistration {
        let key = registration.key
        return try self.state.withLock { state in
            var new = registration
            let old = state.entries[key]
            if let old { new = registration.replacing(old.registration) }
            let growth = new.approximateByteCount - (old?.registration.approximateByteCount ?? 0)
            if old == nil {
                let siblings = state.tasks[TaskKey(scope: key.scope, taskID: key.taskID)]?.count ?? 0
                guard siblings < self.retention.registrationsPerTask else {
                    throw PushRegistration.taskIsFull(limit: self.retention.registrationsPerTask)
                }
            }
            state.makeRoom(registrations: old == nil ? 1 : 0, bytes: growth, keeping: key, self.retention)
            guard state.entries.count + (old == nil ? 1 : 0) <= self.retention.registrations,
                state.bytes + growth <= self.retention.bytes
            else { throw PushRegistration.storeIsFull }
            new.revision = state.nextRevision
            state.nextRevision += 1
            state.bytes += growth
            if let old {
                state.entries[key] = Entry(registration: new, sequence: old.sequence)
            } else {
                state.entries[key] = Entry(registration: new, sequence: state.nextSequence)
                state.order.append((state.nextSequence, key))
                state.nextSequence += 1
                state.tasks[TaskKey(scope: key.scope, taskID: key.taskID), default: []].append(key.id)
            }
            return new
        }
    }

    public func registration(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        self.state.withLock { $0.entries[key]?.registration }
    }

    public func list(
        ofTask taskID: String, in scope: Scope, pageSize: Int, pageToken: String?
    ) async throws -> PushRegistrationPage {
        let after = try PushPageToken.sequence(pageToken)
        return self.state.withLock { state in
            let ids = state.tasks[TaskKey(scope: scope, taskID: taskID)] ?? []
            let rest = ids.compactMap { state.entries[Key(scope: scope, taskID: taskID, id: $0)] }
                .drop { $0.sequence <= after }
            return Self.page(rest.prefix(max(1, pageSize) + 1), pageSize)
        }
    }

    public func remove(_ key: PushRegistration.Key) async throws -> Bool {
        self.state.withLock { $0.remove(key) }
    }

    public func record(
        _ progress: PushProgress, for key: PushRegistration.Key, revision: Int64
    ) async throws -> Bool {
        self.state.withLock { state in
            guard let entry = state.entries[key], entry.registration.revision == revision else { return false }
            state.entries[key]?.registration.progress = progress
            if progress.state != .active, entry.registration.progress.state == .active {
                state.ended.append((key, revision, self.wallClock()))
            }
            return true
        }
    }

    public func reviveGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> PushRegistration? {
        self.state.withLock { state in
            guard var registration = state.givenUp(key, revision: revision) else { return nil }
            registration.progress.revive()
            registration.revision = state.nextRevision
            state.nextRevision += 1
            state.entries[key]?.registration = registration
            return registration
        }
    }

    public func removeGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        self.state.withLock { state in
            state.givenUp(key, revision: revision) != nil && state.remove(key)
        }
    }

    public func scan(
        state wanted: PushProgress.State?, pageSize: Int, pageToken: String?
    ) async throws -> PushRegistrationPage {
        let after = try PushPageToken.sequence(pageToken)
        return self.state.withLock { state in
            var found: [Entry] = []
            for place in state.order[state.position(after: after)...] {
                guard let key = place.key, let entry = state.entries[key] else { continue }
                if let wanted, entry.registration.progress.state != wanted { continue }
                found.append(entry)
                if found.count > max(1, pageSize) { break }
            }
            return Self.page(found[...], pageSize)
        }
    }

    public func removeExpired() async throws {
        let limit = A2ATimestamp(milliseconds: self.wallClock().milliseconds - self.retention.age.milliseconds)
        self.state.withLock { state in
            while let first = state.ended.first, first.at.isBefore(limit) { state.removeFirstEnded() }
        }
    }

    // MARK: Pages

    /// A page of entries, of which there is one more than fits if more follow.
    private static func page(_ entries: ArraySlice<Entry>, _ pageSize: Int) -> PushRegistrationPage {
        let shown = entries.prefix(max(1, pageSize))
        let next = shown.count < entries.count ? shown.last.map { $0.sequence } : nil
        return PushRegistrationPage(
            registrations: shown.map(\.registration),
            next: next.map { PushPageToken.text($0) })
    }
}

// MARK: - Under the lock

extension MemoryPushNotificationStore.State {
    mutating func remove(_ key: PushRegistration.Key) -> Bool {
        guard let entry = self.entries.removeValue(forKey: key) else { return false }
        self.bytes -= entry.registration.approximateByteCount
        let taskKey = MemoryPushNotificationStore.TaskKey(scope: key.scope, taskID: key.taskID)
        self.tasks[taskKey]?.removeAll { $0 == key.id }
        if self.tasks[taskKey]?.isEmpty == true { self.tasks[taskKey] = nil }
        let position = self.position(after: entry.sequence - 1)
        if position < self.order.count, self.order[position].sequence == entry.sequence {
            self.order[position].key = nil
        }
        while let first = self.order.first, first.key == nil { self.order.removeFirst() }
        if self.order.count > 64, self.entries.count * 2 < self.order.count {
            self.order.removeAll { $0.key == nil }
        }
        return true
    }

    /// The first place in the order with a larger sequence.
    func position(after sequence: Int64) -> Int {
        var low = 0
        var high = self.order.count
        while low < high {
            let middle = low + (high - low) / 2
            if self.order[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A registration, if it is this one still and given up.
    func givenUp(_ key: PushRegistration.Key, revision: Int64) -> PushRegistration? {
        guard let registration = self.entries[key]?.registration, registration.revision == revision,
            registration.progress.state == .dead
        else { return nil }
        return registration
    }

    mutating func makeRoom(
        registrations: Int, bytes: Int, keeping key: PushRegistration.Key,
        _ retention: MemoryPushNotificationStore.Retention
    ) {
        while let first = self.ended.first, first.key != key,
            self.entries.count + registrations > retention.registrations || self.bytes + bytes > retention.bytes
        {
            self.removeFirstEnded()
        }
    }

    mutating func removeFirstEnded() {
        guard let first = self.ended.popFirst(), let entry = self.entries[first.key],
            entry.registration.revision == first.revision
        else { return }
        _ = self.remove(first.key)
    }
}
