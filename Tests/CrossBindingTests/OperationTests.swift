import A2A
import A2AReferenceAgent
import A2AServer
import SwiftProtobuf
import Testing

@Suite("The same on every binding: operations", .timeLimit(.minutes(1)))
struct OperationTests {
    @Test("a direct message comes back as it was sent, whatever is in it", arguments: Binding.allCases)
    func directMessage(_ binding: Binding) async throws {
        let data: A2AValue = [
            "whole": 42, "fraction": 1.5, "large": 1e16, "text": "3.0 \"quoted\" \u{1F600}\n", "nothing": nil,
            "list": [1, [2], ["deep": true]],
        ]
        let parts: [A2APart] = [
            .text("Hello, wörld"), .data(data), .data(nil), .data(7), .data([]),
            .raw([0, 255, 10], mediaType: "image/png", filename: "a.png"),
        ]
        try await binding.withService { service in
            var request = A2ASendMessageRequest()
            request.message = A2AMessage(role: .user, parts: parts)
            let response = try await service.sendMessage(request, context: CallContext())
            guard case .message(let reply)? = response.payload else {
                Issue.record("expected a message, got \(response)")
                return
            }
            #expect(reply.parts == parts)
            #expect(reply.role == .agent)
            #expect(!reply.contextID.isEmpty)
            #expect(reply.taskID.isEmpty)
        }
    }

    @Test("a task has its artifacts, history and timestamps", arguments: Binding.allCases)
    func task(_ binding: Binding) async throws {
        try await binding.withService { service in
            let task = try await service.sendMessage(send("research to be or not to be"), context: CallContext())
                .requireTask()
            #expect(task.status.state == .completed)
            #expect(task.artifacts.map(\.artifactID) == ["summary", "figures", "table"])
            #expect(task.artifact("figures")?.dataParts.first?["words"]?.int == 6)
            #expect(task.history.map(\.role) == [.user, .agent])
            #expect(task.status.hasTimestamp)

            var get = A2AGetTaskRequest()
            get.id = task.id
            #expect(try await service.getTask(get, context: CallContext()) == task)
            get.historyLength = 1
            #expect(try await service.getTask(get, context: CallContext()).history == Array(task.history.suffix(1)))
            get.historyLength = 0
            #expect(try await service.getTask(get, context: CallContext()).history.isEmpty)
        }
    }

    @Test("a form is filled over several turns", arguments: Binding.allCases)
    func form(_ binding: Binding) async throws {
        try await binding.withService { service in
            var task = try await service.sendMessage(send("form"), context: CallContext()).requireTask()
            for answer in ["Bern", "Rome"] {
                #expect(task.status.state == .inputRequired)
                task = try await service.sendMessage(send(answer, to: task.id), context: CallContext()).requireTask()
            }
            #expect(task.status.message.text == "On which day?")
            let done = try await service.sendMessage(send("2026-12-01", to: task.id), context: CallContext())
                .requireTask()
            #expect(done.status.state == .completed)
            #expect(done.id == task.id)
            #expect(done.contextID == task.contextID)
            #expect(done.artifact("booking")?.dataParts == [["from": "Bern", "to": "Rome", "date": "2026-12-01"]])
            #expect(done.history.filter { $0.role == .user }.map(\.text) == ["form", "Bern", "Rome", "2026-12-01"])
        }
    }

    @Test("a stream begins with the task, counts its generations and ends with the end", arguments: Binding.allCases)
    func stream(_ binding: Binding) async throws {
        try await binding.withService { service in
            let events = try await service.sendStreamingMessage(
                send("tck-stream-chunked"), context: CallContext()
            ).collect()
            #expect(events.map(\.generation) == [1, 2, 3, 4, 5, 6])
            #expect(events.first?.response.state == .submitted)
            #expect(events.last?.response.state == .completed)
            let chunks = events.compactMap { event -> String? in
                guard case .artifactUpdate(let update)? = event.response.payload else { return nil }
                return "\(update.append) \(update.lastChunk) \(update.artifact.text)"
            }
            #expect(chunks == ["false false chunk 1 ", "true false chunk 2 ", "true true chunk 3"])

            let direct = try await service.sendStreamingMessage(send("Hello"), context: CallContext()).collect()
            #expect(direct.count == 1)
            guard case .message? = direct.first?.response.payload else {
                Issue.record("expected one message, got \(direct)")
                return
            }
        }
    }

