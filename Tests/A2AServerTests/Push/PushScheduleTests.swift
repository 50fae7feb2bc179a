import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Which configuration is served when")
struct PushScheduleTests {
    private typealias Key = PushRegistration.Key
    private let start = ContinuousClock.now

    private static func key(_ id: String, task: String = "task") -> PushRegistration.Key {
        PushRegistration.Key(scope: Scope(), taskID: task, id: id)
    }

    private static func limits(
        _ adjust: (inout PushNotifications.Limits) -> Void = { _ in }
    ) -> PushNotifications.Limits {
        var limits = PushNotifications.Limits()
        adjust(&limits)
        return limits
    }

    /// What is started now, as ids.
    private func starts(_ schedule: inout PushSchedule, now: ContinuousClock.Instant? = nil) -> [String] {
        var ids: [String] = []
        while case .start(let key, _) = schedule.next(now: now ?? self.start) { ids.append(key.id) }
        return ids
    }

    private func grew(_ schedule: inout PushSchedule, _ task: String) -> Bool { schedule.grew(task) }

    private func next(_ schedule: inout PushSchedule, now: ContinuousClock.Instant) -> PushSchedule.Next {
        schedule.next(now: now)
    }

    private func sent(
        _ schedule: inout PushSchedule, of key: Key, to name: String, succeeded: Bool, now: ContinuousClock.Instant,
        random: Double
    ) -> Bool { schedule.sent(of: key, to: name, succeeded: succeeded, now: now, random: random) }

    @Test("a configuration is served once at a time, and again if its task grew meanwhile")
    func oneAtATime() {
        var schedule = PushSchedule(limits: Self.limits())
        let key = Self.key("a")
        schedule.add(key, destination: "x", .idle)
        #expect(self.starts(&schedule) == [])
        #expect(self.grew(&schedule, "task"))
        #expect(!self.grew(&schedule, "task"), "it stands in the queue already")
        #expect(self.starts(&schedule) == ["a"])
        #expect(!self.grew(&schedule, "task"))
        #expect(self.starts(&schedule) == [])
        schedule.finish(key, at: "x", .caughtUp, now: self.start)
        #expect(self.starts(&schedule) == ["a"], "what came meanwhile")
        schedule.finish(key, at: "x", .caughtUp, now: self.start)
        #expect(self.starts(&schedule) == [])
        #expect(!self.grew(&schedule, "other"))
    }

    @Test("destinations take turns, whatever one of them has queued up")
    func turns() {
        var schedule = PushSchedule(limits: Self.limits { $0.concurrentDeliveries = 1 })
        for index in 0..<5 { schedule.add(Self.key("busy\(index)"), destination: "busy", .ready) }
        schedule.add(Self.key("other"), destination: "other", .ready)
        var order: [String] = []
        while case .start(let key, let destination) = schedule.next(now: self.start) {
            order.append(key.id)
            schedule.finish(key, at: destination, .caughtUp, now: self.start)
        }
        #expect(order == ["busy0", "other", "busy1", "busy2", "busy3", "busy4"])
    }

    @Test("neither one destination nor all together have more on their way than allowed")
    func bounds() {
        var schedule = PushSchedule(
            limits: Self.limits {
                $0.concurrentDeliveries = 5
                $0.concurrentDeliveriesPerDestination = 2
            })
        for host in ["x", "y", "z"] {
            for index in 0..<4 { schedule.add(Self.key("\(host)\(index)"), destination: host, .ready) }
        }
        #expect(self.starts(&schedule) == ["x0", "y0", "z0"], "half of the room is for those that have answered")
        for host in ["x", "y", "z"] {
            _ = self.sent(&schedule, of: Self.key(host + "0"), to: host, succeeded: true, now: self.start, random: 0)
        }
        #expect(self.starts(&schedule) == ["x1", "y1"])
        schedule.finish(Self.key("x0"), at: "x", .more, now: self.start)
        #expect(self.starts(&schedule) == ["z1"], "the room of x goes to z, which waits for longer")
        schedule.finish(Self.key("z0"), at: "z", .caughtUp, now: self.start)
        #expect(self.starts(&schedule).count == 1)
        var alone = PushSchedule(limits: Self.limits { $0.concurrentDeliveriesPerDestination = 2 })
        for index in 0..<4 { alone.add(Self.key("\(index)"), destination: "x", .ready) }
        #expect(self.starts(&alone) == ["0", "1"])
    }

    @Test("a failed one waits for its time; the others do not")
    func waits() {
        var schedule = PushSchedule(limits: Self.limits())
        schedule.add(Self.key("a"), destination: "x", .ready)
        schedule.add(Self.key("b"), destination: "x", .waiting(until: self.start + .seconds(9)))
        #expect(self.starts(&schedule) == ["a"])
        schedule.finish(Self.key("a"), at: "x", .retry(at: self.start + .seconds(5)), now: self.start)
        #expect(!self.grew(&schedule, "task"), "it waits, whatever comes")
        #expect(self.next(&schedule, now: self.start) == .wait(until: self.start + .seconds(5)))
        #expect(self.starts(&schedule, now: self.start + .seconds(5)) == ["a"])
        #expect(self.next(&schedule, now: self.start) == .wait(until: self.start + .seconds(9)))
    }

