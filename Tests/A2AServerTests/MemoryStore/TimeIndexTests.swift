import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("The index by time", .timeLimit(.minutes(1)))
struct TimeIndexTests {
    private static func entry(
        _ sequence: Int64, context: String = "c", state: A2ATaskState = .working
    ) -> TimeIndex.Entry {
        let record = TaskRecord(
            task: A2ATask(id: "\(sequence)", contextID: context, status: A2ATaskStatus(state)), scope: Scope())
        return TimeIndex.Entry(
            sequence: sequence, record: record, contextID: context, state: state, timestamp: A2ATimestamp())
    }

    private func descending(_ index: TimeIndex, below: Int64 = .max, limit: Int = .max) -> [Int64] {
        var found: [Int64] = []
        index.descending(below: below) {
            found.append($0.sequence)
            return found.count < limit
        }
        return found
    }

    @Test("agrees with a sorted list under random changes", arguments: 0..<5)
    func model(round: Int) {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        var index = TimeIndex()
        var model: [Int64] = []
        var sequence: Int64 = 0
        for step in 0..<1_500 {
            let grows = Int.random(in: 0..<10, using: &random) < (step / 300 % 2 == 0 ? 7 : 3)
            if grows {
                sequence += Int64.random(in: 1...3, using: &random)
                index.append(Self.entry(sequence))
                model.append(sequence)
            } else {
                // Sometimes one that is not there (any more).
                let gone = Int64.random(in: 0...(sequence + 2), using: &random)
                let target = Bool.random(using: &random) ? model.randomElement(using: &random) ?? gone : gone
                index.remove(target)
                model.removeAll { $0 == target }
            }
            #expect(index.count == model.count, "step \(step), seed \(seed)")
            if step % 50 == 0 {
                let below = Int64.random(in: -1...(sequence + 2), using: &random)
                #expect(self.descending(index) == model.reversed(), "step \(step), seed \(seed)")
                #expect(
                    self.descending(index, below: below) == model.filter { $0 < below }.reversed(),
                    "below \(below), step \(step), seed \(seed)")
                #expect(self.descending(index, limit: 3) == Array(model.suffix(3).reversed()), "seed \(seed)")
                var up: [Int64] = []
                index.ascending {
                    up.append($0.sequence)
                    return true
                }
                #expect(up == model, "step \(step), seed \(seed)")
            }
        }
    }

    @Test("removing twice, or what was never there, changes nothing")
    func removal() {
        var index = TimeIndex()
        index.remove(1)
        index.append(Self.entry(5))
        index.remove(4)
        index.remove(6)
        #expect(index.count == 1)
        index.remove(5)
        index.remove(5)
        #expect(index.count == 0)
        #expect(self.descending(index).isEmpty)
    }

    @Test("a scope's indexes of contexts and states hold what belongs there")
    func scopeIndex() {
        var index = ScopeIndex()
        index.append(Self.entry(1, context: "a", state: .working))
        index.append(Self.entry(2, context: "b", state: .working))
        index.append(Self.entry(3, context: "a", state: .completed))
        #expect(self.descending(index.narrowest(for: TaskQuery())) == [3, 2, 1])
        #expect(self.descending(index.narrowest(for: TaskQuery(contextID: "a"))) == [3, 1])
        #expect(self.descending(index.narrowest(for: TaskQuery(state: .working))) == [2, 1])
        index.remove(1, contextID: "a", state: .working)
        index.remove(3, contextID: "a", state: .completed)
        #expect(self.descending(index.narrowest(for: TaskQuery(contextID: "a"))).isEmpty)
        #expect(index.all.count == 1)
    }
}

@Suite("Page tokens")
struct PageTokenTests {
    @Test("come back as they went", arguments: [1, 2, 35, 36, 1_000_000, Int64.max])
    func roundTrip(sequence: Int64) throws {
        #expect(try PageToken(decoding: PageToken(sequence: sequence).encoded).sequence == sequence)
    }

    @Test(
        "are refused when they are not ours",
        arguments: ["", "t1-", "t1-0", "t1--1", "t1-!", "t2-5", "5", "t1-zzzzzzzzzzzzzz", "t1-1 ", "T1-1", "t1-\u{0}"])
    func foreign(token: String) async {
        await expectError(.invalidParams) { try PageToken(decoding: token) }
    }
}
