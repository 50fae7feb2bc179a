import A2A
import Testing

@testable import A2AServer

@Suite("How much room dead webhooks leave to the others")
struct PushSlotsTests {
    private let start = ContinuousClock.now

    private static func key(_ id: String) -> PushRegistration.Key {
        PushRegistration.Key(scope: Scope(), taskID: "task", id: id)
    }

    private static var limits: PushNotifications.Limits {
        var limits = PushNotifications.Limits()
        limits.concurrentDeliveries = 4
        limits.concurrentSlowDeliveries = 3
        return limits
    }

    private func starts(_ schedule: inout PushSchedule, after seconds: Int) -> [String] {
        var ids: [String] = []
        while case .start(let key, _) = schedule.next(now: self.start + .seconds(seconds)) { ids.append(key.id) }
        return ids
    }

    @Test("one that has answered is served at once, however many others hang")
    func trusted() {
        var schedule = PushSchedule(limits: Self.limits)
        schedule.add(Self.key("live"), destination: "live", .ready)
        #expect(self.starts(&schedule, after: 0) == ["live"])
        _ = schedule.sent(of: Self.key("live"), to: "live", succeeded: true, now: self.start, random: 0)
        schedule.finish(Self.key("live"), at: "live", .caughtUp, now: self.start)
        for index in 0..<20 { schedule.add(Self.key("\(index)"), destination: "dead\(index)", .ready) }
        var served = 0
        for seconds in 0..<20 {
            _ = self.starts(&schedule, after: seconds)
            let isNews = schedule.grew("task")
            #expect(isNews)
            #expect(self.starts(&schedule, after: seconds) == ["live"], "after \(seconds) s")
            schedule.finish(Self.key("live"), at: "live", .caughtUp, now: self.start + .seconds(seconds))
            served += 1
        }
        #expect(served == 20)
    }

    @Test("one that fails while it is queued waits among those that have not answered")
    func distrusted() {
        var schedule = PushSchedule(limits: Self.limits)
        schedule.add(Self.key("a"), destination: "x", .ready)
        #expect(self.starts(&schedule, after: 0) == ["a"])
        _ = schedule.sent(of: Self.key("a"), to: "x", succeeded: true, now: self.start, random: 0)
        schedule.finish(Self.key("a"), at: "x", .more, now: self.start)
        #expect(self.starts(&schedule, after: 0) == ["a"])
        for id in ["0", "1", "2"] { schedule.add(Self.key(id), destination: "dead\(id)", .ready) }
        #expect(self.starts(&schedule, after: 0).count == 2, "half of the room")
        schedule.add(Self.key("b"), destination: "x", .ready)
        _ = schedule.sent(of: Self.key("a"), to: "x", succeeded: false, now: self.start, random: 0)
        #expect(self.starts(&schedule, after: 0) == [])
        _ = schedule.sent(of: Self.key("a"), to: "x", succeeded: true, now: self.start, random: 0)
        #expect(self.starts(&schedule, after: 0) == ["b"])
    }

    @Test("those that have answered and the others take turns, while there is room for both")
    func turns() {
        var rotation = PushRotation()
        for index in 0..<3 { rotation.append("live\(index)", isTrusted: true) }
        for index in 0..<3 { rotation.append("new\(index)", isTrusted: false) }
        var order: [String] = []
        while let next = rotation.next(PushSlots(limits: Self.limits)) { order.append(next.destination) }
        #expect(order == ["live0", "new0", "live1", "new1", "live2", "new2"])
        #expect(rotation.isEmpty)
    }

    @Test("how long one is on its way is not counted from an earlier time when it was")
    func again() {
        var slots = PushSlots(limits: Self.limits)
        slots.answered("x", succeeded: true)
        slots.start(Self.key("other"), to: "y", now: self.start)
        slots.start(Self.key("a"), to: "x", now: self.start)
        slots.end(Self.key("a"))
        slots.start(Self.key("a"), to: "x", now: self.start + .milliseconds(500))
        slots.age(now: self.start + .seconds(1))
        #expect(slots.isTrusted("x") && !slots.isTrusted("y"))
        slots.age(now: self.start + .milliseconds(1500))
        #expect(!slots.isTrusted("x"))
        slots.end(Self.key("a"))
        #expect(slots.isTrusted("x"))
    }

    @Test("one that takes long makes room for the next one, up to a limit")
    func slow() {
        var schedule = PushSchedule(limits: Self.limits)
        for index in 0..<20 { schedule.add(Self.key("\(index)"), destination: "dead\(index)", .ready) }
        #expect(self.starts(&schedule, after: 0) == ["0", "1"])
        let next = schedule.next(now: self.start)
        #expect(next == .wait(until: self.start + .seconds(1)), "then there is room")
        #expect(self.starts(&schedule, after: 1) == ["2", "3"])
        #expect(self.starts(&schedule, after: 2) == ["4"], "the fourth slow one makes no room")
        #expect(self.starts(&schedule, after: 9) == [])
        schedule.finish(Self.key("0"), at: "dead0", .ended, now: self.start + .seconds(9))
        #expect(self.starts(&schedule, after: 9) == ["5"])
    }

    @Test("one that fails, or lets a notification wait, is trusted no more until it takes one")
    func trust() {
        var slots = PushSlots(limits: Self.limits)
        #expect(!slots.isTrusted("x"))
        slots.answered("x", succeeded: true)
        #expect(slots.isTrusted("x"))
        slots.answered("x", succeeded: false)
        #expect(!slots.isTrusted("x"))
        slots.answered("x", succeeded: true)
        slots.start(Self.key("a"), to: "x", now: self.start)
        slots.age(now: self.start + .milliseconds(999))
        #expect(slots.isTrusted("x"))
        slots.age(now: self.start + .seconds(1))
        #expect(!slots.isTrusted("x") && slots.count == 1)
        slots.end(Self.key("a"))
        #expect(slots.isTrusted("x") && slots.count == 0 && slots.nextAging == nil)
        for index in 0..<10_000 { slots.answered("host\(index)", succeeded: true) }
        #expect((0..<10_000).count { slots.isTrusted("host\($0)") } <= 4096, "only so many are remembered")
    }
}
