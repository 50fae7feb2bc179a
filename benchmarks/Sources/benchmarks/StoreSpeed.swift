import A2A
import A2AHTTP
import A2ASQLite
import A2AServer
import A2ATesting
import ArgumentParser
import Foundation
import Logging

/// The store in a database file against the one in memory.
struct StoreSpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Sends and streams with tasks in an SQLite file against tasks in memory.")

    @Option(help: "Rounds of each; the median counts.")
    var rounds = 5

    @Option(help: "Seconds of one measurement.")
    var seconds = 2.0

    @Option(help: "Sends in flight.")
    var inFlight = 64

    @Option(help: "Tasks in the large file.")
    var tasks = 1_000_000

    @Option(help: "Chunks of a stream.")
    var chunks = 10_000

    @Option(help: "Measures only one of requests, sends, streams, size; for profiling.")
    var only: String?

    @Option(help: "Measures only the store in memory, or only sqlite; for profiling.")
    var store: String?

    @Option(
        help: "The folder of the files; a temporary one by default. What is on a disk in memory is not made durable.")
    var folder: String?

    @Flag(help: "Commits without waiting for the disk.")
    var noSync = false

    func run() async throws {
        let base = self.folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let folder = base.appendingPathComponent("a2a-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        report("disk: a commit of one page waits for", try commitTime(in: base.path) * 1e3, unit: " ms")
        if self.only == nil || self.only == "requests" { try await self.requests(folder) }
        if self.only == nil || self.only == "sends" { try await self.sends(folder) }
        if self.only == nil || self.only == "streams" { try await self.streams(folder) }
        if self.only == nil || self.only == "size" { try await self.size(folder) }
    }

    private func open(_ path: String) throws -> SQLiteTaskStore {
        var options = SQLiteDatabase.Options()
        if self.noSync { options.synchronous = .normal }
        return try SQLiteTaskStore(path: path, options: options, logger: .silent)
    }

    // MARK: Requests

    private func requests(_ folder: String) async throws {
        let sqlite = try self.open(folder + "/requests.db")
        for (kind, what) in [("task", "tasks with one artifact"), ("message", "direct replies")] {
            let load = LoadGenerator(connections: self.inFlight, duration: .seconds(self.seconds))
            var (rates, medians) = (["memory": [Double]()], ["memory": [Double]()])
            for _ in 0..<self.rounds {
                for (name, store) in [("memory", MemoryTaskStore() as any TaskStore), ("sqlite", sqlite)] {
                    let runtime = TaskRuntime(agent: HelloAgent(), card: .testCard(), store: store, logger: .silent)
                    try await withAgentServer(runtime, logger: .silent) { base in
                        let (rate, median) = try await load.measure(base) { Speed.rpcBody(kind, $0) }
                        rates[name, default: []].append(rate)
                        medians[name, default: []].append(median)
                    }
                }
            }
            print(
                "requests: JSON-RPC SendMessage, \(what), \(self.inFlight) connections, callers included, "
                    + "\(self.rounds) rounds of \(self.seconds) s, medians")
            self.compare(rates, medians, unit: "requests", hasTargets: kind == "task")
        }
        await sqlite.database.close()
    }

    private func compare(
        _ rates: [String: [Double]], _ medians: [String: [Double]], unit: String, hasTargets: Bool = true
    ) {
        let (fast, durable) = (rates["memory"]?.median ?? .nan, rates["sqlite"]?.median ?? .nan)
        let (short, long) = (medians["memory"]?.median ?? .nan, medians["sqlite"]?.median ?? .nan)
        report("memory", fast, unit: " \(unit)/s")
        report("SQLite", durable, unit: " \(unit)/s")
        report("SQLite / memory", durable / fast, target: hasTargets ? "0.4 or more" : "")
        report("memory, p50", short * 1e3, unit: " ms")
        report("SQLite, p50", long * 1e3, unit: " ms")
        report("p50 of SQLite / memory", long / short, target: hasTargets ? "below 3" : "")
    }

    // MARK: Sends

    private func sends(_ folder: String) async throws {
        let memory = MemoryTaskStore()
        let sqlite = try self.open(folder + "/sends.db")
        var (rates, medians) = (["memory": [Double]()], ["memory": [Double]()])
        var changesPerCommit: [Double] = []
        var work: [String: [Double]] = [:]
        for _ in 0..<self.rounds {
            for (name, store) in [("memory", memory as any TaskStore), ("sqlite", sqlite)]
            where self.store == nil || self.store == name {
                let commits = sqlite.database.commitCount
                let before = processorTime()
                let (rate, median) = try await self.measure(store)
                work[name, default: []].append((processorTime() - before) / (rate * self.seconds))
                rates[name, default: []].append(rate)
                medians[name, default: []].append(median)
                if name == "sqlite" {
                    changesPerCommit.append(rate * self.seconds * 2 / Double(sqlite.database.commitCount - commits))
                }
            }
        }
        print(
            "sends: tasks with one artifact, without a socket, \(self.inFlight) in flight, \(self.rounds) rounds of \(self.seconds) s, medians"
        )
        self.compare(rates, medians, unit: "sends")
        report("memory, work of all processors", (work["memory"]?.median ?? .nan) * 1e6, unit: " µs a send")
        report("SQLite, work of all processors", (work["sqlite"]?.median ?? .nan) * 1e6, unit: " µs a send")
        report("changes per commit", changesPerCommit.median)
        await sqlite.database.close()
    }

    /// - Returns: Sends per second, and the median of their times in seconds.
    private func measure(_ store: any TaskStore) async throws -> (rate: Double, median: Double) {
        let agent = ClosureAgent { turn in
            try await turn.append(.text("result"), toArtifact: "result", lastChunk: true)
        }
        return try await withRuntime(agent, store: store) { runtime in
            let start = ContinuousClock.now
            let end = start + .seconds(self.seconds)
            let times = try await withThrowingTaskGroup(of: [Double].self) { group in
                for _ in 0..<self.inFlight {
                    group.addTask {
                        var times: [Double] = []
                        var last = ContinuousClock.now
                        while last < end {
                            _ = try await runtime.sendMessage(.text("go"), context: CallContext())
                            let now = ContinuousClock.now
                            times.append((now - last).inSeconds)
                            last = now
                        }
                        return times
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            return (Double(times.count) / (ContinuousClock.now - start).inSeconds, times.median)
        }
    }

    // MARK: Streams

    private func streams(_ folder: String) async throws {
        let memory = MemoryTaskStore()
        let sqlite = try self.open(folder + "/streams.db")
        var rates: [String: [Double]] = [:]
        for _ in 0..<self.rounds {
            for (name, store) in [("memory", memory as any TaskStore), ("sqlite", sqlite)] {
                rates[name, default: []].append(try await self.stream(store))
            }
        }
        let (fast, durable) = (rates["memory"]?.median ?? .nan, rates["sqlite"]?.median ?? .nan)
        print("streams: \(self.chunks) chunks of 100 bytes on one task, to one reader; \(self.rounds) rounds, medians")
        report("memory", fast, unit: " chunks/s")
        report("SQLite", durable, unit: " chunks/s")
        report("SQLite / memory", durable / fast, target: "0.5 or more")
        await sqlite.database.close()
    }

    private func stream(_ store: any TaskStore) async throws -> Double {
        let (count, text) = (self.chunks, String(repeating: "x", count: 100))
        let agent = ClosureAgent { turn in
            for _ in 0..<count { try await turn.append(.text(text), toArtifact: "large") }
        }
        return try await withRuntime(agent, store: store) { runtime in
            let start = ContinuousClock.now
            var events = 0
            for try await _ in try await runtime.sendStreamingMessage(.text("go"), context: CallContext()) {
                events += 1
            }
            guard events >= count else { throw CleanExit.message("only \(events) events came") }
            return Double(count) / (ContinuousClock.now - start).inSeconds
        }
    }

    // MARK: Size

    private func size(_ folder: String) async throws {
        let small = try self.open(folder + "/small.db")
        let large = try self.open(folder + "/large.db")
        let start = ContinuousClock.now
        try await self.fill(large)
        let filling = (ContinuousClock.now - start).inSeconds
        var rates: [String: [Double]] = [:]
        for _ in 0..<self.rounds {
            for (name, store) in [("small", small), ("large", large)] {
                rates[name, default: []].append(try await self.measure(store).rate)
            }
        }
        let (few, many) = (rates["small"]?.median ?? .nan, rates["large"]?.median ?? .nan)
        var pages: [Double] = []
        for _ in 0..<100 {
            let start = ContinuousClock.now
            _ = try await large.list(TaskQuery(), in: Scope())
            pages.append((ContinuousClock.now - start).inSeconds)
        }
        print("size: \(self.tasks) tasks in the file, filled in \(Int(filling)) s; \(self.rounds) rounds, medians")
        report("sends, empty file", few, unit: " sends/s")
        report("sends, large file", many, unit: " sends/s")
        report("large / empty", many / few, target: "0.8 or more")
        report("ListTasks, first page of 50", pages.median * 1e3, unit: " ms", target: "below 5")
        await small.database.close()
        await large.database.close()
    }

    private func fill(_ store: SQLiteTaskStore) async throws {
        let writers = 256
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for index in 0..<self.tasks / writers {
                        var task = A2ATask()
                        task.id = "filled-\(writer)-\(index)"
                        task.contextID = "context-\(writer)-\(index / 10)"
                        task.status = A2ATaskStatus(.submitted)
                        task.history = [.user("Please do something.")]
                        let artifact = A2AArtifact(parts: [.text("result")], artifactID: "result")
                        _ = try await store.create(
                            task,
                            then: [
                                TaskChange(.artifact(artifact, lastChunk: true)),
                                TaskChange(.status(A2ATaskStatus(.completed))),
                            ], in: Scope())
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// What this process has worked so far, on all processors, in seconds. POSIX counts it in millionths.
private func processorTime() -> Double { Double(clock()) / 1e6 }

/// How long the disk takes to make one page durable, in seconds; the median of 50.
private func commitTime(in folder: String) throws -> Double {
    let path = folder + "/a2a-commit-\(UUID().uuidString)"
    let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer {
        close(descriptor)
        unlink(path)
    }
    let page = [UInt8](repeating: 1, count: 4096)
    return (0..<50).map { _ in
        _ = write(descriptor, page, page.count)
        let start = ContinuousClock.now
        _ = fdatasync(descriptor)
        return (ContinuousClock.now - start).inSeconds
    }.median
}
