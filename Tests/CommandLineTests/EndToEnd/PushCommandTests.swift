import A2A
import A2AHTTP
import A2AReferenceAgent
import A2ASQLite
import A2AServer
import A2ATesting
import Foundation
import SwiftProtobuf
import Synchronization
import Testing

@testable import A2ACommand

@Suite("The commands about push notifications", .timeLimit(.minutes(1)))
struct PushCommandTests {
    private static func withAgent(_ body: @escaping (_ url: String) async throws -> Void) async throws {
        var options = HTTPPushNotificationSender.Options()
        options.egress.insecurelyAllowsLoopback = true
        let runtime = TaskRuntime(
            agent: ReferenceAgent(), card: ReferenceAgent.card(),
            push: PushNotifications(senders: [HTTPPushNotificationSender(options: options)]), logger: .silent)
        try await withAgentServer(runtime, logger: .silent) { url in try await body(url) }
    }

    @Test(
        "create, get, list and delete, as text and as JSON, under both names",
        arguments: [["push"], ["task", "push-config"]])
    func configurations(_ name: [String]) async throws {
        try await Self.withAgent { agent in
            let sent = await runTool(["send", "form", "-o", "json", "-a", agent])
            let task = try A2ASendMessageResponse(jsonString: sent.output).task.id
            let made = await runTool(
                name + ["create", task, "--url", "http://127.0.0.1:9/hook", "--id", "mine", "-o", "json", "-a", agent],
                environment: ["A2ACLI_PUSH_TOKEN": "t0ken", "A2ACLI_PUSH_CREDENTIALS": "abc"])
            #expect(made.status == .success, "\(made.notes)")
            let config = try A2ATaskPushNotificationConfig(jsonString: made.output)
            #expect(config.token == "t0ken")
            #expect(config.authentication.scheme == "Bearer")
            let shown = await runTool(name + ["get", task, "mine", "-a", agent])
            #expect(shown.output.contains("Config ID: mine\n"))
            #expect(shown.output.contains("Token: (set)\n"))
            #expect(!shown.output.contains("t0ken") && !shown.output.contains("abc"))
            _ = await runTool(name + ["create", task, "--url", "http://127.0.0.1:9/hook", "-a", agent])
            let listed = await runTool(name + ["list", task, "--page-size", "1", "--all", "-o", "json", "-a", agent])
            #expect(try A2AListTaskPushNotificationConfigsResponse(jsonString: listed.output).configs.count == 2)
            let deleted = await runTool(name + ["delete", task, "mine", "-a", agent])
            #expect(deleted.output == "Deleted: mine\n")
            let gone = await runTool(name + ["get", task, "mine", "-a", agent])
            #expect(gone.status == .failure)
            #expect(gone.notes.contains("TaskNotFoundError"))
            let refused = await runTool(name + ["create", task, "--url", "https://10.0.0.1/", "-a", agent])
            #expect(refused.status == .failure)
            #expect(refused.notes.contains("private address"))
        }
    }

    @Test("listen prints what comes, and refuses what has not the token")
    func listen() async throws {
        let console = TestConsole()
        let listening = Invocation(
            arguments: ["push", "listen", "--port", "0", "--token", "t0ken", "--count", "4", "-o", "json"],
            environment: [:],
            workingDirectory: "/nonexistent", console: console)
        try await Self.withAgent { agent in
            async let status = listening.run()
            var url: String?
            while url == nil {
                try Task.checkCancellation()
                await Task.yield()
                url = console.notes.split(separator: "\n").first { $0.hasPrefix("READY ") }.map {
                    String($0.dropFirst(6))
                }
            }
            let sent = await runTool(["send", "form", "-o", "json", "-a", agent])
            let task = try A2ASendMessageResponse(jsonString: sent.output).task.id
            for token in ["wrong", "t0ken"] {
                let made = await runTool(
                    ["push", "create", task, "--url", url ?? "", "--token", token, "--id", token, "-a", agent])
                #expect(made.status == .success, "\(made.notes)")
            }
            // Two turns: working and input required, working and completed.
            for answer in ["Bern", "tomorrow"] {
                _ = await runTool(["send", answer, "--task-id", task, "-a", agent])
            }
            #expect(await status == .success)
            #expect(console.notes.contains("Refused: The notification's token is not the right one.\n"))
            let events = try console.output.split(separator: "\n").map { try A2AStreamResponse(jsonString: String($0)) }
            #expect(events.count >= 4)
            #expect(events.allSatisfy { $0.taskID == task })
        }
    }