    @Test("a destination that fails again and again is left alone, then tried with one")
    func breaker() {
        var schedule = PushSchedule(
            limits: Self.limits {
                $0.breakerThreshold = 2
                $0.breakerPause = Backoff(base: .seconds(10), limit: .seconds(10))
            })
        for id in ["a", "b", "c", "d"] { schedule.add(Self.key(id), destination: "x", .ready) }
        schedule.add(Self.key("other", task: "other"), destination: "y", .idle)
        guard case .start = schedule.next(now: self.start), case .start = schedule.next(now: self.start) else {
            Issue.record("should start two")
            return
        }
        for id in ["a", "b"] {
            let hasOpened = schedule.sent(
                of: Self.key(id), to: "x", succeeded: false, now: self.start, random: 1)
            #expect(hasOpened == (id == "b"))
            schedule.finish(Self.key(id), at: "x", .retry(at: self.start + .seconds(1)), now: self.start)
        }
        let pause = self.start + .seconds(10)
        #expect(self.starts(&schedule, now: self.start + .seconds(5)) == [])
        #expect(self.next(&schedule, now: self.start + .seconds(5)) == .wait(until: pause))
        #expect(self.grew(&schedule, "other"))
        #expect(self.starts(&schedule, now: self.start + .seconds(5)) == ["other"])
        #expect(self.starts(&schedule, now: pause) == ["c"], "one probe")
        #expect(!self.sent(&schedule, of: Self.key("c"), to: "x", succeeded: true, now: pause, random: 1))
        schedule.finish(Self.key("c"), at: "x", .caughtUp, now: pause)
        #expect(Set(self.starts(&schedule, now: pause)) == ["a", "b", "d"])
    }

    @Test("while one is on its way as the probe, the end of another that began earlier lets no second one through")
    func oneProbe() {
        var schedule = PushSchedule(
            limits: Self.limits {
                $0.breakerThreshold = 1
                $0.breakerPause = Backoff(base: .seconds(10), limit: .seconds(10))
            })
        for id in ["a", "b"] { schedule.add(Self.key(id), destination: "x", .ready) }
        guard case .start(Self.key("a"), _) = schedule.next(now: self.start),
            case .start(Self.key("b"), _) = schedule.next(now: self.start)
        else {
            Issue.record("should start two")
            return
        }
        for id in ["c", "d"] { schedule.add(Self.key(id), destination: "x", .ready) }
        let pause = self.start + .seconds(10)
        #expect(self.sent(&schedule, of: Self.key("a"), to: "x", succeeded: false, now: self.start, random: 1))
        schedule.finish(Self.key("a"), at: "x", .ended, now: self.start)
        #expect(self.starts(&schedule, now: pause) == ["c"], "the probe")
        schedule.finish(Self.key("b"), at: "x", .ended, now: pause)
        #expect(self.starts(&schedule, now: pause) == [], "the probe is still on its way")
        // It has sent nothing: another one is the probe.
        schedule.finish(Self.key("c"), at: "x", .ended, now: pause)
        #expect(self.starts(&schedule, now: pause) == ["d"])
    }

    @Test("while one is on its way as the probe, the failure of another that began earlier begins no new pause")
    func olderFailure() {
        var schedule = PushSchedule(
            limits: Self.limits {
                $0.breakerThreshold = 1
                $0.breakerPause = Backoff(base: .seconds(10), limit: .seconds(80))
            })
        for id in ["a", "b"] { schedule.add(Self.key(id), destination: "x", .ready) }
        #expect(self.starts(&schedule) == ["a", "b"])
        for id in ["c", "d"] { schedule.add(Self.key(id), destination: "x", .ready) }
        #expect(self.sent(&schedule, of: Self.key("a"), to: "x", succeeded: false, now: self.start, random: 1))
        schedule.finish(Self.key("a"), at: "x", .ended, now: self.start)
        let pause = self.start + .seconds(10)
        #expect(self.starts(&schedule, now: pause) == ["c"], "the probe")
        #expect(!self.sent(&schedule, of: Self.key("b"), to: "x", succeeded: false, now: pause, random: 1))
        schedule.finish(Self.key("b"), at: "x", .ended, now: pause)
        #expect(self.starts(&schedule, now: pause + .seconds(100)) == [], "the probe is still on its way")
        #expect(!self.sent(&schedule, of: Self.key("c"), to: "x", succeeded: false, now: pause, random: 1))
        schedule.finish(Self.key("c"), at: "x", .ended, now: pause)
        #expect(self.next(&schedule, now: pause) == .wait(until: pause + .seconds(20)), "the second pause")
        #expect(self.starts(&schedule, now: pause + .seconds(20)) == ["d"])
    }