    @Test("a subscription begins with the state and goes on; cancelling ends it", arguments: Binding.allCases)
    func subscribeAndCancel(_ binding: Binding) async throws {
        try await binding.withService { service in
            var immediate = A2ASendMessageConfiguration()
            immediate.returnImmediately = true
            let task = try await service.sendMessage(
                send("tck-cancel", configuration: immediate), context: CallContext()
            ).requireTask()
            #expect(task.status.state.isActive)

            var subscribe = A2ASubscribeToTaskRequest()
            subscribe.id = task.id
            var iterator = try await service.subscribeToTask(subscribe, context: CallContext()).makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect(first.response.taskID == task.id)

            var cancel = A2ACancelTaskRequest()
            cancel.id = task.id
            #expect(try await service.cancelTask(cancel, context: CallContext()).status.state == .canceled)
            var last = first
            while let event = try await iterator.next() { last = event }
            #expect(last.response.state == .canceled)

            // From any generation, what follows is replayed.
            var context = CallContext()
            context.resumeAfter = 1
            let replayed = try await service.subscribeToTask(subscribe, context: context).collect()
            #expect(replayed.map(\.generation) == Array(2...(last.generation ?? 0)))
        }
    }

    @Test("listing pages through all tasks, newest first, by filter", arguments: Binding.allCases)
    func listing(_ binding: Binding) async throws {
        try await binding.withService { service in
            var ids: [String] = []
            for index in 0..<7 {
                let text = index == 3 ? "tck-input-required" : "tck-complete-task"
                let context = index < 2 ? "shared" : ""
                ids.append(
                    try await service.sendMessage(send(text, contextID: context), context: CallContext()).requireTask()
                        .id)
            }
            var request = A2AListTasksRequest()
            request.pageSize = 3
            var listed: [String] = []
            repeat {
                let page = try await service.listTasks(request, context: CallContext())
                #expect(page.totalSize == 7)
                #expect(page.pageSize == 3)
                #expect(page.tasks.allSatisfy { $0.artifacts.isEmpty })
                listed += page.tasks.map(\.id)
                request.pageToken = page.nextPageToken
            } while !request.pageToken.isEmpty
            #expect(listed == ids.reversed())

            var filter = A2AListTasksRequest()
            filter.status = .inputRequired
            #expect(try await service.listTasks(filter, context: CallContext()).tasks.map(\.id) == [ids[3]])
            filter = A2AListTasksRequest()
            filter.contextID = "shared"
            #expect(try await service.listTasks(filter, context: CallContext()).totalSize == 2)
        }
    }

    @Test("the public and the extended card are served", arguments: Binding.allCases)
    func cards(_ binding: Binding) async throws {
        try await binding.withService { service in
            let card = try await service.getAgentCard(context: CallContext())
            let extended = try await service.getExtendedAgentCard(.init(), context: CallContext())
            #expect(extended.skills.count == card.skills.count + 1)
            #expect(extended.name == card.name)
        }
    }

    @Test("the agent sees tenant, extensions, version and binding of the call", arguments: Binding.allCases)
    func context(_ binding: Binding) async throws {
        try await binding.withService { service in
            var request = send("script")
            request.tenant = "acme"
            request.message.parts.append(
                .data(["script": [["echo": [:] as A2AValue]]], mediaType: "application/vnd.a2a-conformance+json"))
            let context = CallContext(requestedExtensions: ["urn:x", "urn:y"])
            let response = try await service.sendMessage(request, context: context)
            guard case .message(let reply)? = response.payload, let seen = reply.dataParts.first else {
                Issue.record("expected a message with data, got \(response)")
                return
            }
            #expect(seen["tenant"]?.string == "acme")
            #expect(seen["version"]?.string == "1.0")
            #expect(seen["requestedExtensions"] == ["urn:x", "urn:y"])
            #expect(seen["binding"]?.string == binding.last)
        }
    }
}
