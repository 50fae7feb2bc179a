import A2A
import A2AClient

/// Prints a stream, event by event, until the task has ended or waits for the caller.
struct EventPrinter: Sendable {
    var output: ResultWriter
    /// Whether the stream answers a message to an existing task: its first snapshot may show the state that the
    /// message answers.
    var continuesTask = false

    func print(_ stream: EventStream) async throws {
        var task = TaskAccumulator()
        var isFirst = true
        do {
            for try await event in stream {
                task.apply(event)
                try self.output.event(event.response, contextID: task.task?.contextID ?? "", state: task.state)
                let isAnswered = isFirst && self.continuesTask
                isFirst = false
                if let state = event.response.state, state.isInterrupted, !isAnswered { break }
            }
        } catch {
            guard let id = task.task?.id, !(task.state?.isTerminal ?? true) else { throw error }
            throw InterruptedTask(taskID: id, error: error)
        }
        self.output.streamEnded(taskID: task.task?.id, state: task.state)
    }

    /// Follows a stream to its end without printing events.
    func last(of stream: EventStream) async throws -> A2ATask {
        var task = TaskAccumulator()
        do {
            for try await event in stream {
                task.apply(event)
                if event.response.state?.isInterrupted == true { break }
            }
        } catch {
            guard let id = task.task?.id else { throw error }
            throw InterruptedTask(taskID: id, error: error)
        }
        guard let result = task.task else {
            throw A2AError(.invalidAgentResponse, "The agent's stream ended without telling of a task.")
        }
        return result
    }
}
