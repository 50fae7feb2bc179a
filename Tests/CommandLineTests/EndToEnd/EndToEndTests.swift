import A2A
import A2AReferenceAgent
import Foundation
import Subprocess
import SwiftProtobuf
import Testing

@testable import A2ACommand

/// A message of the protocol that the tool has printed.
private func parse<M: Message>(_ type: M.Type, _ text: String) throws -> M { try M(jsonString: text) }

@Suite("The tool against the reference agent")
struct EndToEndTests {
    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }

    private func task(_ output: String) throws -> A2ATask {
        try A2ASendMessageResponse(jsonString: output).task
    }

    @Test("send prints a direct reply, as text and as SendMessageResponse", arguments: ["jsonrpc", "http+json"])
    func directReply(_ transport: String) async throws {
        try await RunningAgent.with { url in
            let text = await runTool(["send", "echo hello", "-a", url, "--transport", transport])
            #expect(text.status == .success, "\(text.notes)")
            #expect(text.output.contains("Text:\necho hello\n\n"))
            let json = await runTool(["send", "echo hello", "-o", "json", "-a", url, "--transport", transport])
            #expect(json.notes.isEmpty)
            let reply = try parse(A2ASendMessageResponse.self, json.output)
            #expect(reply.message.text == "echo hello")
        }
    }

    @Test("artifacts are all rendered")
    func artifacts() async throws {
        try await RunningAgent.with { url in
            let result = await runTool(["send", "research one two two", "-a", url])
            #expect(result.status == .success)
            #expect(result.output.contains("State: TASK_STATE_COMPLETED\n"))
            #expect(result.output.contains("Text:\n3 words"))
            #expect(result.output.contains("\"words\": 3"))
            #expect(result.output.contains("File: words.csv (text/csv, "))
        }
    }

    @Test("streaming as JSON is one StreamResponse per line, the last with the final state")
    func streaming() async throws {
        try await RunningAgent.with { url in
            let result = await runTool(["send", "stream a b c", "--stream", "-o", "json", "-a", url])
            #expect(result.status == .success)
            let events = try self.lines(result.output).map { try A2AStreamResponse(jsonString: $0) }
            #expect(events.count > 3)
            #expect(events.first?.task.id.isEmpty == false)
            #expect(events.last?.statusUpdate.status.state == .completed)
            #expect(events.last?.statusUpdate.contextID.isEmpty == false)
            let text = await runTool(["send", "stream a b c", "--stream", "-a", url])
            let last = try #require(text.output.components(separatedBy: "Event: ").last)
            for label in ["Task ID: ", "Context ID: ", "State: TASK_STATE_COMPLETED"] { #expect(last.contains(label)) }
            let message = await runTool(["send", "echo x", "--stream", "-o", "json", "-a", url])
            #expect(self.lines(message.output).count == 1)
        }
    }

    @Test("an agent that does not stream is waited for instead, still one object per line")
    func streamingFallback() async throws {
        try await RunningAgent.with(without: [.streaming]) { url in
            let result = await runTool(["send", "research x", "--stream", "-o", "json", "-a", url])
            #expect(result.status == .success)
            #expect(self.lines(result.output).count == 1)
            let event = try parse(A2AStreamResponse.self, result.output)
            #expect(event.task.status.state == .completed)
            let subscribe = await runTool(["task", "subscribe", "t", "-o", "json", "-a", url])
            #expect(subscribe.status == .failure)
            #expect(subscribe.output.contains("UnsupportedOperationError"))
        }
    }

    @Test("a form is filled in over several turns, blocking and streaming")
    func conversation() async throws {
        try await RunningAgent.with { url in
            let first = await runTool(["send", "form", "-a", url])
            #expect(first.status == .success)
            #expect(first.notes.contains("TASK_STATE_INPUT_REQUIRED"))
            let id = try #require(
                first.output.split(separator: "\n").first { $0.hasPrefix("Task ID: ") }?.dropFirst("Task ID: ".count))
            #expect(first.output.contains("Next: a2a send --agent-card \(url) --task-id \(id) \"<reply>\""))
            let second = await runTool(["send", "Bern", "--task-id", String(id), "-a", url, "--stream", "-o", "json"])
            let events = try self.lines(second.output).map { try A2AStreamResponse(jsonString: $0) }
            #expect(events.last?.statusUpdate.status.state == .inputRequired)
            #expect(second.status == .success)
            _ = await runTool(["send", "Rome", "--task-id", String(id), "-a", url])
            let last = await runTool(["send", "2026-12-01", "--task-id", String(id), "-a", url, "-o", "json"])
            let task = try self.task(last.output)
            #expect(task.id == id)
            #expect(task.status.state == .completed)
        }
    }

    @Test("with 1.1 a task is waited for by its generation, and a message depends on it")
    func generations() async throws {
        try await RunningAgent.with { url in
            let asked = try self.task(
                await runTool(["send", "form", "-o", "json", "-a", url, "--a2a-version", "1.1"]).output)
            let seen = asked.generation
            #expect(seen > 0)
            let text = await runTool(["task", "get", asked.id, "-a", url, "--wait-after", "\(seen - 1)"])
            #expect(text.status == .success && text.output.contains("Generation: \(seen)\n"), "\(text.notes)")

            async let later = runTool(["task", "get", asked.id, "-a", url, "--wait-after", "\(seen)", "-o", "json"])
            let stale = await runTool(
                ["send", "Bern", "--task-id", asked.id, "--if-generation", "\(seen - 1)", "-a", url, "-o", "json"])
            #expect(stale.status == .failure && stale.output.contains("TaskGenerationMismatchError"), "\(stale.output)")
            let taken = await runTool(
                ["send", "Bern", "--task-id", asked.id, "--if-generation", "\(seen)", "-a", url, "-o", "json"])
            #expect(taken.status == .success, "\(taken.notes)")
            #expect(try parse(A2ATask.self, await later.output).generation > seen)

            let plain = try self.task(await runTool(["send", "form", "-o", "json", "-a", url]).output)
            #expect(plain.generation == 0)
            let timeout = await runTool(
                ["task", "get", plain.id, "--wait-after", "1000", "--timeout", "50ms", "-o", "json", "-a", url])
            #expect(timeout.status == .timeout)
        }
    }

    @Test("--wait-after and --if-generation are refused where they make no sense")
    func badGenerations() async {
        for arguments in [
            ["task", "get", "t", "--wait-after", "-1"], ["task", "get", "t", "--wait-after", "1", "--wait"],
            ["send", "x", "--if-generation", "1"], ["send", "x", "--task-id", "t", "--if-generation", "-1"],
        ] {
            let result = await runTool(arguments + ["-a", "http://127.0.0.1:1"])
            #expect(result.status == .usage, "\(arguments): \(result.notes)")
        }
    }

    @Test("a task that was not waited for is asked for, followed and cancelled")
    func asynchronous() async throws {
        try await RunningAgent.with { url in
            let started = await runTool(["send", "slow 600", "--async", "-o", "json", "-a", url])
            let task = try self.task(started.output)
            #expect(!task.id.isEmpty)
            #expect(!task.contextID.isEmpty)
            let timeout = await runTool(
                [
                    "task", "get", task.id, "--wait", "--timeout", "50ms", "--poll-interval", "10ms", "-o", "json",
                    "-a", url,
                ])
            #expect(timeout.status == .timeout)
            #expect(timeout.output.contains("A2ACLI_ERR_TIMEOUT"))
            #expect(timeout.output.contains(task.id))
            let listed = await runTool(["task", "list", "--status", "working", "-o", "json", "-a", url])
            let list = try parse(A2AListTasksResponse.self, listed.output)
            #expect(list.tasks.map(\.id) == [task.id])
            let canceled = await runTool(["task", "cancel", task.id, "-o", "json", "-a", url])
            #expect(canceled.status == .success)
            let ended = try parse(A2ATask.self, canceled.output)
            #expect(ended.status.state == .canceled)
            let again = await runTool(["task", "cancel", task.id, "-o", "json", "-a", url])
            #expect(again.status == .failure)
            #expect(again.output.contains("TaskNotCancelableError"))
            let got = await runTool(["task", "get", task.id, "--wait", "-a", url])
            #expect(got.status == .success)
            #expect(got.output.contains("State: TASK_STATE_CANCELED"))
            #expect(got.notes.contains("Warning"))
        }
    }

    @Test("following a task prints its end, or every event with --stream")
    func subscribe() async throws {
        try await RunningAgent.with { url in
            let started = await runTool(["send", "slow 3", "--async", "-o", "json", "-a", url])
            let id = try self.task(started.output).id
            async let whole = runTool(["task", "subscribe", id, "-o", "json", "-a", url])
            let events = await runTool(["task", "subscribe", id, "-o", "json", "--stream", "-a", url])
            #expect(events.status == .success, "\(events.output)")
            let parsed = try self.lines(events.output).map { try A2AStreamResponse(jsonString: $0) }
            #expect(parsed.first?.task.id == id)
            #expect(parsed.last?.state?.isTerminal == true)
            let result = await whole
            #expect(result.status == .success, "\(result.output)")
            let final = try parse(A2ATask.self, result.output)
            #expect(final.status.state == .completed)
        }
    }

    @Test("the pages of a list, and all of them")
    func pages() async throws {
        try await RunningAgent.with { url in
            for _ in 0..<3 { _ = await runTool(["send", "research x", "-a", url]) }
            let first = await runTool(["task", "list", "--page-size", "2", "-o", "json", "-a", url])
            let page = try A2AListTasksResponse(jsonString: first.output)
            #expect(page.tasks.count == 2)
            let next = await runTool(["task", "list", "--page-token", page.nextPageToken, "-o", "json", "-a", url])
            let rest = try parse(A2AListTasksResponse.self, next.output)
            #expect(rest.tasks.count == 1)
            let all = await runTool(["task", "list", "--all", "--page-size", "2", "-o", "json", "--stream", "-a", url])
            #expect(try self.lines(all.output).map { try A2ATask(jsonString: $0).id }.count == 3)
            let document = await runTool(["task", "list", "--all", "--page-size", "2", "-o", "json", "-a", url])
            let everything = try parse(A2AListTasksResponse.self, document.output)
            #expect(everything.tasks.count == 3)
        }
    }

    @Test("a rejected identifier is an error, and no new task is made")
    func rejectedTask() async throws {
        try await RunningAgent.with { url in
            let result = await runTool(["send", "hi", "--task-id", "nope", "-o", "json", "-a", url])
            #expect(result.status == .failure)
            #expect(result.output.contains(#""code":"TaskNotFoundError""#))
            #expect(result.output.contains("--debug"))
            let list = await runTool(["task", "list", "-o", "json", "-a", url])
            let remaining = try parse(A2AListTasksResponse.self, list.output)
            #expect(remaining.tasks.isEmpty)
        }
    }

    @Test("credentials: missing, wrong, right, and from the environment")
    func credentials() async throws {
        try await RunningAgent.with(token: "right-token") { url in
            let missing = await runTool(["send", "echo", "-o", "json", "-a", url])
            #expect(missing.status == .authentication)
            #expect(missing.output.contains("A2ACLI_ERR_CREDENTIALS_MISSING"))
            let wrong = await runTool(["send", "echo", "-o", "json", "-a", url, "--bearer", "wrong-token", "--debug"])
            #expect(wrong.status == .authentication)
            #expect(wrong.output.contains("A2ACLI_ERR_AUTH_FAILED"))
            #expect(wrong.notes.contains("Authorization"))
            #expect(!(wrong.output + wrong.notes).contains("wrong-token"))
            let right = await runTool(
                ["send", "echo", "-a", url], environment: ["A2ACLI_BEARER": "right-token"])
            #expect(right.status == .success, "\(right.notes)")
        }
    }

    @Test("the card: rendered, as JSON, checked")
    func card() async throws {
        try await RunningAgent.with { url in
            let text = await runTool(["card", "get", "-a", url, "--validate"])
            #expect(text.status == .success, "\(text.notes)")
            for line in ["Name: ", "Streaming: yes", "Interface: JSONRPC 1.0 ", "Skill: echo: ", "Valid: yes"] {
                #expect(text.output.contains(line))
            }
            let json = await runTool(["card", "get", "-a", "\(url)/.well-known/agent-card.json", "-o", "json"])
            let card = try parse(A2AAgentCard.self, json.output)
            #expect(card.skills.isEmpty == false)
            let elsewhere = await runTool(["card", "get", "-a", "\(url)/nothing-here", "-o", "json"])
            #expect(elsewhere.status == .unreachable)
            #expect(elsewhere.output.contains("A2ACLI_ERR_CARD_NOT_FOUND"))
        }
    }

    @Test("a card in a file: used, invalid, or no card at all")
    func cardFiles() async throws {
        let directory = NSTemporaryDirectory() + "/a2a-card-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try #"{"name":"A","supportedInterfaces":[]}"#.write(
            toFile: "\(directory)/card.json", atomically: true, encoding: .utf8)
        try "hello".write(toFile: "\(directory)/bad.json", atomically: true, encoding: .utf8)
        try "{}".write(toFile: "\(directory)/empty.json", atomically: true, encoding: .utf8)
        func get(_ arguments: String...) async -> (status: ToolStatus, output: String, notes: String) {
            await runTool(["card", "get", "-o", "json"] + arguments, directory: directory)
        }
        #expect(await get("-a", "card.json").status == .success)
        #expect(await get("-a", "file://\(directory)/card.json").status == .success)
        for arguments in [["-a", "card.json", "--validate"], ["-a", "./bad.json"], ["-a", "empty.json"]] {
            let result = await runTool(["card", "get", "-o", "json"] + arguments, directory: directory)
            #expect(result.status == .failure)
            #expect(result.output.contains("A2ACLI_ERR_CARD_INVALID"))
        }
        #expect(await get("-a", "./absent.json").status == .unreachable)
    }

    @Test("a version that the agent does not speak is an error of its own")
    func version() async throws {
        try await RunningAgent.with { url in
            let result = await runTool(["send", "hi", "--a2a-version", "7.1", "-o", "json", "-a", url])
            #expect(result.status == .failure)
            #expect(result.output.contains("VersionNotSupportedError"))
        }
    }

    @Test("whole numbers in data come back as whole numbers")
    func integers() async throws {
        try await RunningAgent.with { url in
            let result = await runTool(
                ["send", "echo", "--data", "-", "-o", "json", "-a", url], input: #"{"n":42,"x":1.5}"#)
            #expect(result.output.contains("\"n\":42"), "\(result.output)")
            #expect(!result.output.contains("42.0"))
        }
    }

    @Test("the executables themselves: output, exit status, separate streams")
    func processes() async throws {
        try await RunningAgent.with { url in
            let good = try await Executable.run(["send", "echo hi", "-o", "json", "-a", url])
            #expect(good.status == 0, "\(good.errors)")
            let reply = try parse(A2ASendMessageResponse.self, good.output)
            #expect(reply.message.text == "echo hi")
            #expect(good.errors.isEmpty)
            let bad = try await Executable.run(["task", "get", "nope", "-a", url])
            #expect(bad.status == 1)
            #expect(bad.output.isEmpty)
            #expect(bad.errors.hasPrefix("Error: TaskNotFoundError: "))
            let piped = try await Executable.run(["send", "--data", "-", "-o", "json", "-a", url], input: "[1]")
            #expect(piped.status == 0, "\(piped.errors)")
            #expect(try await Executable.run(["--bogus"]).status == 2)
            #expect(try await Executable.run(["send", "x", "-a", "http://127.0.0.1:1"]).status == 3)
        }
    }
}

/// The built `a2a`, in a process of its own.
enum Executable {
    /// More output than this is an error, in bytes.
    private static let outputLimit = 1 << 20

    /// Runs it to its end, in an empty directory that is its home too.
    ///
    /// The status is 128 and the signal if one ended it.
    static func run(
        _ arguments: [String], input: String = ""
    ) async throws -> (status: Int32, output: String, errors: String) {
        let directory = NSTemporaryDirectory() + "/a2a-run-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let program = Self.products.appendingPathComponent("a2a").path
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(["-c", #"cd "$0" && exec "$@""#, directory, program] + arguments),
            environment: .custom(["HOME": directory, "PATH": "/usr/bin:/bin"]),
            input: .string(input), output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
        let status =
            switch result.terminationStatus {
            case .exited(let status): status
            case .signaled(let signal): 128 + signal
            }
        return (status, result.standardOutput, result.standardError)
    }

    /// The directory of the built products: that of the test bundle.
    private static var products: URL {
        #if os(macOS)
            if let bundle = Bundle.allBundles.first(where: { $0.bundlePath.hasSuffix(".xctest") }) {
                return bundle.bundleURL.deletingLastPathComponent()
            }
        #endif
        return URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    }
}
