import A2A
import DequeModule
import HeapModule

/// Which configuration is served when. A pure value: ``PushDeliverer`` acts on its decisions.
///
/// Each configuration is a lane with one delivery at a time, so its notifications stay in order. Lanes with something to send queue
/// up at their destination, and destinations take turns, so that neither a busy nor a dead one holds up another; ``PushSlots`` counts.
///
/// ```
///          grew                start                 caught up
///   idle ───────▶ queued ───────────────▶ running ─────────────▶ idle
///                   ▲  ▲   more to send      │ failed
///          time, or │  └─────────────────────┤
///    a wake-up call └──────── waiting ◀──────┘
/// ```
struct PushSchedule: Sendable {
    typealias Key = PushRegistration.Key
    typealias Instant = ContinuousClock.Instant

    private enum Phase: Equatable {
        case idle
        case queued
        case running
        case waiting(until: Instant)
    }

    private struct Lane {
        var destination: String
        var phase: Phase
        /// Something came while it was running.
        var isDirty = false
        /// It was removed while it was running.
        var isRemoved = false
        /// It was added again while it was running: wherever that delivery leaves it, it begins anew.
        var isRenewed = false
    }

    private struct Destination {
        var queue: Deque<Key> = []
        var lanes: Set<Key> = []
        var running = 0
        var breaker = CircuitBreaker()
        /// The lane whose delivery the breaker let through to see whether the destination has recovered.
        var probe: Key?
        /// Whether it stands in the rotation, and there among the trusted ones or the others.
        var isInRotation = false
        var isInRotationTrusted = false
        /// Until when its breaker keeps it out of the rotation.
        var parkedUntil: Instant?
    }

