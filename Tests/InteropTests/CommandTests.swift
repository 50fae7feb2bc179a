import A2A
import Foundation
import SwiftProtobuf
import Testing

/// The executable `a2a` talks to an agent on the official Python SDK.
@Suite(
    "An agent on the Python SDK, called by a2a",
    .disabled(if: Programs.isSkipped, "A2A_SKIP_INTEROP=1"), .pythonAgent, .timeLimit(.minutes(2)))
struct CommandTests {
    static let bindings = ["JSONRPC", "HTTP+JSON", "grpc"]

    @Test("card get shows the card", arguments: bindings)
    func card(_ binding: String) async throws {
        let output = try await a2a(["card", "get"], binding)
        #expect(output.status == 0, "\(output.errors)")
        #expect(output.documents.first?["name"] == "Python SDK agent")
    }

    @Test("send shows a message", arguments: bindings)
    func message(_ binding: String) async throws {
        let output = try await a2a(["send", "Grüße"], binding)
        #expect(output.status == 0, "\(output.errors)")
        #expect(output.documents.count == 1)
        #expect(output.documents.first?["message"]?["parts"]?[0]?["text"] == "Grüße")
    }

    @Test("--transport decides which interface of the card is used", arguments: bindings)
    func transport(_ binding: String) async throws {
        let output = try await a2a(["send", "hi", "--debug"], binding)
        #expect(output.status == 0)
        #expect(output.errors.contains("chose \(binding.uppercased()) at "), "\(output.errors)")
    }

    @Test("send shows a task with its artifact, and text without a flag", arguments: bindings)
    func task(_ binding: String) async throws {
        let output = try await a2a(["send", "tck-artifact-text"], binding)
        let task = output.documents.first?["task"]
        #expect(task?["status"]?["state"] == "TASK_STATE_COMPLETED")
        #expect(task?["artifacts"]?[0]?["parts"]?[0]?["text"] == "Generated text content")

        let text = try await a2a(["send", "tck-artifact-text"], binding, format: "text")
        #expect(text.lines.contains("Generated text content"), "\(text.lines)")
    }

    @Test("send goes on with a task that asks for input", arguments: bindings)
    func turns(_ binding: String) async throws {
        let first = try await a2a(["send", "tck-multi-turn"], binding)
        #expect(first.status == 0)
        #expect(first.documents.first?["task"]?["status"]?["state"] == "TASK_STATE_INPUT_REQUIRED")
        let id = try #require(first.documents.first?["task"]?["id"]?.string)
        let second = try await a2a(["send", "--task-id", id, "here"], binding)
        #expect(second.documents.first?["task"]?["id"]?.string == id)
        #expect(second.documents.first?["task"]?["status"]?["state"] == "TASK_STATE_COMPLETED")
    }

    @Test("send --stream shows each event on its line", arguments: bindings)
    func streaming(_ binding: String) async throws {
        let output = try await a2a(["send", "--stream", "tck-stream-chunked"], binding)
        #expect(output.status == 0, "\(output.errors)")
        let chunks = output.documents.compactMap { $0["artifactUpdate"]?["artifact"]?["parts"]?[0]?["text"]?.string }
        #expect(chunks == ["chunk 1 ", "chunk 2 ", "chunk 3"])
        #expect(output.documents.last?["statusUpdate"]?["status"]?["state"] == "TASK_STATE_COMPLETED")
    }

    @Test("task get, list and cancel follow work that was started with --async", arguments: bindings)
    func tasks(_ binding: String) async throws {
        let started = try await a2a(["send", "--async", "tck-cancel"], binding)
        let task = try #require(started.documents.first?["task"])
        let id = try #require(task["id"]?.string)
        let context = try #require(task["contextId"]?.string)
        let found = try await a2a(["task", "get", id], binding)
        #expect(found.documents.first?["id"]?.string == id)
        let listed = try await a2a(["task", "list", "--context-id", context], binding)
        #expect(listed.documents.first?["tasks"]?[0]?["id"]?.string == id, "\(listed)")
        let cancelled = try await a2a(["task", "cancel", id], binding)
        #expect(cancelled.documents.first?["status"]?["state"] == "TASK_STATE_CANCELED")
    }

    @Test("an error has the name of the specification, and a status", arguments: bindings)
    func errors(_ binding: String) async throws {
        let output = try await a2a(["task", "get", "no-such-task"], binding)
        #expect(output.status == 1)
        let document = output.documents.first ?? output.errors.split(separator: "\n").last.flatMap(Self.document)
        #expect(document?["error"]?["code"] == "TaskNotFoundError", "\(output)")
    }

    // MARK: Help

    private struct Output {
        var status: Int32
        var lines: [String]
        var documents: [A2AValue]
        var errors: String
    }

    private static func document(_ text: some StringProtocol) -> A2AValue? {
        try? A2AValue(jsonString: String(text))
    }

    /// Runs `a2a` against the suite's agent.
    ///
    /// The documents are the whole output as one, or else its lines.
    private func a2a(_ arguments: [String], _ binding: String, format: String = "json") async throws -> Output {
        let url = try SharedPythonAgent.url
        let outcome = try await ChildProcess.output(
            of: Programs.product("a2a"),
            arguments + ["--agent-card", url, "--transport", binding, "-o", format],
            // No configuration of the person who runs the tests.
            environment: ["HOME": FileManager.default.temporaryDirectory.appendingPathComponent("no-home").path])
        let whole = Self.document(outcome.lines.joined(separator: "\n")).map { [$0] }
        let documents = whole ?? outcome.lines.compactMap { Self.document($0) }
        return Output(status: outcome.status, lines: outcome.lines, documents: documents, errors: outcome.errors)
    }
}
