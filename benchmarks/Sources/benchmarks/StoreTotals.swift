import A2A
import A2ASQLite
import A2AServer
import A2ATesting
import ArgumentParser
import Foundation
import SwiftProtobuf

/// What the first page of a list costs, with its total, by how it is filtered.
struct StoreTotals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-totals", abstract: "ListTasks on a large file, by filter: the total has to be counted.")

    @Option(help: "Tasks in the file. A tenth of them are in one context, a tenth are working.")
    var tasks = 1_000_000

    @Option(help: "The folder of the file; a temporary one by default.")
    var folder: String?

    func run() async throws {
        let base = self.folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let folder = base.appendingPathComponent("a2a-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = SQLiteDatabase.Options()
        options.synchronous = .normal
        let store = try SQLiteTaskStore(path: folder + "/totals.db", options: options, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<256 {
                group.addTask {
                    for index in 0..<self.tasks / 256 {
                        var task = A2ATask()
                        task.id = "\(writer)-\(index)"
                        task.contextID = index % 10 == 0 ? "large" : "context-\(writer)-\(index / 10)"
                        task.status = A2ATaskStatus(.working)
                        let end = TaskChange(.status(A2ATaskStatus(.completed)))
                        _ = try await store.create(task, then: index % 10 == 1 ? [] : [end], in: Scope())
                    }
                }
            }
            try await group.waitForAll()
        }
        let newest = try await store.list(TaskQuery(pageSize: 1), in: Scope()).tasks.first?.status.timestamp ?? .now
        let (early, late) = (A2ATimestamp(milliseconds: 0), A2ATimestamp(milliseconds: newest.seconds * 1000 - 1000))
        print("store-totals: \(self.tasks) tasks; the first page of 50, with its total; medians of 20")
        for (name, query) in [
            ("no filter", TaskQuery()), ("state", TaskQuery(state: .working)),
            ("a context of nine", TaskQuery(contextID: "context-1-7")),
            ("a context of a tenth", TaskQuery(contextID: "large")),
            ("that context and a state", TaskQuery(contextID: "large", state: .completed)),
            ("status of the last second", TaskQuery(statusAfter: late)),
            ("status of all time", TaskQuery(statusAfter: early)),
            ("status of all time and a state", TaskQuery(state: .completed, statusAfter: early)),
        ] {
            var times: [Double] = []
            var total = 0
            for _ in 0..<20 {
                let start = ContinuousClock.now
                total = try await store.list(query, in: Scope()).total
                times.append((ContinuousClock.now - start).inSeconds)
            }
            report("\(name), total \(total)", times.median * 1e3, unit: " ms")
        }
        await store.database.close()
    }
}
