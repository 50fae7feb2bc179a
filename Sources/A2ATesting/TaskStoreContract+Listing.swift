import A2A
import A2AServer

// Listings and retention.

extension TaskStoreContract {
    /// All tasks of a listing, page by page.
    ///
    /// - Parameter between: What happens after each page.
    static func listAll(
        _ store: any TaskStore, _ query: TaskQuery, between: () async throws -> Void = {}
    ) async throws -> [A2ATask] {
        var query = query
        var tasks: [A2ATask] = []
        for _ in 0..<1_000 {
            let page = try await store.list(query, in: scope)
            try require(page.tasks.count <= query.pageSize, "A page has more tasks than asked for.")
            tasks += page.tasks
            guard let next = page.next else { return tasks }
            query.pageToken = next
            try await between()
        }
        throw Failure(problem: "The pages have no end.")
    }

    static let listingRules: [Rule] = [
        Rule("tasks in a listing have the generation that they stand at") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [], in: scope)
            _ = try await store.create(task("b"), then: [status(.working), chunk("x")], in: scope)
            _ = try await store.append([chunk("y")], to: "b", in: scope)
            let tasks = try await store.list(TaskQuery(includeArtifacts: true), in: scope).tasks
            let listed = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0.generation) })
            try requireEqual(listed, ["a": 1, "b": 4], "The generations")
        },
        Rule("a listing begins with the task whose status changed last; a chunk moves nothing") { bench in
            let clock = ManualWallClock()
            let store = try await bench.store { $0.wallClock = clock }
            for id in ["a", "b", "c"] {
                _ = try await store.create(task(id), then: [], in: scope)
                clock.advance(milliseconds: 1)
            }
            _ = try await store.append([status(.working)], to: "a", in: scope)
            clock.advance(milliseconds: 1)
            _ = try await store.append([chunk("x")], to: "b", in: scope)
            let page = try await store.list(TaskQuery(), in: scope)
            try requireEqual(page.tasks.map(\.id), ["a", "c", "b"], "The order")
            try requireEqual(page.total, 3, "The total")
            try require(page.next == nil, "There is another page.")
        },
        Rule("a clock that runs back does not disturb the order") { bench in
            let clock = ManualWallClock()
            let store = try await bench.store { $0.wallClock = clock }
            for id in ["a", "b", "c"] {
                _ = try await store.create(task(id), then: [], in: scope)
                clock.advance(milliseconds: -5)
            }
            let tasks = try await store.list(TaskQuery(), in: scope).tasks
            try requireEqual(tasks.map(\.id), ["c", "b", "a"], "The order")
            for (newer, older) in zip(tasks, tasks.dropFirst()) {
                try require(
                    !newer.status.timestamp.isBefore(older.status.timestamp), "The timestamps are out of order.")
            }
        },
        Rule("pages of every size show every task once") { bench in
            let store = try await bench.store()
            for index in 0..<23 { _ = try await store.create(task("\(index)"), then: [], in: scope) }
            let whole = try await store.list(TaskQuery(pageSize: 100), in: scope).tasks.map(\.id)
            try requireEqual(whole.count, 23, "The number of tasks")
            for size in [1, 2, 7, 22, 23, 24, 100] {
                let ids = try await listAll(store, TaskQuery(pageSize: size)).map(\.id)
                try requireEqual(ids, whole, "The listing in pages of \(size)")
            }
        },
        Rule("tasks that change while a caller pages are shown at most once, the others exactly once") { bench in
            let store = try await bench.store()
            var random = bench.random
            for index in 0..<60 { _ = try await store.create(task("\(index)"), then: [], in: scope) }
            var touched: Set<String> = []
            let shown = try await listAll(store, TaskQuery(pageSize: 7)) {
                for _ in 0..<5 {
                    let id = "\(Int.random(in: 0..<60, using: &random))"
                    touched.insert(id)
                    _ = try await store.append([status(.working)], to: id, in: scope)
                }
                _ = try await store.create(task("new-\(touched.count)-\(random.next())"), then: [], in: scope)
            }.map(\.id)
            try requireEqual(Set(shown).count, shown.count, "The number of different tasks")
            for index in 0..<60 where !touched.contains("\(index)") {
                try require(shown.contains("\(index)"), "The task \(index) did not change and is not shown.")
            }
        },
        Rule("filters by context, state and time hold alone and together, and totals count what they match") { bench in
            let clock = ManualWallClock()
            let store = try await bench.store { $0.wallClock = clock }
            var random = bench.random
            var model: [String: (context: String, state: A2ATaskState, at: A2ATimestamp, order: Int)] = [:]
            let states: [A2ATaskState] = [.submitted, .working, .inputRequired, .completed]
            for step in 0..<120 {
                clock.advance(milliseconds: Int64.random(in: 0...2, using: &random))
                let id = "\(Int.random(in: 0..<40, using: &random))"
                if let known = model[id] {
                    guard !known.state.isTerminal else { continue }
                    let state = states.randomElement(using: &random) ?? .working
                    _ = try await store.append([status(state)], to: id, in: scope)
                    model[id] = (known.context, state, clock.now, step)
                } else {
                    let context = ["x", "y", "z"].randomElement(using: &random) ?? "x"
                    _ = try await store.create(task(id, context: context), then: [], in: scope)
                    model[id] = (context, .submitted, clock.now, step)
                }
            }
            let middle = A2ATimestamp(milliseconds: ManualWallClock().now.milliseconds + 60)
            for context in [nil, "x", "y", "none"] {
                for state in [nil] + states.map(Optional.some) + [.failed] {
                    for oldest in [nil, middle, clock.now, A2ATimestamp(milliseconds: 0)] {
                        let query = TaskQuery(contextID: context, state: state, statusAfter: oldest, pageSize: 6)
                        let expected = model.filter { _, known in
                            (context == nil || known.context == context) && (state == nil || known.state == state)
                                && (oldest.map { !known.at.isBefore($0) } ?? true)
                        }.sorted { $0.value.order > $1.value.order }.map(\.key)
                        let what = "The listing of \(context ?? "any"), \(state?.name ?? "any"), \(oldest != nil)"
                        try requireEqual(try await listAll(store, query).map(\.id), expected, what)
                        try requireEqual(try await store.list(query, in: scope).total, expected.count, what + ": total")
                    }
                }
            }
        },
        Rule("a listing has artifacts only when asked for, and as much history as asked for") { bench in
            let store = try await bench.store()
            _ = try await store.create(
                task("a"), then: [chunk("x"), status(.working, received: .user("More."))], in: scope)
            let plain = try await store.list(TaskQuery(), in: scope).tasks
            try requireEqual(plain.map(\.artifacts.count), [0], "The artifacts that were not asked for")
            try requireEqual(plain.map(\.history.count), [2], "The whole history")
            let rich = try await store.list(TaskQuery(historyLength: 1, includeArtifacts: true), in: scope).tasks
            try requireEqual(rich.map(\.text), ["x"], "The artifacts")
            try requireEqual(rich.flatMap { $0.history.map(\.text) }, ["More."], "The newest message")
            let bare = try await store.list(TaskQuery(historyLength: 0), in: scope).tasks
            try requireEqual(bare.map(\.history.count), [0], "No history")
        },
        Rule("a page token that the store did not give out is refused") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [], in: scope)
            for token in ["nonsense", " ", "0", "-1", "\u{0}", String(repeating: "9", count: 500)] {
                do {
                    _ = try await store.list(TaskQuery(pageToken: token), in: scope)
                } catch let error as A2AError where error.code == .invalidParams {
                    continue
                }
                throw Failure(problem: "The token '\(token.prefix(20))' was taken.")
            }
        },
    ]

    static let retentionRules: [Rule] = [
        Rule("when the store is full, the task that ended first goes; unfinished ones stay; then it refuses") { bench in
            let store = try await bench.store { $0.maxTasks = 5 }
            for id in ["a", "b", "c", "d", "e"] { _ = try await store.create(task(id), then: [], in: scope) }
            _ = try await store.append([status(.completed)], to: "c", in: scope)
            _ = try await store.append([status(.failed)], to: "b", in: scope)
            _ = try await store.append([status(.inputRequired)], to: "a", in: scope)
            for (new, gone) in [("f", "c"), ("g", "b")] {
                _ = try await store.create(task(new), then: [], in: scope)
                let old = try await store.snapshot(of: gone, in: scope, historyLength: 0)
                try require(old == nil, "The task '\(gone)' is still there.")
            }
            try await requireExhausted("A task more than the store keeps") {
                _ = try await store.create(task("h"), then: [], in: scope)
            }
            let left = Set(try await listAll(store, TaskQuery()).map(\.id))
            try requireEqual(left, ["a", "d", "e", "f", "g"], "What is left")
            // A full store still lets its tasks go on and end.
            _ = try await store.append([chunk("x")], to: "d", in: scope)
            _ = try await store.append([status(.completed)], to: "d", in: scope)
            _ = try await store.create(task("h"), then: [], in: scope)
        },
        Rule("tasks go when they have been ended for too long; unfinished ones never do") { bench in
            let clock = ManualWallClock()
            let store = try await bench.store {
                $0.wallClock = clock
                $0.maxAge = .seconds(60)
            }
            for id in ["a", "b", "c"] { _ = try await store.create(task(id), then: [], in: scope) }
            _ = try await store.append([status(.completed)], to: "a", in: scope)
            clock.advance(milliseconds: 40_000)
            _ = try await store.append([status(.canceled)], to: "b", in: scope)
            try await store.removeExpired()
            try requireEqual(try await store.list(TaskQuery(), in: scope).total, 3, "The tasks after 40 s")
            clock.advance(milliseconds: 40_000)
            try await store.removeExpired()
            try requireEqual(
                try await listAll(store, TaskQuery()).map(\.id), ["b", "c"], "The tasks after 80 s")
            clock.advance(milliseconds: 4_000_000)
            try await store.removeExpired()
            try requireEqual(try await listAll(store, TaskQuery()).map(\.id), ["c"], "The tasks in the end")
        },
        Rule("a task at its limit refuses more, can give room back, and can always end") { bench in
            let store = try await bench.store { $0.maxBytesPerTask = 10_000 }
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            let large = String(repeating: "x", count: 6_000)
            func whole(_ text: String) -> TaskChange {
                TaskChange(.artifact(A2AArtifact(parts: [.text(text)], artifactID: "artifact"), lastChunk: true))
            }
            for _ in 0..<10 { _ = try await store.append([whole(large)], to: "a", in: scope) }
            try await requireExhausted("A chunk too many") {
                _ = try await store.append([chunk(large)], to: "a", in: scope)
            }
            try await requireExhausted("A message too many") {
                _ = try await store.append([status(.working, received: .user(large))], to: "a", in: scope)
            }
            _ = try await store.append([whole("small")], to: "a", in: scope)
            _ = try await store.append([chunk(large)], to: "a", in: scope)
            // Fill it to the brim.
            for _ in 0..<10_000 {
                do { _ = try await store.append([chunk("y", of: "rest")], to: "a", in: scope) } catch { break }
            }
            let ended = try await store.append([status(.failed, "Full.")], to: "a", in: scope)
            try requireEqual(ended.state, .failed, "The state")
        },
    ]
}
