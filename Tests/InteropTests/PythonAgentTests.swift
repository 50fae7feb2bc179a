import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import Foundation
import Testing

/// Our client calls an agent on the official Python SDK, over each binding.
@Suite(
    "An agent on the Python SDK, called by our client",
    .disabled(if: Programs.isSkipped, "A2A_SKIP_INTEROP=1"), .pythonAgent, .timeLimit(.minutes(2)))
struct PythonAgentTests {
    static let bindings: [ProtocolBinding] = [.jsonRPC, .httpJSON, .grpc]

    @Test("is found by its card", arguments: bindings)
    func discovery(_ binding: ProtocolBinding) async throws {
        let client = try await client(binding)
        #expect(client.card?.name == "Python SDK agent")
        #expect(client.interface?.binding == binding)
        #expect(client.version == .v1_0)
    }

    @Test("answers with a direct message", arguments: bindings)
    func message(_ binding: ProtocolBinding) async throws {
        let answer = try await client(binding).send("Grüße, 世界 👋")
        guard case .message(let message)? = answer.payload else {
            Issue.record("expected a message, got \(answer)")
            return
        }
        #expect(message.role == .agent)
        #expect(message.text == "Grüße, 世界 👋")
    }

    @Test("answers with a task and its artifact, every kind of part unchanged", arguments: bindings)
    func artifact(_ binding: ProtocolBinding) async throws {
        let task = try await play(
            binding,
            ["working": ["text": "busy"]],
            [
                "artifact": [
                    "id": "a", "name": "n",
                    "parts": [
                        ["text": "one"],
                        ["data": ["n": 42, "list": [1, 2.5, nil, true]], "mediaType": "application/json"],
                        ["raw": "AAECAwQ=", "filename": "x.bin", "mediaType": "application/octet-stream"],
                        ["url": "https://example.com/a?b=c"],
                    ],
                ]
            ],
            ["complete": ["text": "bye"]])
        #expect(task.status.state == .completed)
        #expect(task.status.message.text == "bye")
        #expect(task.history.first?.role == .user)
        let artifact = try #require(task.artifacts.first)
        #expect(artifact.artifactID == "a" && artifact.name == "n")
        #expect(
            artifact.parts == [
                .text("one"),
                .data(["n": 42, "list": [1, 2.5, nil, true]], mediaType: "application/json"),
                .raw([0, 1, 2, 3, 4], mediaType: "application/octet-stream", filename: "x.bin"),
                .url("https://example.com/a?b=c"),
            ])
    }

    @Test("asks for input and goes on in the same task", arguments: bindings)
    func inputRequired(_ binding: ProtocolBinding) async throws {
        let client = try await client(binding)
        let task = try await play(binding, ["requireInput": ["text": "More?"]], ["complete": ["text": "ok"]])
        #expect(task.status.state == .inputRequired)
        #expect(task.status.message.text == "More?")
        let answer = try await client.send("yes", taskID: task.id)
        #expect(answer.taskID == task.id)
        #expect(answer.state == .completed)
        #expect(try await client.getTask(task.id).history.contains { $0.role == .user && $0.text == "yes" })
    }

    @Test("streams what happens, in order", arguments: bindings)
    func streaming(_ binding: ProtocolBinding) async throws {
        let message = scripted(
            ["working": [:]],
            ["artifact": ["id": "a", "parts": [["text": "1 "]]]],
            ["artifact": ["id": "a", "append": true, "lastChunk": true, "parts": [["text": "2"]]]],
            ["complete": [:]])
        var accumulated = TaskAccumulator()
        var seen: [String] = []
        for try await event in try await client(binding).stream(message) {
            seen.append(word(event.response))
            accumulated.apply(event.response)
        }
        #expect(seen == ["task submitted", "working", "1 ", "append 2 last", "completed"])
        #expect(accumulated.task?.artifacts.map(\.parts.text) == ["1 2"])
    }

    @Test("is resubscribed to in the middle of a task", arguments: bindings)
    func resubscription(_ binding: ProtocolBinding) async throws {
        let client = try await client(binding)
        let started = try await client.send(
            scripted(
                ["artifact": ["id": "a", "parts": [["text": "1"]]]],
                ["waitForMessage": [:]],
                ["artifact": ["id": "a", "append": true, "parts": [["text": "2"]]]],
                ["complete": [:]]),
            configuration: returningImmediately)
        let id = try #require(started.taskID)
        while try await client.getTask(id).artifacts.isEmpty {}

        var events = try await client.subscribe(id).makeAsyncIterator()
        let first = try #require(try await events.next())
        guard case .task(let snapshot)? = first.response.payload else {
            Issue.record("expected the task first, got \(first)")
            return
        }
        #expect(snapshot.artifacts.map(\.parts.text) == ["1"])
        _ = try await client.send("go", taskID: id, configuration: returningImmediately)
        var seen: [String] = []
        while let event = try await events.next() { seen.append(word(event.response)) }
        #expect(seen == ["append 2", "completed"])
    }

    @Test("cancels slow work", arguments: bindings)
    func cancellation(_ binding: ProtocolBinding) async throws {
        let client = try await client(binding)
        var events = try await client.stream("tck-cancel now").makeAsyncIterator()
        let id = try #require(try await events.next()?.response.taskID)
        while let event = try await events.next(), event.response.state != .working {}
        #expect(try await client.cancel(id).status.state == .canceled)
        var last: A2ATaskState?
        while let event = try await events.next() { last = event.response.state }
        #expect(last == .canceled)
        await expectError(.taskNotCancelable) { _ = try await client.cancel(id) }
    }

    @Test("lists tasks page by page, and their history as long as asked", arguments: bindings)
    func listing(_ binding: ProtocolBinding) async throws {
        let client = try await client(binding)
        let contextID = UUID().uuidString
        var ids: [String] = []
        for _ in 0..<5 {
            let message = scripted(["requireInput": [:]], contextID: contextID)
            ids.append(try #require(try await client.send(message).taskID))
        }
        let page = try await client.listTasks(contextID: contextID, pageSize: 2)
        #expect(page.tasks.count == 2 && page.totalSize == 5 && !page.nextPageToken.isEmpty)
        var found: [String] = []
        for try await task in client.tasks(contextID: contextID, pageSize: 2) { found.append(task.id) }
        #expect(found == ids.reversed())
        #expect(try await client.getTask(ids[0], historyLength: 0).history.isEmpty)
        #expect(try await client.getTask(ids[0], historyLength: 1).history.count == 1)
    }

    @Test("sees our service parameters, extensions and version", arguments: bindings)
    func parameters(_ binding: ProtocolBinding) async throws {
        var parameters = ServiceParameters()
        parameters["X-Probe"] = "a b"
        let options = CallOptions(extensions: ["urn:example:one", "urn:example:two"], parameters: parameters)
        let answer = try await client(binding).send(scripted(["echo": [:]]), options: options)
        guard case .message(let message)? = answer.payload else {
            Issue.record("expected a message, got \(answer)")
            return
        }
        let seen = try #require(message.dataParts.first)
        #expect(seen["parameters"]?["x-probe"]?.string == "a b")
        #expect(seen["requestedExtensions"] == ["urn:example:one", "urn:example:two"])
        #expect(seen["version"] == "1.0")
        #expect(seen["binding"]?.string == binding.rawValue)
    }

    @Test("refuses with the errors of the specification, and we know them", arguments: bindings)
    func errors(_ binding: ProtocolBinding) async throws {
        let client = try await client(binding)
        let done = try await play(binding, ["complete": [:]])
        await expectError(.taskNotFound) { _ = try await client.getTask("no-such-task") }
        await expectError(.taskNotFound) { _ = try await client.cancel("no-such-task") }
        await expectError(.taskNotFound) { _ = try await client.send("x", taskID: "no-such-task") }
        await expectError(.taskNotFound) { for try await _ in try await client.subscribe("no-such-task") {} }
        await expectError(.taskNotCancelable) { _ = try await client.cancel(done.id) }
        await expectError(.unsupportedOperation) { _ = try await client.send("more", taskID: done.id) }
        await expectError(.unsupportedOperation) { for try await _ in try await client.subscribe(done.id) {} }
        await expectError(.contentTypeNotSupported) {
            _ = try await client.send(.user(.text("x", mediaType: "application/x-unheard-of")))
        }
        await expectError(.invalidParams) { _ = try await client.send(A2AMessage(role: .user, parts: [])) }
        await expectError(.invalidParams) { _ = try await client.getTask(done.id, historyLength: -1) }
        await expectError(.pushNotificationNotSupported) {
            _ = try await client.listPushConfigs(ofTask: done.id)
        }
        await expectError(.unsupportedOperation) { _ = try await client.extendedCard() }
        var stranger = client
        stranger.configuration.version = ProtocolVersion(major: 99, minor: 0)
        if binding == .grpc {
            // The SDK's gRPC handler (server/request_handlers/grpc_handler.py:421) never looks at `a2a-version`.
            #expect(try await stranger.getTask(done.id).id == done.id)
        } else {
            await expectError(.versionNotSupported) { [stranger] in _ = try await stranger.getTask(done.id) }
        }
    }

    // MARK: Help

    private let returningImmediately: A2ASendMessageConfiguration = {
        var configuration = A2ASendMessageConfiguration()
        configuration.returnImmediately = true
        return configuration
    }()

    private func client(_ binding: ProtocolBinding) async throws -> Client {
        var configuration = ClientConfiguration()
        configuration.preferredBindings = [binding]
        return try await Client.discover(
            SharedPythonAgent.url, configuration: configuration, additionalTransports: [GRPCTransportFactory()])
    }

    /// A message with a script (conformance/profile.md).
    private func scripted(_ steps: A2AValue..., contextID: String = "") -> A2AMessage {
        let part = A2APart.data(["script": A2AValue(steps)], mediaType: "application/vnd.a2a-conformance+json")
        return A2AMessage(role: .user, parts: [part], contextID: contextID)
    }

    private func play(_ binding: ProtocolBinding, _ steps: A2AValue...) async throws -> A2ATask {
        let part = A2APart.data(["script": A2AValue(steps)], mediaType: "application/vnd.a2a-conformance+json")
        let answer = try await client(binding).send(A2AMessage(role: .user, parts: [part]))
        guard case .task(let task)? = answer.payload else {
            throw Missing(description: "expected a task, got \(answer)")
        }
        return task
    }

    /// An event in a word or two.
    private func word(_ response: A2AStreamResponse) -> String {
        switch response.payload {
        case .task(let task): "task \(task.status.state)"
        case .message(let message): "message \(message.text)"
        case .statusUpdate(let update): "\(update.status.state)"
        case .artifactUpdate(let update):
            "\(update.append ? "append " : "")\(update.artifact.parts.text)\(update.lastChunk ? " last" : "")"
        case nil: "nothing"
        }
    }

    private func expectError(
        _ code: A2AError.Code,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: A2AError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.code == code, "\(String(describing: error))", sourceLocation: sourceLocation)
    }
}
