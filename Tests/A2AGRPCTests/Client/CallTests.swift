import A2A
import A2AClient
import A2AGRPC
import A2AServer
import A2ATesting
import TestSupport
import Testing

@Suite("Calls over gRPC")
struct CallTests {
    @Test("a message is answered")
    func unary() async throws {
        try await withGRPCAgent { address in
            let answer = try await transport(address).sendMessage(.text("Hello"), context: CallContext())
            #expect(answer.text == "Hello")
        }
    }

    @Test("a stream brings the task and its updates in order, with their generations beside them")
    func stream() async throws {
        try await withGRPCAgent { address in
            let events = try await transport(address)
                .sendStreamingMessage(.text("stream one two three"), context: CallContext()).all()
            #expect(events.first?.response.taskID != nil)
            #expect(events.last?.response.state == .completed)
            let generations = events.compactMap(\.generation)
            #expect(generations.count == events.count)
            #expect(generations == generations.sorted())
            // As over every other binding, the message itself does not have them.
            #expect(events.allSatisfy { $0.response.generation == nil })
        }
    }

    @Test("all unary operations reach the agent")
    func operations() async throws {
        try await withGRPCAgent { address in
            let service = try transport(address)
            let sent = try await service.sendMessage(.text("stream a b"), context: CallContext())
            var get = A2AGetTaskRequest()
            get.id = try #require(sent.taskID)
            let task = try await service.getTask(get, context: CallContext())
            #expect(task.status.state == .completed)
            let list = try await service.listTasks(A2AListTasksRequest(), context: CallContext())
            #expect(list.tasks.map(\.id) == [get.id])
            let extended = try await service.getExtendedAgentCard(
                A2AGetExtendedAgentCardRequest(), context: CallContext())
            #expect(extended.skills.isEmpty == false)
            var cancel = A2ACancelTaskRequest()
            cancel.id = get.id
            let error = await #expect(throws: A2AError.self) {
                try await service.cancelTask(cancel, context: CallContext())
            }
            #expect(error?.code == .taskNotCancelable)
        }
    }
}
