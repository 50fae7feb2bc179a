import A2A
import A2AServer
import A2ATesting
import GRDB
import Synchronization
import Testing

@testable import A2ASQLite

@Suite("How many snapshots are made at a time", .timeLimit(.minutes(1)))
struct SnapshotQueueTests {
    @Test("what is under way stays within the bound, nobody is overtaken, and everybody comes to its turn")
    func bounded() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        var queue = SnapshotQueue(maxBytes: 100)
        var underWay: [Int] = []
        var expected: [String] = []
        var sizes: [String: Int] = [:]
        for step in 0..<5_000 {
            if Bool.random(using: &random) {
                let (id, bytes) = ("\(step)", Int.random(in: 1...150, using: &random))
                sizes[id] = bytes
                switch queue.ask(id, bytes: bytes) {
                case .begin:
                    #expect(expected.isEmpty, "step \(step), seed \(seed)")
                    underWay.append(bytes)
                case .wait: expected.append(id)
                case .refuse: Issue.record("step \(step), seed \(seed)")
                }
            } else if let index = underWay.indices.randomElement(using: &random) {
                let mayBegin = queue.end(bytes: underWay.remove(at: index))
                #expect(mayBegin == !expected.isEmpty, "step \(step), seed \(seed)")
                while let first = queue.first, queue.beginFirst(bytes: sizes[first] ?? 0) {
                    #expect(first == expected.removeFirst(), "step \(step), seed \(seed)")
                    underWay.append(sizes[first] ?? 0)
                }
            }
            let bytes = underWay.reduce(0, +)
            #expect(queue.bytes == bytes && (bytes <= 100 || underWay.count == 1), "step \(step), seed \(seed)")
            #expect(queue.waitingCount == expected.count, "step \(step), seed \(seed)")
            // Nobody waits for nothing.
            #expect(expected.isEmpty || !underWay.isEmpty, "step \(step), seed \(seed)")
        }
    }

    @Test("a task waits once, however often it asks; too many are refused, and those that need none any more make room")
    func waiting() {
        var queue = SnapshotQueue(maxBytes: 10)
        #expect(queue.ask("large", bytes: 1_000) == .begin)
        #expect(queue.ask("a", bytes: 1) == .wait)
        #expect(queue.ask("a", bytes: 2) == .wait)
        #expect(queue.waitingCount == 1)
        for index in 1..<SnapshotQueue.maxWaiting { #expect(queue.ask("\(index)", bytes: 1) == .wait) }
        #expect(queue.ask("one more", bytes: 1) == .refuse)
        queue.dropFirst()
        #expect(queue.first == "1" && queue.ask("a", bytes: 1) == .wait)
    }

    /// What was under way whenever a snapshot was written.
    private final class Sightings: Sendable {
        private let all = Mutex<[Int]>([])
        var most: Int { self.all.withLock { $0.max() ?? 0 } }
        func add(_ bytes: Int) { self.all.withLock { $0.append(bytes) } }
    }

    @Test("many large tasks that grow at once are not in memory at once for their snapshots, and all get one")
    func manyTasks() async throws {
        try await withFolder { folder in
            var options = SQLiteDatabase.Options()
            options.snapshotBytes = 1 << 20
            let store = try makeStore(in: folder, options: options)
            let database = store.database
            let (sightings, compactor) = (Sightings(), database.compactor)
            try await database.write { db in
                db.trace { event in
                    if "\(event)".contains("INTO snapshot") { sightings.add(compactor.state.bytes) }
                }
            }
            let text = String(repeating: "x", count: 350_000)
            let ids = (0..<24).map { "\($0)" }
            for id in ids { _ = try await store.create(.sample(id), then: [.status(.working)], in: Scope()) }
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await database.write { _ in gate.wait() } }
                await gate.isReached()
                // In one commit: all ask at once.
                for id in ids { group.addTask { _ = try await store.append([.text(text)], to: id, in: Scope()) } }
                while database.queue.count < ids.count { await Task.yield() }
                gate.open()
                try await group.waitForAll()
            }
            while true {
                let (state, snapshots) = (
                    compactor.state,
                    try await database.read {
                        try Int.fetchOne($0, sql: "SELECT count(*) FROM tasks WHERE snapshot > 0")
                    }
                )
                if state.bytes == 0, state.waitingCount == 0, snapshots == ids.count { break }
                await Task.yield()
            }
            #expect(sightings.most > text.utf8.count && sightings.most <= options.snapshotBytes)
            let isAnyBusy = ids.contains {
                database.tasks.entry($0)?.state.withLock { $0?.isCompacting } ?? false
            }
            #expect(!isAnyBusy)
            let problems = try await database.check()
            #expect(problems == [])
        }
    }

    @Test(
        "one that is larger than the bound gets its snapshot all the same, and those that wait are forgotten at the end"
    )
    func alone() async throws {
        try await withFolder { folder in
            var options = SQLiteDatabase.Options()
            options.snapshotBytes = 1
            let store = try makeStore(in: folder, options: options)
            let text = String(repeating: "x", count: 350_000)
            for id in ["a", "b"] {
                _ = try await store.create(.sample(id), then: [.status(.working)], in: Scope())
                _ = try await store.append([.text(text)], to: id, in: Scope())
            }
            while try await store.database.read({
                try Int.fetchOne($0, sql: "SELECT count(*) FROM tasks WHERE snapshot > 0")
            }) != 2 { await Task.yield() }
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.database.write { _ in gate.wait() } }
                await gate.isReached()
                for id in ["a", "b"] {
                    group.addTask { _ = try await store.append([.text(text + text)], to: id, in: Scope()) }
                }
                while store.database.queue.count < 2 { await Task.yield() }
                store.database.queue.close()
                gate.open()
                try await group.waitForAll()
            }
            await store.database.close()
            while store.database.compactor.state.bytes > 0 { await Task.yield() }
            #expect(store.database.compactor.state.waitingCount == 0)
        }
    }
}
