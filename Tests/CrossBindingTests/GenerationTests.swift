import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import SwiftProtobuf
import Testing

private let draft = CallContext(version: .v1_1)

@Suite("The draft of A2A 1.1, on every binding", .timeLimit(.minutes(2)))
struct GenerationTests {
    private func get(_ id: String, beyond generation: Int64? = nil) -> A2AGetTaskRequest {
        var request = A2AGetTaskRequest()
        request.id = id
        if let generation { request.currentGeneration = generation }
        return request
    }

    private func send(_ text: String, to id: String, ifGeneration generation: Int64) -> A2ASendMessageRequest {
        var configuration = A2ASendMessageConfiguration()
        configuration.ifGenerationMatch = generation
        return CrossBindingTests.send(text, to: id, configuration: configuration)
    }

    @Test("every task and every event tells its generation", arguments: Binding.allCases)
    func told(_ binding: Binding) async throws {
        try await binding.withService { service in
            let events = try await service.sendStreamingMessage(
                CrossBindingTests.send("tck-stream-chunked"), context: draft
            ).collect()
            #expect(events.map(\.response.generation) == [1, 2, 3, 4, 5, 6])
            let id = try #require(events.first?.response.taskID)
            #expect(try await service.getTask(self.get(id), context: draft).generation == 6)
            let list = try await service.listTasks(A2AListTasksRequest(), context: draft)
            #expect(list.tasks.map(\.generation) == [6])

            let form = try await service.sendMessage(CrossBindingTests.send("form"), context: draft).requireTask()
            #expect(form.generation > 1)
            var subscribe = A2ASubscribeToTaskRequest()
            subscribe.id = form.id
            var following = try await service.subscribeToTask(subscribe, context: draft).makeAsyncIterator()
            #expect(try await following.next()?.response.generation == form.generation)
            var cancel = A2ACancelTaskRequest()
            cancel.id = form.id
            #expect(try await service.cancelTask(cancel, context: draft).generation == form.generation + 1)
            #expect(try await following.next()?.response.generation == form.generation + 1)
            // What is replayed has its generation too.
            var resume = draft
            resume.resumeAfter = form.generation
            let replayed = try await service.subscribeToTask(subscribe, context: resume).collect()
            #expect(replayed.map(\.response.generation) == [form.generation + 1])
        }
    }

    @Test("a caller of 1.0 sees no generation, and the new fields do nothing", arguments: Binding.allCases)
    func unseen(_ binding: Binding) async throws {
        try await binding.withService { service in
            let context = CallContext()
            let events = try await service.sendStreamingMessage(
                CrossBindingTests.send("tck-stream-chunked"), context: context
            ).collect()
            #expect(events.count == 6 && events.allSatisfy { $0.response.generation == nil })
            let form = try await service.sendMessage(CrossBindingTests.send("form"), context: context).requireTask()
            #expect(form.generation == 0)
            // Honoured, this would wait for half a minute, and that would be refused.
            #expect(try await service.getTask(self.get(form.id, beyond: 1_000), context: context).generation == 0)
            let next = try await service.sendMessage(
                self.send("Bern", to: form.id, ifGeneration: 1_000), context: context
            ).requireTask()
            #expect(next.generation == 0 && next.status.state == .inputRequired)
            // Not even what is no generation at all.
            #expect(try await service.getTask(self.get(form.id, beyond: -1), context: context).id == form.id)
            #expect(
                try await service.listTasks(A2AListTasksRequest(), context: context).tasks
                    .allSatisfy { $0.generation == 0 })
        }
    }

    @Test("GetTask waits for the next generation, and not for one that is there", arguments: Binding.allCases)
    func longPoll(_ binding: Binding) async throws {
        try await binding.withService { service in
            let form = try await service.sendMessage(CrossBindingTests.send("form"), context: draft).requireTask()
            for passed in [0, form.generation - 1] {
                let now = try await service.getTask(self.get(form.id, beyond: passed), context: draft)
                #expect(now.generation == form.generation)
            }
            async let later = service.getTask(self.get(form.id, beyond: form.generation), context: draft)
            _ = try await service.sendMessage(CrossBindingTests.send("Bern", to: form.id), context: draft)
            #expect(try await later.generation > form.generation)

            var cancel = A2ACancelTaskRequest()
            cancel.id = form.id
            async let far = service.getTask(self.get(form.id, beyond: 1_000), context: draft)
            let canceled = try await service.cancelTask(cancel, context: draft)
            // Nothing comes after the end, so it is worth no wait.
            #expect(try await far == canceled)
            #expect(
                try await service.getTask(self.get(form.id, beyond: canceled.generation), context: draft) == canceled)
        }
    }

    @Test("a message goes through only at the generation that it names", arguments: Binding.allCases)
    func conditional(_ binding: Binding) async throws {
        try await binding.withService { service in
            let form = try await service.sendMessage(CrossBindingTests.send("form"), context: draft).requireTask()
            for wrong in [form.generation - 1, form.generation + 1] {
                let error = await #expect(throws: A2AError.self) {
                    try await service.sendMessage(self.send("Bern", to: form.id, ifGeneration: wrong), context: draft)
                }
                #expect(error?.code == .taskGenerationMismatch)
                #expect(
                    error?.details.contains(
                        .errorInfo(
                            reason: "TASK_GENERATION_MISMATCH",
                            metadata: [
                                "taskId": form.id, "expectedGeneration": "\(wrong)",
                                "currentGeneration": "\(form.generation)",
                            ])) == true, "\(String(describing: error?.details))")
                let stream = await #expect(throws: A2AError.self) {
                    _ = try await service.sendStreamingMessage(
                        self.send("Bern", to: form.id, ifGeneration: wrong), context: draft
                    ).collect()
                }
                #expect(stream?.code == .taskGenerationMismatch)
            }
            // Of two that have seen the same, one is too late.
            let outcomes = await withTaskGroup(of: A2AError.Code?.self) { group in
                for text in ["Bern", "Rome"] {
                    group.addTask {
                        do {
                            _ = try await service.sendMessage(
                                self.send(text, to: form.id, ifGeneration: form.generation), context: draft)
                            return nil
                        } catch { return A2AError(wrapping: error).code }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == nil }.count == 1)
            #expect(outcomes.contains(.taskGenerationMismatch))
            // Where a message makes a task there is nothing to compare.
            let new = try await service.sendMessage(self.send("form", to: "", ifGeneration: 77), context: draft)
            #expect(try new.requireTask().status.state == .inputRequired)
        }
    }
}