    @Test("a port that is taken is a clear failure")
    func portTaken() async throws {
        try await Self.withAgent { agent in
            let port = agent.split(separator: ":").last.map(String.init) ?? ""
            let result = await runTool(["push", "listen", "--port", port])
            #expect(result.status == .failure)
            #expect(result.notes.contains("cannot listen"))
        }
    }
}

@Suite("The command that shows how push notifications fare", .timeLimit(.minutes(1)))
struct PushStatusCommandTests {
    private static func withAgent(
        maxAttempts: Int = 100, _ body: @escaping (_ url: String, _ socket: String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let socket = "\(directory)/admin"
        var options = HTTPPushNotificationSender.Options()
        options.egress.insecurelyAllowsLoopback = true
        var push = PushNotifications(senders: [HTTPPushNotificationSender(options: options)])
        push.limits.maxAttempts = maxAttempts
        let runtime = TaskRuntime(
            agent: ReferenceAgent(), card: ReferenceAgent.card(), push: push, logger: .silent)
        try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), AdminSocket(path: socket, runtime: runtime)], logger: .silent
        ) { endpoints in try await body(endpoints[0].address, socket) }
    }

    @Test("shows position, attempts, next try and breaker, as text and as JSON, without secrets")
    func shows() async throws {
        try await Self.withAgent { agent, socket in
            let sent = await runTool(["send", "form", "-o", "json", "-a", agent])
            let task = try A2ASendMessageResponse(jsonString: sent.output).task.id
            let made = await runTool(
                ["push", "create", task, "--url", "http://127.0.0.1:9/s3cret?key=s3cret", "--id", "mine", "-a", agent],
                environment: ["A2ACLI_PUSH_TOKEN": "s3cret", "A2ACLI_PUSH_CREDENTIALS": "s3cret"])
            #expect(made.status == .success, "\(made.notes)")
            _ = await runTool(["send", "Bern", "--task-id", task, "-a", agent])
            var text = ""
            while !text.contains("Next Try: ") {
                let result = await runTool(["push", "status", "--admin-socket", socket])
                #expect(result.status == .success, "\(result.notes)")
                text = result.output
            }
            for line in [
                "Task ID: \(task)", "Config ID: mine", "Destination: 127.0.0.1:9", "State: active",
                "Last Failure: cannot connect",
            ] { #expect(text.contains(line), "\(line) is missing in \(text)") }
            #expect(text.contains("Position: ") && text.contains("Attempts: ") && text.contains("Breaker: "))
            #expect(!text.contains("s3cret"))
            let json = await runTool(
                ["push", "status", "--task-id", task, "-o", "json"], environment: ["A2ACLI_ADMIN_SOCKET": socket])
            let page = try JSONDecoder().decode(PushNotificationStatusPage.self, from: Data(json.output.utf8))
            #expect(page.statuses.map(\.id) == ["mine"])
            #expect(!json.output.contains("s3cret"))
            let dead = await runTool(["push", "status", "--state", "dead", "--all", "--admin-socket", socket])
            #expect(dead.output.isEmpty && dead.notes.contains("no such"))
        }
    }

    @Test("finds the agent's socket beside the store, also when either has it by a symbolic link", arguments: 0...3)
    func link(which: Int) async throws {
        let directory = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: "\(directory)/real", withIntermediateDirectories: true)
        let (path, link) = ("\(directory)/real/a.db", "\(directory)/link.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        let database = try SQLiteDatabase(path: which & 1 == 0 ? path : link, logger: .silent)
        let runtime = TaskRuntime(
            agent: ReferenceAgent(), card: ReferenceAgent.card(), store: SQLiteTaskStore(database: database),
            push: PushNotifications(senders: []), logger: .silent)
        let socket = try #require(AdminSocket.path(beside: database.path))
        try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), AdminSocket(path: socket, runtime: runtime)], logger: .silent
        ) { _ in
            let store = which & 2 == 0 ? path : link
            let result = await runTool(["push", "retry", "--all", "--store", store])
            #expect(result.output == "Tried Again: 0\n", "\(result.notes)")
        }
        await database.close()
    }

    @Test("what was given up is tried again or dropped, all or as chosen")
    func deadLetters() async throws {
        try await Self.withAgent(maxAttempts: 1) { agent, socket in
            for id in ["mine", "other"] {
                let sent = await runTool(["send", "form", "-o", "json", "-a", agent])
                let task = try A2ASendMessageResponse(jsonString: sent.output).task.id
                _ = await runTool(
                    ["push", "create", task, "--url", "http://127.0.0.1:9/", "--id", id, "-a", agent])
                _ = await runTool(["send", "Bern", "--task-id", task, "-a", agent])
            }
            let status = ["push", "status", "--state", "dead", "-o", "json", "--admin-socket", socket]
            while try Self.ids(await runTool(status).output) != ["mine", "other"] { await Task.yield() }
            for verb in ["retry", "drop"] {
                let which = await runTool(["push", verb, "--admin-socket", socket])
                #expect(which.status == .usage && which.notes.contains("Which ones?"))
                let nobody = await runTool(["push", verb, "--all", "--admin-socket", "/nonexistent/socket"])
                #expect(nobody.status == .unreachable && nobody.notes.contains("Is the agent running"))
            }
            let retried = await runTool(["push", "retry", "--all", "--admin-socket", socket])
            #expect(retried.output == "Tried Again: 2\n", "\(retried.notes)")
            while try Self.ids(await runTool(status).output) != ["mine", "other"] { await Task.yield() }
            let dropped = await runTool(
                ["push", "drop", "--destination", "127.0.0.1:9", "--id", "mine", "-o", "json"],
                environment: ["A2ACLI_ADMIN_SOCKET": socket])
            #expect(dropped.output == #"{"dropped":1}"# + "\n", "\(dropped.notes)")
            #expect(try Self.ids(await runTool(status).output) == ["other"])
        }
    }

    private static func ids(_ json: String) throws -> [String] {
        try JSONDecoder().decode(PushNotificationStatusPage.self, from: Data(json.utf8)).statuses.map(\.id)
    }

    @Test("without an agent, with a wrong state or page, it says what would be right")
    func refusals() async throws {
        let nobody = await runTool(["push", "status", "--admin-socket", "/nonexistent/socket"])
        #expect(nobody.status == .unreachable && nobody.notes.contains("No agent listens"))
        for (arguments, words) in [
            ([], "Which agent?"), (["--state", "happy"], "active, finished or dead"),
            (["--page-size", "0"], "1 to 1000"),
        ] {
            let result = await runTool(["push", "status"] + arguments)
            #expect(result.status == .usage && result.notes.contains(words), "\(result.notes)")
        }
    }
}

