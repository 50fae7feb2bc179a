import A2A
import A2AServer
import A2ATesting
import Foundation
import Synchronization

@testable import A2ASQLite

/// Gives `body` a folder of its own, and removes it.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("a2a-sqlite-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// A store in a folder.
func makeStore(
    in folder: String, name: String = "store.db", retention: TaskRetention = .durable,
    options: SQLiteDatabase.Options = .init(), clock: ManualWallClock? = nil
) throws -> SQLiteTaskStore {
    let database = try SQLiteDatabase(path: folder + "/" + name, options: options, logger: .silent)
    guard let clock else { return SQLiteTaskStore(database: database, retention: retention) }
    return SQLiteTaskStore(database: database, retention: retention, wallClock: { clock.now })
}

extension TaskStoreContract.Demands {
    var retention: TaskRetention {
        var retention = TaskRetention()
        retention.tasks = self.maxTasks
        retention.eventsPerTask = self.maxEventsPerTask
        retention.bytesPerTask = self.maxBytesPerTask
        retention.age = self.maxAge
        return retention
    }
}

/// Lines, given and taken.
final class Lines: Sendable {
    private let lines: Mutex<[[UInt8]]>

    init(_ lines: [[UInt8]] = []) { self.lines = Mutex(lines) }

    var all: [[UInt8]] { self.lines.withLock { $0 } }

    func add(_ line: [UInt8]) { self.lines.withLock { $0.append(Array(line.dropLast())) } }

    func next() -> [UInt8]? { self.lines.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
