import A2A
import Testing

@testable import A2ACommand

@Suite("Message parts on the command line")
struct PartArgumentsTests {
    private func message(_ arguments: [String], input: String = "") throws -> A2AMessage {
        let command = try #require(try Invocation.parse(arguments) as? SendCommand)
        let console = TestConsole(input: input)
        let invocation = Invocation(
            arguments: arguments, environment: [:], workingDirectory: "/nonexistent", console: console)
        let settings = try Settings(command.global, invocation: invocation, redactor: Redactor())
        return try command.message(Tool(settings: settings, console: console, invocation: invocation))
    }

    @Test("parts keep their order across the kinds, after the text")
    func order() throws {
        let message = try self.message(
            [
                "send", "--text", "one", "--data", "-", "--context-id", "c", "zero", "--file=https://h/a.png", "--text",
                "--file", "--task-id", "t", "--text=-v",
            ], input: "[1, null]")
        #expect(
            message.parts.map(\.content) == [
                .text("zero"), .text("one"), .data([1, nil]), .url("https://h/a.png"), .text("--file"), .text("-v"),
            ])
        #expect(message.contextID == "c")
        #expect(message.taskID == "t")
        #expect(message.role == .user)
        #expect(!message.messageID.isEmpty)
    }

    @Test("a media type belongs to the part before it")
    func mediaTypes() throws {
        let message = try self.message([
            "send", "--text", "# hi", "--media-type", "text/markdown", "--file", "http://h/a.bin",
            "--media-type=application/pdf", "--file", "http://h/dir/b.pdf?x=1", "--file", "http://h",
        ])
        #expect(message.parts.map(\.mediaType) == ["text/markdown", "application/pdf", "application/pdf", ""])
        #expect(message.parts.map(\.filename) == ["", "a.bin", "b.pdf", ""])
    }

    @Test(
        "a media type without a part before it is refused",
        arguments: [
            ["--media-type", "a/b", "--text", "x"], ["--text", "x", "--media-type", "a/b", "--media-type", "c/d"],
        ])
    func strayMediaType(_ arguments: [String]) {
        #expect(throws: ToolError.self) { try self.message(["send"] + arguments) }
    }

    @Test("what follows two dashes is text, whatever it looks like")
    func dashes() throws {
        #expect(try self.message(["send", "--", "--text"]).parts.map(\.content) == [.text("--text")])
    }

    @Test("standard input that is no JSON is refused", arguments: ["", "{", "hello"])
    func badData(_ input: String) {
        #expect(throws: ToolError.self) { try self.message(["send", "--data", "-"], input: input) }
    }
}
