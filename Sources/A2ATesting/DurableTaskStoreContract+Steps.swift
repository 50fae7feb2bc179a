import A2A
import A2AServer

extension DurableTaskStoreContract {
    private static let key = MessageKey(id: "message", fingerprint: 7)

    /// A step that makes a task, works on it, and perhaps ends it.
    private static func first(_ id: String, ends: Bool) -> TurnStep {
        TurnStep(
            begins: Contract.task(id), changes: [Contract.chunk("x")] + (ends ? [Contract.status(.completed)] : []),
            turn: TurnRecord(opening: ends ? nil : Array(id.utf8), message: key))
    }

    static let stepRules: [Rule] = [
        Rule("the first step of a turn makes its task, and notes the message and what began it") { bench in
            try await bench.begin()
            let written = try await bench[0].write(to: "t", in: Contract.scope, bytes: 10) { first("t", ends: false) }
            guard case .created(let created) = written else {
                throw Contract.Failure(problem: "The step is said to have made no task.")
            }
            try Contract.requireEqual(created.first.id, "t", "The task's id")
            try Contract.requireEqual(created.appended.generation, 2, "The generation")
            try Contract.requireEqual(
                try await bench[1].answer(to: key, in: Contract.scope), .task("t"), "The answer to the message")
            try await bench.stopFirst()
            let orphans = try await bench.orphans(by: 1)
            try Contract.requireEqual(orphans.map(\.opening), [Array("t".utf8)], "What began the orphaned turns")
        },
        Rule("a task that is made and ended in one step leaves no orphan, and its message is known") { bench in
            try await bench.begin()
            let written = try await bench[0].write(to: "t", in: Contract.scope, bytes: 10) { first("t", ends: true) }
            try Contract.requireEqual(written.appended.state, .completed, "The state")
            try Contract.requireEqual(
                try await bench[1].answer(to: key, in: Contract.scope), .task("t"), "The answer to the message")
            try await bench.stopFirst()
            let orphans = try await bench.orphans(by: 1)
            try Contract.requireEqual(orphans.count, 0, "The number of orphans")
            do {
                _ = try await bench[1].write(to: "u", in: Contract.scope, bytes: 10) { first("u", ends: true) }
                throw Contract.Failure(problem: "A message that was accepted makes another task.")
            } catch TaskConflict.repeated(let task) {
                try Contract.requireEqual(task, "t", "The task that the message is said to have made")
            }
        },
        Rule("a later step appends under its fencing number, and not under an older one") { bench in
            try await bench.begin()
            _ = try await bench[0].write(to: "t", in: Contract.scope, bytes: 10) { first("t", ends: false) }
            let later = TurnStep(changes: [Contract.chunk("y"), Contract.chunk("z")], fence: 1)
            let written = try await bench[0].write(to: "t", in: Contract.scope, bytes: 10) { later }
            guard case .appended(let appended) = written else {
                throw Contract.Failure(problem: "The step is said to have made a task.")
            }
            try Contract.requireEqual(appended.generation, 4, "The generation")
            _ = try await bench.beginTurn("t", by: 0)
            do {
                _ = try await bench[0].write(to: "t", in: Contract.scope, bytes: 10) { later }
                throw Contract.Failure(problem: "A turn that was followed by another one can still write.")
            } catch TaskConflict.fenced {}
        },
        Rule("a step that cannot be made out changes nothing") { bench in
            struct Broken: Error {}
            do {
                _ = try await bench[0].write(to: "t", in: Contract.scope, bytes: 10) { throw Broken() }
                throw Contract.Failure(problem: "The store has written a step that there is not.")
            } catch is Broken {}
            let snapshot = try await bench[0].snapshot(of: "t", in: Contract.scope, historyLength: nil)
            try Contract.require(snapshot == nil, "There is a task.")
        },
    ]
}
