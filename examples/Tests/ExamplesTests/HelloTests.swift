import A2A
import A2AClient
import A2AHTTP
import Foundation
import Testing

@Suite("hello", .timeLimit(.minutes(1)))
struct HelloTests {
    @Test("Can be discovered, greets, and ends well on SIGTERM")
    func greets() async throws {
        var greeting: String?
        let outcome = try await RunningProgram.run("hello", ["0"]) { line in
            guard let url = RunningProgram.url(in: line) else { return true }
            let client = try await Client.discover(url)
            #expect(client.card?.skills.map(\.id) == ["greet"])
            greeting = try await client.send("Ada").text
            return false
        }
        #expect(greeting == "Hello, Ada!")
        #expect(outcome.status == 0)
    }

    @Test("Is shorter than 40 lines")
    func isShort() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/hello/Hello.swift")
        let lines = try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count < 40)
    }
}