    private struct Alarm: Comparable {
        enum Subject: Equatable {
            case lane(Key)
            case destination(String)
        }
        var at: Instant
        var subject: Subject

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.at < rhs.at }
    }

    private let limits: PushNotifications.Limits
    private var lanes: [Key: Lane] = [:]
    private var lanesOfTask: [String: Set<Key>] = [:]
    private var destinations: [String: Destination] = [:]
    /// The destinations that have queued lanes and may take one, in turn.
    private var rotation = PushRotation()
    private var alarms = Heap<Alarm>()
    private var slots: PushSlots

    init(limits: PushNotifications.Limits) {
        self.limits = limits
        self.slots = PushSlots(limits: limits)
    }

    var laneCount: Int { self.lanes.count }

    /// The circuit breaker of a destination, as far as it is known here.
    func breaker(of destination: String) -> CircuitBreaker {
        self.destinations[destination]?.breaker ?? CircuitBreaker()
    }

    /// Whether nothing is on its way or could be sent now.
    func isQuiet(now: Instant) -> Bool {
        guard self.slots.count == 0 else { return false }
        return self.rotation.allSatisfy { self.destinations[$0]?.queue.isEmpty ?? true }
    }

    // MARK: Lanes come and go

    enum Start {
        /// Nothing to send before the task's log grows.
        case idle
        /// There may be something to send.
        case ready
        /// There is, but not before a time.
        case waiting(until: Instant)
    }

    /// Whether there is a lane.
    func has(_ key: Key) -> Bool { self.lanes[key] != nil }

    /// Adds a lane, or brings one up to date whose configuration was replaced.
    mutating func add(_ key: Key, destination: String, _ start: Start) {
        if var lane = self.lanes[key] {
            if lane.phase == .running {
                // It moves to its new destination when it is through.
                lane.isRenewed = true
                lane.isRemoved = false
                lane.destination = destination
                self.lanes[key] = lane
                return
            }
            self.drop(key, lane)
        }
        self.lanes[key] = Lane(destination: destination, phase: .idle)
        self.lanesOfTask[key.taskID, default: []].insert(key)
        self.destinations[destination, default: Destination()].lanes.insert(key)
        switch start {
        case .idle: break
        case .ready: self.enqueue(key)
        case .waiting(let until): self.wait(key, until: until)
        }
    }

    mutating func remove(_ key: Key) {
        guard let lane = self.lanes[key] else { return }
        if lane.phase == .running {
            self.lanes[key]?.isRemoved = true
            self.lanes[key]?.isRenewed = false
        } else {
            self.drop(key, lane)
        }
    }

    /// The log of a task has grown.
    ///
    /// - Returns: Whether there is something to start.
    mutating func grew(_ taskID: String) -> Bool {
        guard let keys = self.lanesOfTask[taskID] else { return false }
        var isNews = false
        for key in keys {
            switch self.lanes[key]?.phase {
            case .idle?:
                self.enqueue(key)
                isNews = true
            case .running?: self.lanes[key]?.isDirty = true
            case .queued?, .waiting?, nil: break
            }
        }
        return isNews
    }

    /// A destination is there again: what waits for it need not wait longer.
    mutating func reachable(_ name: String) {
        guard let lanes = self.destinations[name]?.lanes else { return }
        self.destinations[name]?.breaker.reset()
        self.destinations[name]?.parkedUntil = nil
        for key in lanes {
            switch self.lanes[key]?.phase {
            case .waiting?: self.enqueue(key)
            // It may be about to fail for the reason that has just gone.
            case .running?: self.lanes[key]?.isRenewed = true
            case .idle?, .queued?, nil: break
            }
        }
        self.rotate(name)
    }

    // MARK: What to do

    enum Next: Equatable {
        case start(Key, destination: String)
        /// Nothing to do before a time, or before something happens.
        case wait(until: Instant?)
    }

    mutating func next(now: Instant) -> Next {
        self.ring(now: now)
        self.slots.age(now: now)
        while let (name, isTrusted) = self.rotation.next(self.slots) {
            self.destinations[name]?.isInRotation = false
            guard isTrusted == self.slots.isTrusted(name) else {
                // What is known of it has changed since it was queued.
                self.rotate(name)
                continue
            }
            guard let destination = self.destinations[name], !destination.queue.isEmpty,
                destination.running < max(1, self.limits.concurrentDeliveriesPerDestination)
            else { continue }  // It comes back when a lane is queued, or one of its deliveries ends.
            switch self.destinations[name]?.breaker.admit(now: now) ?? .go {
            case .waitForProbe: continue
            case .waitUntil(let time):
                self.destinations[name]?.parkedUntil = time
                self.setAlarm(Alarm(at: time, subject: .destination(name)))
                continue
            case .go: break
            }
            guard let key = self.destinations[name]?.queue.popFirst() else { continue }
            self.destinations[name]?.running += 1
            if self.destinations[name]?.breaker.isProbing == true { self.destinations[name]?.probe = key }
            self.slots.start(key, to: name, now: now)
            self.lanes[key]?.phase = .running
            self.lanes[key]?.isDirty = false
            self.rotate(name)
            return .start(key, destination: name)
        }
        // Those that wait for room get it when one that is on its way takes long.
        let room = self.rotation.isEmpty ? nil : self.slots.nextAging
        return .wait(until: [self.alarms.min?.at, room].compactMap(\.self).min())
    }

    /// A send of a lane's delivery was answered.
    ///
    /// - Returns: Whether the circuit breaker has opened just now.
    mutating func sent(of key: Key, to name: String, succeeded: Bool, now: Instant, random: Double) -> Bool {
        guard let destination = self.destinations[name] else { return false }
        self.slots.answered(name, succeeded: succeeded)
        self.promote(name)
        guard succeeded else {
            return self.destinations[name]?.breaker.failed(
                isProbe: destination.probe == key, now: now, threshold: self.limits.breakerThreshold,
                pause: self.limits.breakerPause, random: random) ?? false
        }
        self.destinations[name]?.breaker.succeeded()
        return false
    }

    enum Finish: Equatable {
        /// Everything that the log has is delivered.
        case caughtUp
        /// There may be more, but others have a turn first.
        case more
        /// The next notification is tried again then.
        case retry(at: Instant)
        /// The configuration has nothing more to send, or is gone.
        case ended
    }

    /// A delivery has ended.
    ///
    /// - Parameter name: The destination that it went to; the configuration may have another one by now.
    mutating func finish(_ key: Key, at name: String, _ finish: Finish, now: Instant) {
        self.slots.end(key)
        self.destinations[name]?.running -= 1
        if self.destinations[name]?.probe == key {
            self.destinations[name]?.probe = nil
            self.destinations[name]?.breaker.released(now: now)
        }
        if var lane = self.lanes[key], lane.phase == .running {
            let isRenewed = lane.isRenewed
            lane.phase = .idle
            lane.isRenewed = false
            self.lanes[key] = lane
            if lane.destination != name {
                self.destinations[name]?.lanes.remove(key)
                self.destinations[lane.destination, default: Destination()].lanes.insert(key)
            }
            if lane.isRemoved || (finish == .ended && !isRenewed) {
                self.drop(key, lane)
            } else if isRenewed || finish == .more || (finish == .caughtUp && lane.isDirty) {
                self.enqueue(key)
            } else if case .retry(let time) = finish {
                self.wait(key, until: time)
            }
        }
        self.promote(name)
        self.rotate(name)
        self.forget(name)
    }

    // MARK: Inside

    /// Lets a destination that is trusted by now wait among the trusted ones.
    private mutating func promote(_ name: String) {
        guard let place = self.destinations[name], place.isInRotation, !place.isInRotationTrusted,
            self.slots.isTrusted(name)
        else { return }
        self.rotation.removeFromOthers(name)
        self.destinations[name]?.isInRotation = false
        self.rotate(name)
    }

    private mutating func enqueue(_ key: Key) {
        guard let lane = self.lanes[key], lane.phase != .queued, lane.phase != .running else { return }
        self.lanes[key]?.phase = .queued
        self.destinations[lane.destination]?.queue.append(key)
        self.rotate(lane.destination)
    }

    private mutating func wait(_ key: Key, until time: Instant) {
        self.lanes[key]?.phase = .waiting(until: time)
        self.setAlarm(Alarm(at: time, subject: .lane(key)))
    }

    /// Puts a destination into the rotation, if it has something to send and is not left alone.
    private mutating func rotate(_ name: String) {
        guard let destination = self.destinations[name], !destination.isInRotation, destination.parkedUntil == nil,
            !destination.queue.isEmpty
        else { return }
        let isTrusted = self.slots.isTrusted(name)
        self.destinations[name]?.isInRotation = true
        self.destinations[name]?.isInRotationTrusted = isTrusted
        self.rotation.append(name, isTrusted: isTrusted)
    }

    /// Takes a lane that is not running out of everything.
    private mutating func drop(_ key: Key, _ lane: Lane) {
        self.lanes[key] = nil
        self.lanesOfTask[key.taskID]?.remove(key)
        if self.lanesOfTask[key.taskID]?.isEmpty == true { self.lanesOfTask[key.taskID] = nil }
        if lane.phase == .queued { self.destinations[lane.destination]?.queue.removeAll { $0 == key } }
        self.destinations[lane.destination]?.lanes.remove(key)
        self.forget(lane.destination)
    }

    /// Forgets a destination that nobody uses; one in trouble is remembered for as long as it is left alone.
    private mutating func forget(_ name: String) {
        guard let destination = self.destinations[name], destination.lanes.isEmpty, destination.running <= 0,
            destination.parkedUntil == nil
        else { return }
        self.destinations[name] = nil
    }

    /// Handles the alarms that are due.
    private mutating func ring(now: Instant) {
        while let alarm = self.alarms.min, alarm.at <= now {
            _ = self.alarms.popMin()
            switch alarm.subject {
            case .lane(let key):
                if self.lanes[key]?.phase == .waiting(until: alarm.at) { self.enqueue(key) }
            case .destination(let name):
                guard self.destinations[name]?.parkedUntil == alarm.at else { continue }
                self.destinations[name]?.parkedUntil = nil
                self.rotate(name)
                self.forget(name)
            }
        }
    }

    /// The alarms of lanes that are gone stay until they are due; they may not pile up beyond measure.
    private mutating func setAlarm(_ alarm: Alarm) {
        self.alarms.insert(alarm)
        guard self.alarms.count > 64 + 2 * (self.lanes.count + self.destinations.count) else { return }
        let valid = self.alarms.unordered.filter { alarm in
            switch alarm.subject {
            case .lane(let key): self.lanes[key]?.phase == .waiting(until: alarm.at)
            case .destination(let name): self.destinations[name]?.parkedUntil == alarm.at
            }
        }
        self.alarms = Heap(valid)
    }
}
