import A2A
import A2ASQLite
import A2AServer
import A2ATesting
import ArgumentParser
import Foundation
import Synchronization

/// How long a small append waits for what happens to a large task in the same file.
struct StoreWaits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-waits",
        abstract:
            "The longest wait of an append to a small task while a large one grows, is read again, and is removed.")

    @Option(help: "The content of the large task, in MiB.")
    var size = 50

    @Option(help: "The folder of the file; a temporary one by default.")
    var folder: String?

    private static let chunk = String(repeating: "x", count: 64 << 10)

    func run() async throws {
        let base = self.folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let folder = base.appendingPathComponent("a2a-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/waits.db"
        var store = try self.open(path)
        for id in ["small", "large"] { _ = try await store.create(Self.task(id), then: [], in: Scope()) }
        print("store-waits: one task of \(self.size) MiB in chunks of 64 KiB; waits of appends to another one, in ms")
        try await self.waits("nothing else", store) { _ in try await Task.sleep(for: .seconds(2)) }
        try await self.waits("it grows", store) { store in
            for _ in 0..<self.size * 16 { _ = try await store.append([Self.text], to: "large", in: Scope()) }
        }
        try await self.waits("its log outgrows it, which makes a snapshot", store) { store in
            for _ in 0..<self.size + self.size / 4 {
                let text = String(repeating: "y", count: 1 << 20)
                let artifact = A2AArtifact(parts: [.text(text)], artifactID: "b")
                _ = try await store.append(
                    [TaskChange(.artifact(artifact, lastChunk: true))], to: "large", in: Scope())
            }
        }
        await store.database.close()
        store = try self.open(path)
        try await self.waits("it is read again for an append", store) { store in
            _ = try await store.append([Self.text], to: "large", in: Scope())
        }
        _ = try await store.append([TaskChange(.status(A2ATaskStatus(.completed)))], to: "large", in: Scope())
        var retention = TaskRetention.durable
        retention.age = .seconds(-3600)
        let other = SQLiteTaskStore(database: store.database, retention: retention)
        try await self.waits("it is removed", store) { _ in try await other.removeExpired() }
        await store.database.close()
    }

    private func open(_ path: String) throws -> SQLiteTaskStore {
        try SQLiteTaskStore(path: path, logger: .silent)
    }

    private static func task(_ id: String) -> A2ATask {
        var task = A2ATask()
        task.id = id
        task.contextID = id
        task.status = A2ATaskStatus(.working)
        return task
    }

    private static var text: TaskChange {
        TaskChange(.chunk(A2AArtifact(parts: [.text(Self.chunk)], artifactID: "a"), lastChunk: false))
    }

    private func waits(
        _ name: String, _ store: SQLiteTaskStore, _ body: (SQLiteTaskStore) async throws -> Void
    ) async throws {
        let watch = Watch()
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            group.addTask {
                var times: [Double] = []
                while !watch.isOver {
                    let start = ContinuousClock.now
                    let text = TaskChange(.chunk(A2AArtifact(parts: [.text("x")], artifactID: "a"), lastChunk: false))
                    _ = try await store.append([text], to: "small", in: Scope())
                    times.append((ContinuousClock.now - start).inSeconds)
                }
                return times
            }
            let start = ContinuousClock.now
            try await Task.sleep(for: .milliseconds(200))
            try await body(store)
            report("\(name), time", (ContinuousClock.now - start).inSeconds - 0.2, unit: " s")
            // What goes on afterwards, beside it.
            try await Task.sleep(for: .seconds(3))
            watch.end()
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let sorted = times.sorted()
        report("\(name), median", (sorted.isEmpty ? .nan : sorted[sorted.count / 2]) * 1e3, unit: " ms")
        report("\(name), p99", (sorted.isEmpty ? .nan : sorted[sorted.count * 99 / 100]) * 1e3, unit: " ms")
        report("\(name), longest", (sorted.last ?? .nan) * 1e3, unit: " ms")
    }

    private final class Watch: Sendable {
        private let over = Atomic(false)

        var isOver: Bool { self.over.load(ordering: .relaxed) }

        func end() { self.over.store(true, ordering: .relaxed) }
    }
}
