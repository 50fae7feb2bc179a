import A2A
import A2AServer

extension DurableTaskStoreContract {
    private static func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        try Contract.require(condition, problem())
    }

    private static func requireEqual<Value: Equatable>(_ value: Value, _ expected: Value, _ what: String) throws {
        try Contract.requireEqual(value, expected, what)
    }

    private static let key = MessageKey(id: "message", fingerprint: 1 << 63 + 5)

    static let messageRules: [Rule] = [
        Rule("a log has one name, which is not 0") { bench in
            let name = try await bench[0].incarnation()
            try require(name != 0, "The name is 0.")
            try requireEqual(try await bench[1].incarnation(), name, "The name that another process sees")
            _ = try await bench.create("t")
            try requireEqual(try await bench[0].incarnation(), name, "The name later")
        },
        Rule("a message that was accepted is known, with its task, to the other processes") { bench in
            let none = try await bench[0].answer(to: key, in: Contract.scope)
            try requireEqual(none, nil, "The task of a message that never came")
            try await bench.create("t", message: key)
            let other = MessageKey(id: "other", fingerprint: 2)
            _ = try await bench[0].append(
                [Contract.status(.working)], to: "t", in: Contract.scope, condition: .init(),
                turn: TurnRecord(message: other))
            for key in [key, other] {
                let task = try await bench[1].answer(to: key, in: Contract.scope)
                try requireEqual(task, .task("t"), "The task of '\(key.id)'")
            }
        },
        Rule("a message is known in its scope only, with its contents only") { bench in
            try await bench.create("t", message: key)
            let otherContents = MessageKey(id: key.id, fingerprint: 6)
            let contents = try await bench[0].answer(to: otherContents, in: Contract.scope)
            try requireEqual(contents, nil, "The task of other contents")
            let scope = Scope(tenant: "tenant", principal: "bob")
            let stranger = try await bench[0].answer(to: key, in: scope)
            try requireEqual(stranger, nil, "The task for another principal")
            _ = try await bench[0].create(
                Contract.task("u"), then: [], in: Contract.scope,
                turn: TurnRecord(opening: [1], message: otherContents))
            let newer = try await bench[1].answer(to: otherContents, in: Contract.scope)
            try requireEqual(newer, .task("u"), "The task of an id that came again with other contents")
        },
        Rule("a message is forgotten after its time") { bench in
            try await bench.create("t", message: key)
            bench.wallClock.advance(milliseconds: 599_000)
            let still = try await bench[1].answer(to: key, in: Contract.scope)
            try requireEqual(still, .task("t"), "The task within the time")
            bench.wallClock.advance(milliseconds: 2_000)
            let task = try await bench[0].answer(to: key, in: Contract.scope)
            try requireEqual(task, nil, "The task")
            try await bench.create("u", message: key)
            let next = try await bench[1].answer(to: key, in: Contract.scope)
            try requireEqual(next, .task("u"), "The task of the message that came again")
        },
        Rule("a message is accepted once by a task, whichever processes are given it") { bench in
            try await bench.create("t")
            func append(_ index: Int) async throws {
                _ = try await bench[index].append(
                    [Contract.status(.working)], to: "t", in: Contract.scope, condition: .init(),
                    turn: TurnRecord(message: key))
            }
            try await append(0)
            for index in 0...1 {
                try await Contract.requireConflict(.repeated(task: "t"), "A message that comes again") {
                    try await append(index)
                }
            }
        },
        Rule("a message whose append was refused is not known") { bench in
            let appended = try await bench.create("t")
            try await Contract.requireConflict(.fenced, "An append of another turn") {
                _ = try await bench[0].append(
                    [Contract.status(.working)], to: "t", in: Contract.scope,
                    condition: AppendCondition(fence: appended.fence + 1), turn: TurnRecord(message: key))
            }
            let task = try await bench[0].answer(to: key, in: Contract.scope)
            try requireEqual(task, nil, "The task")
        },
        Rule("a message makes one task, whichever processes are given it") { bench in
            try await bench.create("t", message: key)
            for index in 0...1 {
                try await Contract.requireConflict(.repeated(task: "t"), "A second task of one message") {
                    try await bench.create("u", by: index, message: key)
                }
                let none = try await bench[index].snapshot(of: "u", in: Contract.scope, historyLength: nil)
                try require(none == nil, "The second task is there.")
            }
        },
    ]

    static let replyRules: [Rule] = [
        Rule("a message that was answered with a message is known, with the reply, to the other processes") { bench in
            let reply = A2AMessage.agent("Yes.", contextID: "context")
            try await bench[0].note(reply, to: TurnRecord(message: key), in: Contract.scope)
            let known = try await bench[1].answer(to: key, in: Contract.scope)
            try requireEqual(known, .message(reply), "The reply")
            let otherContents = MessageKey(id: key.id, fingerprint: 6)
            let none = try await bench[1].answer(to: otherContents, in: Contract.scope)
            try requireEqual(none, nil, "The reply to other contents")
            let scope = Scope(tenant: "tenant", principal: "bob")
            let stranger = try await bench[1].answer(to: key, in: scope)
            try requireEqual(stranger, nil, "The reply for another principal")
            bench.wallClock.advance(milliseconds: 601_000)
            let late = try await bench[1].answer(to: key, in: Contract.scope)
            try requireEqual(late, nil, "The reply after its time")
        },
        Rule("a message that was answered with a message is answered by nothing else") { bench in
            let reply = A2AMessage.agent("Yes.", contextID: "context")
            try await bench[0].note(reply, to: TurnRecord(message: key), in: Contract.scope)
            for index in 0...1 {
                try await Contract.requireConflict(.repeated(task: nil), "A task for a message with a reply") {
                    try await bench.create("t", by: index, message: key)
                }
                try await Contract.requireConflict(.repeated(task: nil), "A second reply") {
                    try await bench[index].note(
                        .agent("No."), to: TurnRecord(message: key), in: Contract.scope)
                }
            }
            let other = MessageKey(id: "other", fingerprint: 2)
            try await bench.create("u", message: other)
            try await Contract.requireConflict(.repeated(task: "u"), "A reply to a message that has made a task") {
                try await bench[1].note(reply, to: TurnRecord(message: other), in: Contract.scope)
            }
        },
        Rule("a process that was thought dead answers with no message") { bench in
            try await bench.begin()
            try await bench.stopFirst()
            try await Contract.requireConflict(.fenced, "A reply of a process whose lease is over") {
                try await bench[0].note(.agent("Yes."), to: TurnRecord(message: key), in: Contract.scope)
            }
            let none = try await bench[1].answer(to: key, in: Contract.scope)
            try requireEqual(none, nil, "The reply")
        },
    ]

    static let leaseRules: [Rule] = [
        Rule("the turns of a process that lives are its own") { bench in
            try await bench.begin()
            let first = try await bench.create("t")
            for second in 2...40 {
                for index in 0...1 {
                    let beat = try await bench.beat(index, at: second)
                    try require(!beat.wasLost && !beat.hasOrphans, "At \(second) s: \(beat)")
                    try require(beat.isShared, "Process \(index) knows of no other.")
                }
            }
            try requireEqual(try await bench.orphans(by: 1), [], "What another process takes over")
            try await Contract.requireConflict(.busy, "A turn of a task at which another process works") {
                _ = try await bench.beginTurn("t", by: 1)
            }
            _ = try await bench.write("t", by: 0, fence: first.fence)
        },
        Rule("a process whose beats stay out loses its turns, and can write no more") { bench in
            try await bench.begin()
            let first = try await bench.create("t")
            try await bench.stopFirst()
            try await Contract.requireConflict(.busy, "A turn of a task that waits to be taken over") {
                _ = try await bench.beginTurn("t", by: 1)
            }
            let orphan = try await bench.orphans(by: 1).first
            try requireEqual(orphan?.taskID, "t", "The task taken over")
            try require(orphan?.fence ?? 0 > first.fence, "The fencing number does not grow.")
            try await Contract.requireConflict(.fenced, "A late write") {
                _ = try await bench.write("t", by: 0, fence: first.fence)
            }
            _ = try await bench.write("t", by: 1, fence: orphan?.fence ?? 0)
        },
        Rule("a process that was thought dead begins nothing until it has noticed") { bench in
            try await bench.begin()
            try await bench.stopFirst()
            try await Contract.requireConflict(.fenced, "A task of a process whose lease is over") {
                try await bench.create("late")
            }
            let beat = try await bench.beat(0, at: 31)
            try require(beat.wasLost, "The process does not notice.")
            try await Contract.requireConflict(.fenced, "A task of a process that has not begun a new lease") {
                try await bench.create("late")
            }
            await bench[0].beginLease()
            try await bench.create("new")
            let again = try await bench.beat(0, at: 32)
            try require(!again.wasLost, "The process has lost its new lease.")
        },
        Rule("a lease that its process ends is over at once") { bench in
            try await bench.begin()
            try await bench.create("t")
            try await bench[0].endLease()
            try require(try await bench.beat(1, at: 2).hasOrphans, "No orphans are found.")
            try requireEqual(try await bench.orphans(by: 1).map(\.taskID), ["t"], "What is taken over")
            let after = try await bench.beat(0, at: 3)
            try require(!after.wasLost && !after.hasOrphans, "A process that has left goes on: \(after)")
            await bench[0].beginLease()
            let again = try await bench.beat(0, at: 4)
            try require(
                !again.wasLost && again.isShared, "A process that comes back is not taken for a new one: \(again)")
            try await bench.create("again")
            try require(
                !(try await bench.beat(1, at: 5).hasOrphans), "What a process does that came back is an orphan.")
        },
        Rule("when a turn is over while its task waits, any process may begin the next") { bench in
            try await bench.begin()
            let first = try await bench.create("t", state: .inputRequired)
            try await Contract.requireConflict(.busy, "A turn of a task whose turn is not over") {
                _ = try await bench.beginTurn("t", by: 1)
            }
            try await bench[0].endTurn(of: "t", in: Contract.scope, fence: first.fence + 1)
            try await Contract.requireConflict(.busy, "A turn after another one's end") {
                _ = try await bench.beginTurn("t", by: 1)
            }
            try await bench[0].endTurn(of: "t", in: Contract.scope, fence: first.fence)
            let second = try await bench.beginTurn("t", by: 1)
            try require(second.fence > first.fence, "The fencing number does not grow.")
        },
        Rule("what others write is noticed, and where it has led") { bench in
            try await bench.begin()
            _ = try await bench[1].othersHaveWritten()
            let created = try await bench.create("t")
            try require(try await bench[1].othersHaveWritten(), "A task of another process is not noticed.")
            try requireEqual(
                try await bench[1].progress(of: ["t", "none"]), [TaskProgress(taskID: "t", appended: created)],
                "The progress")
            let ended = try await bench[0].append([Contract.status(.completed)], to: "t", in: Contract.scope)
            try require(try await bench[1].othersHaveWritten(), "The end of a task is not noticed.")
            try requireEqual(
                try await bench[1].progress(of: ["t"]), [TaskProgress(taskID: "t", appended: ended)],
                "The progress at the end")
        },
    ]

    static let orphanRules: [Rule] = [
        Rule("what was submitted or working is taken over, and nothing else") { bench in
            try await bench.begin()
            try await bench.create("submitted", state: .submitted)
            try await bench.create("working")
            try await bench.create("waiting", state: .inputRequired)
            try await bench.create("failed", state: .failed)
            try await bench.create("other", by: 1)
            let ended = try await bench.create("ended")
            _ = try await bench[0].append(
                [Contract.status(.completed)], to: "ended", in: Contract.scope,
                condition: AppendCondition(fence: ended.fence))
            try await bench.stopFirst()
            let orphans = try await bench.orphans(by: 1)
            try requireEqual(orphans.map(\.taskID).sorted(), ["submitted", "working"], "What is taken over")
            try requireEqual(orphans.map(\.scope), [Contract.scope, Contract.scope], "The scopes")
            for orphan in orphans {
                try requireEqual(orphan.opening, Array(orphan.taskID.utf8), "The opening of \(orphan.taskID)")
            }
            _ = try await bench.beginTurn("waiting", by: 1)
            try requireEqual(try await bench.orphans(by: 1), [], "What is left")
            try require(!(try await bench.beat(1, at: 31).hasOrphans), "There still are orphans.")
        },
        Rule("a turn that its living process gives up is an orphan, unless it is over or another's") { bench in
            try await bench.begin()
            let first = try await bench.create("t")
            let waiting = try await bench.create("waiting", state: .inputRequired)
            let ended = try await bench.create("ended", state: .completed)
            try await bench[0].giveUpTurn(of: "t", in: Contract.scope, fence: first.fence + 1)
            try await bench[0].giveUpTurn(of: "t", in: Scope(principal: "bob"), fence: first.fence)
            for (id, appended) in [("waiting", waiting), ("ended", ended), ("none", ended)] {
                try await bench[0].giveUpTurn(of: id, in: Contract.scope, fence: appended.fence)
            }
            for index in 0...1 {
                try require(!(try await bench.beat(index, at: 2).hasOrphans), "What was not given up is an orphan.")
            }
            try requireEqual(try await bench.orphans(by: 1), [], "What is taken over before")
            try await bench[0].giveUpTurn(of: "t", in: Contract.scope, fence: first.fence)
            for index in 0...1 {
                try require(try await bench.beat(index, at: 3).hasOrphans, "Process \(index) finds no orphans.")
            }
            try await Contract.requireConflict(.busy, "A turn of a task that waits to be taken over") {
                _ = try await bench.beginTurn("t", by: 0)
            }
            let orphans = try await bench.orphans(by: 0)
            try requireEqual(orphans.map(\.taskID), ["t"], "What the process itself takes up again")
            try require(orphans[0].fence > first.fence, "The fencing number does not grow.")
            try requireEqual(try await bench.orphans(by: 1), [], "What is left")
            try require(!(try await bench.beat(1, at: 4).hasOrphans), "There still are orphans.")
        },
        Rule("a turn is taken over once, in steps of any size, however many come for it", processes: 3) { bench in
            try await bench.begin()
            let ids = (0..<50).map { "t\($0)" }
            for id in ids { try await bench.create(id) }
            try await bench.beat(1, at: 2)
            try await bench.beat(2, at: 2)
            try await bench.beat(1, at: 30)
            let taken = try await withThrowingTaskGroup(of: [String].self) { group in
                for index in 1...2 {
                    group.addTask {
                        var taken: [String] = []
                        while true {
                            let step = try await bench.orphans(by: index, limit: 7).map(\.taskID)
                            if step.isEmpty { return taken }
                            try require(step.count <= 7, "A step takes \(step.count).")
                            taken += step
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try requireEqual(taken.sorted(), ids.sorted(), "What was taken over")
        },
        Rule("it is known when a turn began and what the task has received since") { bench in
            try await bench.begin()
            let first = try await bench.create("t", state: .inputRequired)
            try await bench[0].endTurn(of: "t", in: Contract.scope, fence: first.fence)
            let next = try await bench.beginTurn("t", by: 0)
            let fenced = AppendCondition(fence: next.fence)
            _ = try await bench[0].append([Contract.chunk("a")], to: "t", in: Contract.scope, condition: fenced)
            _ = try await bench[0].append(
                [Contract.status(.working, received: .user("More.", contextID: "context", taskID: "t"))], to: "t",
                in: Contract.scope, condition: .init(), turn: TurnRecord(message: key))
            try await bench.stopFirst()
            let orphan = try await bench.orphans(by: 1).first
            try requireEqual(orphan?.since, next.generation, "The generation at which the turn began")
            try requireEqual(orphan?.received, 1, "The number of messages received")
            try requireEqual(orphan?.opening, Array("next".utf8), "The opening")
        },
        Rule("a turn that goes on with another message begins anew with its next event") { bench in
            try await bench.begin()
            let created = try await bench.create("t")
            _ = try await bench[0].append(
                [Contract.status(.working, received: .user("More.", contextID: "context", taskID: "t"))], to: "t",
                in: Contract.scope)
            let before = try await bench.write("t", by: 0, fence: created.fence)
            let next = try await bench[0].append(
                [Contract.chunk("b")], to: "t", in: Contract.scope, condition: AppendCondition(fence: created.fence),
                turn: TurnRecord(opening: [9]))
            try requireEqual(next.fence, created.fence, "The fencing number")
            try await bench.stopFirst()
            let orphan = try await bench.orphans(by: 1).first
            try requireEqual(orphan?.since, before.generation, "The generation at which the turn began")
            try requireEqual(orphan?.received, 0, "The number of messages received")
            try requireEqual(orphan?.opening, [9], "The opening")
        },
        Rule("what was taken over in vain is counted, until something new comes", processes: 4) { bench in
            try await bench.begin()
            try await bench.create("t")
            var fence: Int64 = 0
            for (index, attempts) in [(1, 1), (2, 2)] {
                try await bench[index - 1].endLease()
                try await bench.beat(index, at: 2)
                let orphan = try await bench.orphans(by: index).first
                try requireEqual(orphan?.attempts, attempts, "The number of attempts")
                fence = orphan?.fence ?? 0
            }
            _ = try await bench.write("t", by: 2, fence: fence)
            try await bench[2].endLease()
            try await bench.beat(3, at: 2)
            let orphan = try await bench.orphans(by: 3).first
            try requireEqual(orphan?.attempts, 1, "The number of attempts after something new")
        },
    ]
}
