import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Synchronization
import TestSupport
import Testing

@testable import A2ATCP

/// Streams through cuts, restarts and evictions, against the log of the task: what a reader gets is the log, or says that
/// something is missing.
@Suite("Resumption over TCP against the log", .timeLimit(.minutes(3)))
struct ResumptionModelTests {
    @Test("each reader gets every event once and in order, or the task as it is where events are missing")
    func model() async throws {
        var (cuts, gaps, resumed) = (0, 0, 0)
        for _ in 0..<12 {
            let seed = UInt64.random(in: 0 ... .max)
            let run = ResumptionRun(seed)
            let outcome = try await run.play()
            for (index, events) in outcome.readers.enumerated() {
                let (problem, missing) = outcome.compare(events)
                #expect(problem == nil, "seed \(seed), reader \(index)")
                gaps += missing
            }
            cuts += outcome.connections - 1
            resumed += run.resumed.withLock { $0 }
        }
        // Or nothing was proved.
        #expect(cuts > 0 && gaps > 0 && resumed > 0, "\(cuts) cuts, \(gaps) gaps, \(resumed) resumed")
    }

    @Test("a number of a log that is lost is not taken for one of the new log", arguments: [12, 10, 5])
    func lostLog(_ length: Int) async throws {
        func log(_ name: String, _ count: Int) -> StubService {
            StubService(onSubscribe: { _, context in
                let after = context.resumeAfter.map { Int($0) }
                var events: [StreamEvent] = []
                if let after, after <= count {
                    for number in after..<count { events.append(Self.event(name, number + 1)) }
                } else {
                    var task = A2ATask()
                    task.id = "t"
                    task.status.state = .working
                    task.artifacts = [A2AArtifact(parts: [.text("\(name)\(count)")], artifactID: "a", name: "a")]
                    events.append(StreamEvent(.task(task), generation: Int64(count)))
                }
                let rest = Rest(events)
                return EventStream {
                    ClosureSource({
                        if let event = rest.next() { return event }
                        try await Task.sleep(for: .seconds(3600))
                        return nil
                    })
                }
            })
        }
        var resume = ClientConfiguration()
        resume.resume.maxAttemptsWithoutProgress = 10_000
        resume.resume.backoff = Backoff(base: .milliseconds(1), limit: .milliseconds(5))
        let configuration = resume
        var request = A2ASubscribeToTaskRequest()
        request.id = "t"
        let kept = Mutex<(Client, Handed, Int)?>(nil)
        try await withTCPService(log("old", 10)) { address in
            let caller = try A2ATCPTests.client(address, configuration: configuration)
            var iterator = try await caller.subscribeToTask(request).makeAsyncIterator()
            #expect(try await iterator.next()?.generation == 10)
            let handed = Handed(iterator)
            kept.withLock { $0 = (caller, handed, TestSupport.port(address)) }
        }
        let (caller, handed, port) = try #require(kept.withLock { $0 })
        var server = TCPServerConfiguration()
        server.port = port
        try await withTCPService(log("new", length), configuration: server) { _ in
            // Another reader comes first, over the same connection, and learns the new log.
            var other: EventStream.AsyncIterator?
            while other == nil { other = try? await caller.subscribeToTask(request).makeAsyncIterator() }
            #expect(try await other?.next()?.generation == Int64(length))
            var old = handed.iterator
            let next = try await old.next()
            guard case .task(let task)? = next?.response.payload else {
                Issue.record("no sign of the gap but \(String(describing: next))")
                return
            }
            #expect(task.artifacts.first?.parts.first?.text == "new\(length)")
        }
    }

    private static func event(_ name: String, _ number: Int) -> StreamEvent {
        var update = A2ATaskArtifactUpdateEvent()
        update.taskID = "t"
        update.artifact = A2AArtifact(parts: [.text("\(name)\(number)")], artifactID: "a", name: "a")
        return StreamEvent(.artifactUpdate(update), generation: Int64(number))
    }
}

/// An iterator on its way to another scope.
// Unchecked: it is handed over once.
private final class Handed: @unchecked Sendable {
    let iterator: EventStream.AsyncIterator

    init(_ iterator: EventStream.AsyncIterator) { self.iterator = iterator }
}
