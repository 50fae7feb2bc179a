import A2AClient
import A2AHTTP
import Testing

@Suite("A running program", .timeLimit(.minutes(1)))
struct RunningProgramTests {
    private struct Oops: Error {}

    @Test("Is gone when its test fails")
    func failure() async throws {
        var url: String?
        await #expect(throws: Oops.self) {
            _ = try await RunningProgram.run("hello", ["0"]) { line in
                url = RunningProgram.url(in: line)
                if url != nil { throw Oops() }
                return true
            }
        }
        let address = try #require(url)
        await #expect(throws: (any Error).self) { try await Client.discover(address) }
    }

    @Test("Is gone when its test is cancelled")
    func cancellation() async throws {
        let (urls, listening) = AsyncStream<String>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    _ = try await RunningProgram.run("hello", ["0"]) { line in
                        if let url = RunningProgram.url(in: line) { listening.yield(url) }
                        return true
                    }
                }
                listening.finish()
            }
            for await url in urls {
                _ = try await Client.discover(url)
                group.cancelAll()
                try await group.waitForAll()
                await #expect(throws: (any Error).self) { try await Client.discover(url) }
            }
        }
    }
}