    @Test("a destination that is there again is not waited for")
    func reachable() {
        var schedule = PushSchedule(limits: Self.limits { $0.breakerThreshold = 1 })
        for id in ["a", "b"] { schedule.add(Self.key(id), destination: "x", .ready) }
        guard case .start(let key, _) = schedule.next(now: self.start) else { return }
        _ = schedule.sent(of: key, to: "x", succeeded: false, now: self.start, random: 1)
        schedule.finish(key, at: "x", .retry(at: self.start + .seconds(100)), now: self.start)
        #expect(self.starts(&schedule) == [])
        schedule.reachable("x")
        schedule.reachable("nobody")
        #expect(Set(self.starts(&schedule)) == ["a", "b"])
    }

    @Test("what is removed is not served, and what is added again is, with its new destination")
    func removeAndAdd() {
        var schedule = PushSchedule(limits: Self.limits())
        for id in ["a", "b"] { schedule.add(Self.key(id), destination: "x", .ready) }
        schedule.remove(Self.key("a"))
        #expect(self.starts(&schedule) == ["b"])
        schedule.add(Self.key("b"), destination: "y", .ready)
        #expect(self.starts(&schedule) == [], "it is on its way to x")
        schedule.finish(Self.key("b"), at: "x", .ended, now: self.start)
        #expect(self.next(&schedule, now: self.start) == .start(Self.key("b"), destination: "y"))
        schedule.remove(Self.key("b"))
        schedule.finish(Self.key("b"), at: "y", .more, now: self.start)
        #expect(schedule.laneCount == 0)
        #expect(self.next(&schedule, now: self.start) == .wait(until: nil))
    }

    @Test("one that was replaced while it failed is tried at once")
    func replacedWhileFailing() {
        var schedule = PushSchedule(limits: Self.limits())
        schedule.add(Self.key("a"), destination: "x", .ready)
        #expect(self.starts(&schedule) == ["a"])
        schedule.add(Self.key("a"), destination: "x", .ready)
        schedule.finish(Self.key("a"), at: "x", .retry(at: self.start + .seconds(100)), now: self.start)
        #expect(self.starts(&schedule) == ["a"])
    }

    /// Random comings and goings against what must always hold.
    @Test("in any order of events, limits hold and everything that is ready is served")
    func model() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        var schedule = PushSchedule(
            limits: Self.limits {
                $0.concurrentDeliveries = 4
                $0.concurrentSlowDeliveries = 1
                $0.concurrentDeliveriesPerDestination = 2
                $0.breakerThreshold = 3
                $0.breakerPause = Backoff(base: .seconds(3), limit: .seconds(10))
            })
        var now = self.start
        var running: [PushRegistration.Key: String] = [:]
        for _ in 0..<20_000 {
            let key = Self.key(
                "\(Int.random(in: 0..<12, using: &random))", task: "\(Int.random(in: 0..<3, using: &random))")
            switch Int.random(in: 0..<8, using: &random) {
            case 0: schedule.add(key, destination: ["x", "y", "z"].randomElement(using: &random) ?? "x", .ready)
            case 1: schedule.remove(key)
            case 2: _ = schedule.grew(key.taskID)
            case 3: now += .milliseconds(Int.random(in: 0..<2000, using: &random))
            case 4, 5:
                while case .start(let key, let destination) = schedule.next(now: now) {
                    #expect(running[key] == nil, "served twice at a time (seed \(seed))")
                    running[key] = destination
                    #expect(running.count <= 5 && running.values.count { $0 == destination } <= 2, "seed \(seed)")
                }
            default:
                guard let (key, destination) = running.randomElement(using: &random) else { continue }
                running[key] = nil
                let succeeded = Bool.random(using: &random)
                if Bool.random(using: &random) {
                    _ = schedule.sent(
                        of: key, to: destination, succeeded: succeeded, now: now,
                        random: Double.random(in: 0..<1, using: &random))
                }
                let finish: PushSchedule.Finish =
                    [.caughtUp, .more, .ended, .retry(at: now + .seconds(1))].randomElement(using: &random) ?? .more
                schedule.finish(key, at: destination, finish, now: now)
            }
        }
        // In the end everything that is there gets its turn.
        for key in Array(running.keys) { schedule.finish(key, at: running[key] ?? "", .caughtUp, now: now) }
        for task in 0..<3 {
            for id in 0..<12 { schedule.add(Self.key("\(id)", task: "\(task)"), destination: "x", .ready) }
        }
        var served: Set<PushRegistration.Key> = []
        for _ in 0..<1_000 {
            now += .seconds(1)
            while case .start(let key, let destination) = schedule.next(now: now) {
                served.insert(key)
                _ = schedule.sent(of: key, to: destination, succeeded: true, now: now, random: 0)
                schedule.finish(key, at: destination, .caughtUp, now: now)
            }
        }
        #expect(served.count == 36, "seed \(seed)")
        #expect(schedule.isQuiet(now: now), "seed \(seed)")
    }
}
