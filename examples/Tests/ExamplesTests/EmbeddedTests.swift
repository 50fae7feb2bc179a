import A2A
import A2AClient
import A2AHTTP
import A2AServer
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import embedded

@Suite("embedded", .timeLimit(.minutes(1)))
struct EmbeddedTests {
    @Test("Serves the application's own routes and the agent's side by side")
    func sideBySide() async throws {
        var application = LibraryApplication()
        application.port = 0
        let visits = Mutex(0)
        try await application.run { url in
            let books = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: "\(url)/books"), timeout: .seconds(10))
            #expect(books.status == .ok)
            #expect(String(buffer: try await books.body.collect(upTo: 1 << 10)).contains("The Time Machine"))

            let client = try await Client.discover(url)
            #expect(client.interface?.url == "\(url)/agent")
            #expect(try await client.send("eighty").text == "Around the World in Eighty Days")
            visits.withLock { $0 += 1 }
        }
        #expect(visits.withLock { $0 } == 1)
    }

    @Test("Ends although somebody still reads a stream")
    func endsWithOpenStream() async throws {
        let endless = ClosureAgent { turn in
            try await turn.working("Waiting.")
            _ = try await turn.nextMessage()
        }
        var limits = RuntimeConfiguration()
        limits.shutdownGrace = .zero
        var application = LibraryApplication()
        application.port = 0
        application.runtime = TaskRuntime(agent: endless, card: Librarian.card, configuration: limits)

        let (urls, started) = AsyncStream<String>.makeStream()
        let (work, working) = AsyncStream<Void>.makeStream()
        async let running: Void = application.run { url in
            started.yield(url)
            started.finish()
            for await _ in work { return }
        }
        var states: [A2ATaskState?] = []
        for await url in urls {
            for try await event in try await Client.discover(url).stream("wait") {
                states.append(event.response.state)
                if event.response.state == .working { working.finish() }
            }
        }
        #expect(states == [.submitted, .working, .failed])
        try await running
    }

    @Test("The program asks over HTTP and in process, and gets the same answer")
    func program() async throws {
        let outcome = try await RunningProgram.run("embedded", ["0"])
        #expect(outcome.status == 0)
        let books = "The Time Machine; A Brief History of Time"
        #expect(outcome.lines.suffix(2) == ["Over JSONRPC: \(books)", "In process: \(books)"])
    }
}
