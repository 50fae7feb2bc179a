import A2A
import A2AServer
import Synchronization

// Many callers at once, and the law behind everything: a snapshot folded with what followed is the later snapshot.

extension TaskStoreContract {
    static let concurrencyRules: [Rule] = [
        Rule("generations of concurrent appends are unique and consecutive") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [], in: scope)
            let generations = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        var mine: [Int64] = []
                        for index in 0..<50 {
                            let change = index % 5 == 0 ? status(.working) : chunk("\(index)", of: "\(writer)")
                            mine.append(try await store.append([change], to: "a", in: scope).generation)
                        }
                        return mine
                    }
                }
                var all: [Int64] = []
                for try await mine in group {
                    try require(mine == mine.sorted(), "A writer's generations go back.")
                    all += mine
                }
                return all
            }
            try requireEqual(generations.sorted(), Array(2...401), "The generations")
            let read = try await snapshot(store, "a")
            try requireEqual(read.generation, 401, "The generation of the snapshot")
            for artifact in read.task.artifacts {
                let expected = (0..<50).filter { $0 % 5 != 0 }.map(String.init).joined()
                try requireEqual(artifact.text, expected, "The artifact of writer \(artifact.artifactID)")
            }
        },
        Rule("readers by cursor see every event once and in the same order, while writers write") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [status(.working)], in: scope)
            try await withThrowingTaskGroup(of: [LoggedEvent].self) { group in
                for reader in 1...6 {
                    group.addTask {
                        var seen: [LoggedEvent] = []
                        while seen.last?.update.state?.isTerminal != true {
                            try Task.checkCancellation()
                            let page = try await events(store, "a", after: seen.last?.generation ?? 1, limit: reader)
                            seen += page
                            if page.isEmpty { await Task.yield() }
                        }
                        return seen
                    }
                }
                group.addTask {
                    try await withThrowingTaskGroup(of: Void.self) { writers in
                        for writer in 0..<4 {
                            writers.addTask {
                                for index in 0..<50 {
                                    _ = try await store.append([chunk("\(index)", of: "\(writer)")], to: "a", in: scope)
                                }
                            }
                        }
                        try await writers.waitForAll()
                    }
                    _ = try await store.append([status(.completed)], to: "a", in: scope)
                    return []
                }
                var first: [LoggedEvent]?
                for try await seen in group where !seen.isEmpty {
                    try requireEqual(seen.map(\.generation), Array(2...203), "The generations of a reader")
                    if let first { try require(first == seen, "Two readers saw different events.") }
                    first = seen
                }
            }
        },
        Rule("of the writers that expect one generation exactly one succeeds") { bench in
            let store = try await bench.store()
            _ = try await store.create(task("a"), then: [], in: scope)
            for round in 1...20 {
                let winners = await withTaskGroup(of: Bool.self) { group in
                    for writer in 0..<6 {
                        group.addTask {
                            let appended = try? await store.append(
                                [chunk("\(writer)")], to: "a", in: scope,
                                condition: .init(generation: Int64(round)))
                            return appended != nil
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                try requireEqual(winners, 1, "The number of writers that succeeded")
            }
        },
        Rule("of the callers that create one id exactly one succeeds") { bench in
            let store = try await bench.store()
            let winners = await withTaskGroup(of: Bool.self) { group in
                for caller in 0..<12 {
                    group.addTask {
                        (try? await store.create(task("a", context: "\(caller)"), then: [], in: scope)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireEqual(winners, 1, "The number of callers that succeeded")
            try requireEqual(try await store.list(TaskQuery(), in: scope).total, 1, "The total")
        },
        Rule("after concurrent changes of many tasks the listing agrees with the tasks, in the order of time") {
            bench in
            let store = try await bench.store()
            for index in 0..<30 { _ = try await store.create(task("\(index)"), then: [], in: scope) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<6 {
                    group.addTask {
                        var random = SeededGenerator(seed: bench.seed &+ UInt64(writer))
                        for _ in 0..<100 {
                            let id = "\(Int.random(in: 0..<30, using: &random))"
                            let state: A2ATaskState =
                                [.working, .inputRequired, .working, .submitted, .completed]
                                .randomElement(using: &random) ?? .working
                            do {
                                _ = try await store.append([status(state), chunk("x")], to: id, in: scope)
                            } catch is TaskConflict {
                                // It ended, or the change would have followed the end.
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let tasks = try await listAll(store, TaskQuery(pageSize: 9))
            try requireEqual(Set(tasks.map(\.id)).count, 30, "The number of tasks")
            for (newer, older) in zip(tasks, tasks.dropFirst()) {
                try require(!newer.status.timestamp.isBefore(older.status.timestamp), "The order is not that of time.")
            }
            for state in [A2ATaskState.submitted, .working, .inputRequired, .completed] {
                let listed = try await store.list(TaskQuery(state: state, pageSize: 100), in: scope)
                try requireEqual(
                    listed.tasks.map(\.id), tasks.filter { $0.status.state == state }.map(\.id),
                    "The listing of \(state.name)")
                try requireEqual(listed.total, listed.tasks.count, "Its total")
            }
        },
        Rule("a snapshot folded with the events after it is the later snapshot") { bench in
            let store = try await bench.store()
            var random = bench.random
            _ = try await store.create(task("a"), then: [], in: scope)
            var snapshots = [try await snapshot(store, "a")]
            for step in 0..<80 {
                let count = Int.random(in: 1...3, using: &random)
                let changes = (0..<count).map { _ in Self.randomChange(step, &random) }
                _ = try await store.append(changes, to: "a", in: scope)
                if Bool.random(using: &random) { snapshots.append(try await snapshot(store, "a")) }
            }
            let last = try await snapshot(store, "a")
            for snapshot in snapshots {
                var fold = snapshot.task
                var generation = snapshot.generation
                for event in try await events(store, "a", after: snapshot.generation) {
                    fold.fold(event.update)
                    generation = event.generation
                }
                try requireEqual(generation, last.generation, "The generation")
                let what = "after folding from generation \(snapshot.generation)"
                try requireEqual(fold.status, last.task.status, "The status " + what)
                try requireEqual(fold.artifacts, last.task.artifacts, "The artifacts " + what)
                // What the caller said is in the history, but is no event.
                try requireEqual(
                    fold.history.filter { $0.role == .agent }, last.task.history.filter { $0.role == .agent },
                    "The history " + what)
            }
        },
    ]

    private static func randomChange(_ step: Int, _ random: inout SeededGenerator) -> TaskChange {
        let id = ["x", "y", "z"].randomElement(using: &random) ?? "x"
        var artifact = A2AArtifact(parts: [.text("\(step)")], artifactID: id, name: id)
        if Bool.random(using: &random) {
            artifact.metadata["\(Int.random(in: 0..<3, using: &random))"] = A2AValue(step)
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return status(.working, Bool.random(using: &random) ? "At \(step)." : nil)
        case 1: return status(.working, received: .user("Said at \(step)."))
        case 2: return status([.inputRequired, .authRequired].randomElement(using: &random) ?? .working, "Wait.")
        case 3: return TaskChange(.artifact(artifact, lastChunk: Bool.random(using: &random)))
        default: return TaskChange(.chunk(artifact, lastChunk: Bool.random(using: &random)))
        }
    }
}

extension A2ATask {
    /// Takes an update in, in the plainest way.
    fileprivate mutating func fold(_ update: A2AStreamResponse) {
        switch update.payload {
        case .statusUpdate(let event):
            if self.status.hasMessage { self.history.append(self.status.message) }
            self.status = event.status
        case .artifactUpdate(let event):
            let index = self.artifacts.firstIndex { $0.artifactID == event.artifact.artifactID }
            guard let index else { return self.artifacts.append(event.artifact) }
            guard event.append else { return self.artifacts[index] = event.artifact }
            self.artifacts[index].parts += event.artifact.parts
            for (key, value) in event.artifact.metadata.fields { self.artifacts[index].metadata.fields[key] = value }
        case .task, .message, nil: break
        }
    }
}
