import A2A
import A2AServer

// The log of one task: creation, appending, reading; who may append; who sees it.

extension TaskStoreContract {
    static let logRules: [Rule] = [
        Rule("creation is generation 1 and stamps the status") { bench in
            let clock = ManualWallClock()
            let store = try await bench.store { $0.wallClock = clock }
            let created = try await store.create(task("a"), then: [], in: scope)
            try requireEqual(created.appended.generation, 1, "The generation")
            try requireEqual(created.appended.state, .submitted, "The state")
            try requireEqual(created.first.status.timestamp, clock.now, "The timestamp")
            let read = try await snapshot(store, "a")
            try requireEqual(read.generation, 1, "The generation of the snapshot")
            try requireEqual(read.task, created.first, "The snapshot")
        },
        Rule("changes that come with the creation follow it as generations 2, 3, …") { bench in
            let store = try await bench.store()
            let created = try await store.create(
                task("a"), then: [status(.working), chunk("x"), status(.completed, "Done.")], in: scope)
            try requireEqual(created.appended.generation, 4, "The generation")
            try requireEqual(created.appended.state, .completed, "The state")
            try requireEqual(created.first.status.state, .submitted, "The first state")
            try requireEqual(try await events(store, "a", after: 1).map(\.generation), [2, 3, 4], "The log")
            try requireEqual(try await snapshot(store, "a").task.status.state, .completed, "The state of the snapshot")
        },
        Rule("an id that is taken is refused, and the task that has it stays as it is") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [chunk("x")], in: scope)
            try await requireConflict(.exists, "A second creation") {
                _ = try await store.create(task("a", context: "other"), then: [], in: scope)
            }
            let read = try await snapshot(store, "a")
            try requireEqual(read.generation, 2, "The generation")
            try requireEqual(read.task.contextID, "context", "The context")
        },
        Rule("a task that does not exist has no snapshot, no events and takes no changes") { bench in
            let store = try await bench.store()
            let none = try await store.snapshot(of: "a", in: scope, historyLength: nil)
            try require(none == nil, "There is a snapshot.")
            try await requireConflict(.notFound, "Reading its events") {
                _ = try await store.events(of: "a", in: scope, after: 0, limit: 1)
            }
            try await requireConflict(.notFound, "Appending") {
                _ = try await store.append([status(.working)], to: "a", in: scope)
            }
        },
        Rule("an append tells the generation and the state after it") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [], in: scope)
            let one = try await store.append([status(.working)], to: "a", in: scope)
            let two = try await store.append([chunk("x"), chunk("y")], to: "a", in: scope)
            try requireEqual([one.generation, two.generation], [2, 4], "The generations")
            try requireEqual([one.state, two.state], [.working, .working], "The states")
        },
        Rule("a task that has ended refuses every change") { bench in
            for state in [A2ATaskState.completed, .failed, .canceled, .rejected] {
                let store = try await bench.store()
                _ = try await store.create(task("a"), then: [status(state)], in: scope)
                for change in [status(.working), chunk("x"), status(.canceled)] {
                    try await requireConflict(.terminal(state), "A change after \(state.name)") {
                        _ = try await store.append([change], to: "a", in: scope)
                    }
                }
                try requireEqual(try await snapshot(store, "a").generation, 2, "The generation")
            }
        },
        Rule("an append happens whole or not at all") { bench in
            let store = try await bench.store { $0.maxBytesPerTask = 10_000 }
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            let before = try await snapshot(store, "a")
            try await requireConflict(.terminal(.completed), "A change after the end in one append") {
                _ = try await store.append([chunk("x"), status(.completed), chunk("y")], to: "a", in: scope)
            }
            try await requireExhausted("An append beyond the size of a task") {
                _ = try await store.append(
                    [chunk("x"), chunk(String(repeating: "y", count: 20_000))], to: "a", in: scope)
            }
            let after = try await snapshot(store, "a")
            try requireEqual(after.generation, before.generation, "The generation")
            try requireEqual(after.task, before.task, "The task")
        },
        Rule("the end of a task has room of its own, what comes with it has not") { bench in
            let store = try await bench.store { $0.maxBytesPerTask = 10_000 }
            _ = try await store.create(task("a"), then: [chunk(String(repeating: "x", count: 8000))], in: scope)
            try await requireExhausted("An append beyond the size of a task, with its end") {
                _ = try await store.append(
                    [chunk(String(repeating: "y", count: 8000)), status(.completed)], to: "a", in: scope)
            }
            let end = A2ATaskStatus(.completed, message: .agent(String(repeating: "z", count: 8000)))
            let appended = try await store.append([TaskChange(.status(end))], to: "a", in: scope)
            try requireEqual(appended.generation, 3, "The generation after the end")
        },
        Rule("events are read in order from any cursor, at most as many as asked for") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            for index in 0..<8 { _ = try await store.append([chunk("\(index)")], to: "a", in: scope) }
            let all = try await events(store, "a", after: 1)
            try requireEqual(all.map(\.generation), Array(2...10), "The generations")
            for cursor in 1...12 {
                for limit in [1, 3, 100, Int.max] {
                    let page = try await events(store, "a", after: Int64(cursor), limit: limit)
                    try requireEqual(
                        page, Array(all.dropFirst(cursor - 1).prefix(limit)), "The page after \(cursor)")
                }
            }
        },
        Rule("a cursor older than the window is told the oldest event that is kept") { bench in
            let store = try await bench.store { $0.maxEventsPerTask = 5 }
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            for index in 0..<20 { _ = try await store.append([chunk("\(index)")], to: "a", in: scope) }
            guard case .gap(let oldest) = try await store.events(of: "a", in: scope, after: 1, limit: 10) else {
                throw Failure(problem: "There is no gap although only 5 events are kept.")
            }
            try require(oldest >= 18, "More than 5 events are kept: the oldest is \(oldest).")
            try requireEqual(
                try await events(store, "a", after: oldest - 1).map(\.generation), Array(oldest...22), "The window")
            guard case .gap = try await store.events(of: "a", in: scope, after: oldest - 2, limit: 10) else {
                throw Failure(problem: "There is no gap just before the window.")
            }
        },
        Rule("the creation is no event: a reader before generation 1 must take a snapshot") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            for cursor in [Int64.min, -1, 0] {
                guard case .gap(let oldest) = try await store.events(of: "a", in: scope, after: cursor, limit: 1)
                else { throw Failure(problem: "There is no gap after \(cursor).") }
                try requireEqual(oldest, 2, "The oldest event")
            }
        },
        Rule("a snapshot has as much history as asked for, the newest") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [], in: scope)
            for index in 0..<4 {
                _ = try await store.append(
                    [status(.working, received: .user("\(index)"))], to: "a", in: scope)
            }
            let texts = ["Begin.", "0", "1", "2", "3"]
            for length in [nil, 0, 1, 3, 5, 99] {
                let history = try await snapshot(store, "a", historyLength: length).task.history.map(\.text)
                try requireEqual(history, texts.suffix(length ?? .max), "The history of length \(length ?? -1)")
            }
        },
        Rule("a status message enters the history before the message that answers it") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [status(.inputRequired, "Which?")], in: scope)
            _ = try await store.append([status(.working, received: .user("That."))], to: "a", in: scope)
            _ = try await store.append([status(.completed, "Done.")], to: "a", in: scope)
            let read = try await snapshot(store, "a").task
            try requireEqual(read.history.map(\.text), ["Begin.", "Which?", "That."], "The history")
            try requireEqual(read.status.message.text, "Done.", "The status")
        },
    ]

    static let conditionRules: [Rule] = [
        Rule("an expected generation that is not the task's refuses the append") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            for wrong in [Int64(0), 1, 3] {
                try await requireConflict(.generation(current: 2), "Expecting \(wrong)") {
                    _ = try await store.append([chunk("x")], to: "a", in: scope, condition: .init(generation: wrong))
                }
            }
            let appended = try await store.append(
                [chunk("x")], to: "a", in: scope, condition: .init(generation: 2))
            try requireEqual(appended.generation, 3, "The generation")
        },
        Rule("a new turn shuts out the writers of the one before") { bench in
            let store = try await bench.store()
            let first = try await store.create(task("a"), then: [status(.working)], in: scope).appended.fence
            _ = try await store.append([chunk("x")], to: "a", in: scope, condition: .init(fence: first))
            let second = try await store.append(
                [status(.working)], to: "a", in: scope, condition: .init(beginsTurn: true)
            ).fence
            try require(second > first, "The fencing number did not grow: \(first), \(second).")
            try await requireConflict(.fenced, "Writing with the old number") {
                _ = try await store.append([chunk("y")], to: "a", in: scope, condition: .init(fence: first))
            }
            let third = try await store.append([chunk("z")], to: "a", in: scope, condition: .init(fence: second))
            try requireEqual(third.fence, second, "The fencing number after an ordinary append")
            try requireEqual(try await snapshot(store, "a").task.text, "xz", "The text")
        },
    ]

    static let isolationRules: [Rule] = [
        Rule("a task of another tenant or principal does not exist, for any call") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            _ = try await store.append([chunk("x")], to: "a", in: scope)
            let strangers = [
                Scope(tenant: "tenant", principal: "bob"), Scope(tenant: "other", principal: "alice"),
                Scope(tenant: "tenant"), Scope(principal: "alice"), Scope(),
                Scope(tenant: "tenantalice", principal: ""), Scope(tenant: "", principal: "tenantalice"),
                Scope(tenant: "alice", principal: "tenant"),
            ]
            for stranger in strangers {
                let none = try await store.snapshot(of: "a", in: stranger, historyLength: nil)
                try require(none == nil, "\(stranger) sees the task.")
                for generation in [Int64(0), 1, 2, 3] {
                    try await requireConflict(.notFound, "Reading events after \(generation) as \(stranger)") {
                        _ = try await store.events(of: "a", in: stranger, after: generation, limit: 1)
                    }
                }
                try await requireConflict(.notFound, "Appending as \(stranger)") {
                    _ = try await store.append([chunk("x")], to: "a", in: stranger)
                }
                for query in [TaskQuery(), TaskQuery(contextID: "context"), TaskQuery(state: .working)] {
                    let page = try await store.list(query, in: stranger)
                    try require(page.tasks.isEmpty && page.total == 0, "\(stranger) lists the task.")
                }
            }
            try requireEqual(try await snapshot(store, "a").generation, 3, "The generation")
        }
    ]
}
