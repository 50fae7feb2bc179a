import A2A

/// Whether an answer has what no answer can do without (§5.7).
///
/// It is little on purpose: agents leave out much that they must not, and a caller can do with the rest.
enum AnswerCheck {
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    static func check(_ response: some Sendable) throws {
        switch response {
        case let task as A2ATask: try Self.check(task)
        case let response as A2ASendMessageResponse:
            if case .task(let task) = response.payload { try Self.check(task) }
        default: break
        }
    }

    private static func check(_ task: A2ATask) throws {
        guard task.id.isEmpty else { return }
        throw A2AError(.invalidAgentResponse, "The agent answered with a task that has no id.")
    }
}
