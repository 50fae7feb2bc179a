import Foundation
import Testing

@testable import A2A

@Suite("A2A/TCP streams")
struct TCPStreamStateTests {
    /// A table of §6.2: for each row, what the four states make of it.
    private func table(_ heading: String) throws -> [String: [String]] {
        let text = try String(contentsOf: TCPVectors.root.appending(path: "spec/bindings/tcp.md"), encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex(of: heading))
        let rows = lines[(start + 4)...].prefix { $0.hasPrefix("|") }
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                return (cells[0], Array(cells[1...]))
            })
    }

    private func matches(_ cell: String, _ reaction: TCPStreamReaction, _ state: TCPStreamState) -> Bool {
        switch reaction {
        case .violation: cell == "PE"
        case .ignore: cell.hasPrefix("ignore")
        case .take(let next):
            next == state
                ? ["take", "add", "ignore", "→ RECEIVING"].contains(cell)
                : cell.hasSuffix("→ \(next)".uppercased()) || cell.hasSuffix("→ \(next)")
        }
    }

    @Test("the code does what the tables of the specification say")
    func tables() throws {
        let sides: [(String, [TCPStreamState], [(TCPStreamInput, String)])] = [
            (
                "Responder:", [.idle, .receiving, .responding, .closed],
                [
                    (.call, "receives CALL"), (.body, "receives MSG or DATA without END"),
                    (.end, "receives MSG or DATA with END"), (.reply, "receives REPLY"), (.credit, "receives CREDIT"),
                    (.reset, "receives RESET"),
                ]
            ),
            (
                "Caller:", [.idle, .sending, .awaiting, .closed],
                [
                    (.body, "receives REPLY, MSG or DATA without END"),
                    (.reply, "receives REPLY, MSG or DATA without END"), (.end, "receives MSG or DATA with END"),
                    (.credit, "receives CREDIT"), (.reset, "receives RESET"),
                ]
            ),
        ]
        for (heading, states, inputs) in sides {
            let rows = try self.table(heading)
            for (input, row) in inputs {
                let cells = try #require(rows[row])
                for (state, cell) in zip(states, cells) {
                    let reaction = state.reaction(to: input)
                    // CALL on a closed stream is found by its number.
                    let place = "\(heading) \(input) in \(state): \(cell), \(reaction)"
                    #expect(self.matches(cell, reaction, state), "\(place)")
                }
            }
        }
        for state in TCPStreamState.allCases where state != .idle {
            #expect(state.reaction(to: .call) == .violation)
        }
    }

    @Test("a stream is found as long as it is there, whatever else comes and goes")
    func streamTable() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        var table = TCPStreamTable()
        var model: [UInt32: Bool] = [:]
        var next: UInt32 = 1
        for _ in 0..<20_000 {
            if random.once(in: 2) || model.isEmpty {
                _ = table.insert(
                    TCPStream(
                        id: next, isOurs: true, priority: .normal, window: 65_536, sendCredit: 0,
                        openedAt: TCPInstant(milliseconds: 0)))
                model[next] = true
                next += random.once(in: 3) ? 1 : 2
            } else if let id = model.keys.randomElement(using: &random) {
                table.remove(id)
                model[id] = nil
            }
            let id = UInt32.random(in: 0...(next + 2), using: &random)
            let place = table.find(id)
            #expect((place != nil) == (model[id] != nil), "seed \(seed)")
            if let place { #expect(table.streams[place].id == id, "seed \(seed)") }
        }
        #expect(table.count == model.count && Set(table.ids) == Set(model.keys), "seed \(seed)")
    }

    @Test("deadlines are found once, not early, and at most a tick late")
    func wheel() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        var now = TCPInstant(milliseconds: 5_000)
        var wheel = TCPTimerWheel(now: now)
        var model: [Int: TCPInstant] = [:]
        for _ in 0..<20_000 {
            let place = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let far: Int64 = random.once(in: 5) ? 100_000 : 500
                let deadline = now + Int64.random(in: -10...far, using: &random)
                wheel.set(place, deadline: deadline)
                model[place] = deadline
            case 2:
                wheel.clear(place)
                model[place] = nil
            default:
                now = now + Int64.random(in: 0...(random.once(in: 50) ? 60_000 : 200), using: &random)
                for due in wheel.expired(now: now) {
                    #expect((model.removeValue(forKey: due) ?? now + 1) <= now, "seed \(seed)")
                }
                #expect(model.values.allSatisfy { $0 + 2 * TCPTimerWheel.tick > now }, "seed \(seed)")
            }
            #expect(wheel.count == model.count, "seed \(seed)")
        }
    }

    @Test("priorities have 16, 4 and 1 turns, and within one all streams take turns")
    func scheduler() {
        var scheduler = TCPScheduler()
        for id in UInt32(1)...6 { scheduler.add(id, TCPPriority.allCases[Int(id - 1) / 2]) }
        var turns: [UInt32: Int] = [:]
        for _ in 0..<210 {
            guard let id = scheduler.next() else { break }
            turns[id, default: 0] += 1
            scheduler.add(id, TCPPriority.allCases[Int(id - 1) / 2])
        }
        #expect(turns == [1: 5, 2: 5, 3: 20, 4: 20, 5: 80, 6: 80])
    }

    @Test("octets come back in halves of the window, and a message that began always ends")
    func credit() throws {
        var credit = TCPReceiveCredit(window: 65_536)
        try credit.spend(30_000)
        credit.release(30_000)
        #expect(credit.takeGrant() == nil)
        try credit.spend(10_000)
        credit.release(10_000)
        #expect(credit.takeGrant() == 40_000)
        #expect(throws: TCPViolation.self) { try credit.spend(65_537) }

        // Nothing is released while a message of 200,000 octets arrives.
        var remaining = 200_000
        while remaining > 0 {
            let length = min(remaining, credit.available, 16_376)
            try #require(length > 0)
            try credit.spend(length)
            remaining -= length
            if remaining > 0 { credit.continueMessage(remaining: remaining) }
            if let grant = credit.takeGrant() { #expect(grant >= 1_024) }
        }
        credit.release(credit.held)
        #expect(credit.available <= 65_536 + 65_536 && credit.held == 0)
    }

    @Test("a queue gives back what it got, in order")
    func queue() {
        var queue = TCPQueue<Int>()
        var expected = 0
        for round in 0..<1_000 {
            queue.append(2 * round)
            queue.append(2 * round + 1)
            #expect(queue.popFirst() == expected)
            expected += 1
        }
        while let next = queue.popFirst() {
            #expect(next == expected)
            expected += 1
        }
        #expect(expected == 2_000 && queue.isEmpty && queue.count == 0)
    }
}
