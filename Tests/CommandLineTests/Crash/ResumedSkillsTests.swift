import A2A
import A2AReferenceAgent
import A2ASQLite
import A2AServer
import A2ATesting
import Foundation
import Testing

@Suite("The reference agent, interrupted", .timeLimit(.minutes(1)))
struct ResumedSkillsTests {
    /// What an event says, without identifiers and times.
    private func words(_ event: StreamEvent) -> String {
        switch event.response.payload {
        case .task(let task): "task \(task.status.state)"
        case .statusUpdate(let update): "\(update.status.state) \(update.status.message.text)"
        case .artifactUpdate(let update):
            "\(update.artifact.artifactID) \(update.artifact.parts.map(\.text)) \(update.append) \(update.lastChunk)"
        default: "?"
        }
    }

    private static let script = A2AMessage(
        role: .user,
        parts: [
            .data(
                [
                    "script": [
                        ["working": ["text": "one"]], ["delay": ["milliseconds": 5]],
                        ["artifact": ["id": "a", "append": true, "parts": [["text": "x"]]]],
                        ["delay": ["milliseconds": 5]],
                        ["artifact": ["id": "a", "append": true, "parts": [["text": "y"]]]],
                        ["delay": ["milliseconds": 5]],
                        ["working": ["text": "two"]], ["delay": ["milliseconds": 5]], ["complete": ["text": "end"]],
                    ]
                ], mediaType: "application/vnd.a2a-conformance+json")
        ])

    private static let messages = [A2AMessage.user("stream a b c d"), .user("research to be or not to be"), script]

    /// The events of a message's task, when the agent is shut down as soon as the task stands at each of some generations.
    private func events(_ message: A2AMessage, interruptedAt stops: [Int64]) async throws -> [String] {
        try await CrashPlace.with { folder in
            var configuration = RuntimeConfiguration.testing
            configuration.shutdownGrace = .milliseconds(1)
            var id = ""
            for stop in stops + [.max] {
                let store = try SQLiteTaskStore(path: folder + "/tasks.db", logger: .silent)
                id = try await withRuntime(
                    ReferenceAgent(), card: ReferenceAgent.card(), store: store, configuration: configuration
                ) { runtime in
                    var request = A2ASendMessageRequest()
                    request.message = message
                    request.message.messageID = "m"
                    // Recognised after the first time.
                    let stream = try await runtime.sendStreamingMessage(request, context: CallContext())
                    for try await event in stream {
                        id = event.response.taskID ?? id
                        if event.generation ?? 0 >= stop { break }
                    }
                    return id
                }
                await store.database.close()
            }
            let store = try SQLiteTaskStore(path: folder + "/tasks.db", logger: .silent)
            guard case .events(let all) = try await store.events(of: id, in: Scope(), after: 1, limit: 1_000) else {
                Issue.record("the log has a gap")
                return []
            }
            #expect(all.map(\.generation) == Array(2..<(Int64(all.count) + 2)))
            return all.map { self.words(StreamEvent($0.update, generation: $0.generation)) }
        }
    }

    @Test("does every part of its work once, wherever it is interrupted", arguments: 0..<3)
    func interrupted(_ index: Int) async throws {
        let message = Self.messages[index]
        let whole = try await self.events(message, interruptedAt: [])
        #expect(whole.count >= 5)
        for stop in 1...Int64(whole.count) {
            #expect(try await self.events(message, interruptedAt: [stop]) == whole, "interrupted at \(stop)")
        }
        #expect(try await self.events(message, interruptedAt: [2, 3, 3, 5]) == whole)
    }
}