@Suite("The command that shows how push notifications fare, from a file", .timeLimit(.minutes(1)))
struct PushStatusFileTests {
    @Test("without an agent the file is read, with all states and pages, and no key is needed")
    func file() async throws {
        let directory = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = "\(directory)/store.db"
        do {
            let database = try SQLiteDatabase(path: path, logger: .silent)
            let keys = try StoreKeys([Data(repeating: 1, count: 32).base64EncodedString()])
            let store = try await SQLitePushNotificationStore(database, keys: keys)
            for index in 0..<3 {
                var configuration = A2ATaskPushNotificationConfig()
                configuration.id = "config-\(index)"
                configuration.taskID = "task"
                configuration.url = "https://hooks.example.com/s3cret"
                configuration.token = "s3cret"
                let put = try await store.put(
                    PushRegistration(
                        scope: Scope(principal: "alice"), configuration: configuration, version: .v1_0,
                        deliveryKey: "key", progress: PushProgress(delivered: 4)))
                guard index == 2 else { continue }
                var progress = put.progress
                progress.attempts = 100
                progress.giveUp("failed 100 times, at last: HTTP status 500")
                _ = try await store.record(progress, for: put.key, revision: put.revision)
            }
            await database.close()
        }
        let all = await runTool([
            "push", "status", "--store", "sqlite:\(path)", "--page-size", "2", "--all", "-o", "json",
        ])
        #expect(all.status == .success, "\(all.notes)")
        let page = try JSONDecoder().decode(PushNotificationStatusPage.self, from: Data(all.output.utf8))
        #expect(page.statuses.map(\.id) == ["config-0", "config-1", "config-2"])
        #expect(page.statuses.allSatisfy { $0.destination == "https://hooks.example.com" && $0.breaker == nil })
        #expect(!all.output.contains("s3cret"))
        let dead = await runTool(
            ["push", "status", "--state", "dead"], environment: ["A2ACLI_STORE": path])
        #expect(dead.output.contains("Config ID: config-2\n") && dead.output.contains("State: dead (given up)\n"))
        #expect(dead.output.contains("Attempts: 100") && !dead.output.contains("config-1"))
        let first = await runTool(["push", "status", "--store", path, "--page-size", "2"])
        #expect(first.output.contains("Next Page Token: "))

        let none = await runTool(["push", "status", "--store", "\(directory)/none"])
        #expect(none.status == .failure && none.notes.contains("There is no store"))
        try "no database, but text that is long enough to look at".write(
            toFile: "\(directory)/text", atomically: true, encoding: .utf8)
        let text = await runTool(["push", "status", "--store", "\(directory)/text"])
        #expect(text.status == .failure && text.notes.contains("no SQLite database"), "\(text.notes)")
    }
}
