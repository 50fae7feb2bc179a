import A2A
import A2AServer
import A2ATesting
import ArgumentParser

/// The cost of one more chunk of an artifact must not grow with the artifact.
struct Chunks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "An artifact of 10 000 chunks on one task.")

    func run() async throws {
        let count = 10_000
        let (results, input) = AsyncStream<[Double]>.makeStream()
        let agent = ClosureAgent { turn in
            var times: [Double] = []
            times.reserveCapacity(count / 100)
            let text = String(repeating: "x", count: 100)
            for _ in 0..<count / 100 {
                let start = ContinuousClock.now
                for _ in 0..<100 { try await turn.append(.text(text), toArtifact: "large") }
                times.append((ContinuousClock.now - start).inSeconds / 100)
            }
            input.yield(times)
        }
        try await withRuntime(agent) { runtime in
            var (ratios, medians) = ([Double](), [Double]())
            // One run takes a few hundredths of a second, so the median of many counts; the first warms up.
            for round in 0..<21 {
                let stream = try await runtime.sendStreamingMessage(.text("go"), context: CallContext())
                for try await _ in stream {}
                var iterator = results.makeAsyncIterator()
                let times = await iterator.next() ?? []
                guard round > 0 else { continue }
                ratios.append(times.lastTenthOverFirst)
                medians.append(times.median)
            }
            print("chunks: \(count) chunks on one task, streamed to one reader; \(ratios.count) runs, medians")
            report("one chunk", medians.median * 1e6, unit: " µs")
            report("last tenth / first tenth", ratios.median, target: "below 1.5")
        }
    }
}

/// The cost of a send must not grow with the number of tasks in the store.
struct StoreSize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sends while 100 000 tasks fill the store.")

    func run() async throws {
        let count = 100_000
        var retention = MemoryTaskStore.Retention()
        retention.tasks = 2 * count
        let store = MemoryTaskStore(retention: retention)
        let agent = ClosureAgent { turn in
            try await turn.append(.text("result"), toArtifact: "result", lastChunk: true)
        }
        var configuration = RuntimeConfiguration()
        configuration.deduplicationWindow = nil
        try await withRuntime(agent, store: store, configuration: configuration) { runtime in
            var times: [Double] = []
            for _ in 0..<count / 1000 {
                let start = ContinuousClock.now
                // Several senders, so that the figure is work and not the waking of idle threads.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            for _ in 0..<125 {
                                _ = try await runtime.sendMessage(.text("go"), context: CallContext())
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                times.append((ContinuousClock.now - start).inSeconds / 1000)
            }
            print("store: \(store.count) tasks made by 8 senders")
            report("one send", times.median * 1e6, unit: " µs")
            report("last tenth / first tenth", times.lastTenthOverFirst, target: "below 1.5")
            let start = ContinuousClock.now
            for _ in 0..<1000 { _ = try await runtime.listTasks(.init(), context: CallContext()) }
            report("ListTasks, first page of 50", (ContinuousClock.now - start).inSeconds * 1e3, unit: " µs")
        }
    }
}

/// A thousand readers, one of them stalled, must not slow the agent down more and more.
struct Subscribers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "1 000 subscribers of one task, one of them stalled.")

    func run() async throws {
        let (readers, count) = (1000, 2000)
        let (results, input) = AsyncStream<[Double]>.makeStream()
        let (gate, open) = AsyncStream<Void>.makeStream()
        let agent = ClosureAgent { turn in
            try await turn.working()
            for await _ in gate { break }
            var times: [Double] = []
            for _ in 0..<count / 20 {
                let start = ContinuousClock.now
                for _ in 0..<20 { try await turn.append(.text("chunk"), toArtifact: "a") }
                times.append((ContinuousClock.now - start).inSeconds / 20)
            }
            input.yield(times)
        }
        try await withRuntime(agent) { runtime in
            var immediate = A2ASendMessageRequest.text("go")
            immediate.configuration.returnImmediately = true
            guard case .task(let task)? = try await runtime.sendMessage(immediate, context: CallContext()).payload
            else {
                return
            }
            var subscribe = A2ASubscribeToTaskRequest()
            subscribe.id = task.id
            // Reads its first event, and then nothing any more.
            var stalled = try await runtime.subscribeToTask(subscribe, context: CallContext()).makeAsyncIterator()
            _ = try await stalled.next()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1..<readers {
                    let stream = try await runtime.subscribeToTask(subscribe, context: CallContext())
                    group.addTask {
                        var events = 0
                        for try await _ in stream { events += 1 }
                        return events
                    }
                }
                let start = ContinuousClock.now
                open.yield()
                var iterator = results.makeAsyncIterator()
                let times = await iterator.next() ?? []
                let agentTime = (ContinuousClock.now - start).inSeconds
                var delivered = 0
                for try await events in group { delivered += events }
                let total = (ContinuousClock.now - start).inSeconds
                print("subscribers: \(readers) readers of one task, one of them stalled; \(count) chunks")
                report("one chunk, for the agent", times.median * 1e6, unit: " µs")
                report("last tenth / first tenth", times.lastTenthOverFirst, target: "below 1.5")
                report("agent done after", agentTime * 1e3, unit: " ms")
                report("all readers done after", total * 1e3, unit: " ms")
                report("deliveries", Double(delivered) / total, unit: " events/s")
            }
            withExtendedLifetime(stalled) {}
        }
    }
}

extension A2ASendMessageRequest {
    static func text(_ text: String) -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.message = .user(text)
        return request
    }
}
