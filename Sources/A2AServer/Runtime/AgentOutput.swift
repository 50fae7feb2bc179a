import A2A

// What agents say is completed and checked before it goes into a log.

extension A2AMessage {
    /// The message with everything filled in that an agent may leave out.
    func addressed(taskID: String, contextID: String) -> A2AMessage {
        var message = self
        if message.messageID.isEmpty { message.messageID = Identifier.make() }
        if message.role == .unspecified { message.role = .agent }
        if message.contextID.isEmpty { message.contextID = contextID }
        if message.taskID.isEmpty { message.taskID = taskID }
        return message
    }

    /// The message, if it is one that an agent may send.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    func checked() throws -> A2AMessage {
        guard !self.parts.isEmpty, self.parts.allSatisfy({ $0.content != nil }) else {
            throw A2AError(.invalidAgentResponse, "The agent's message has no part, or an empty one.")
        }
        return self
    }
}

extension TaskChange {
    /// The change with identifiers filled in, if it is one that the protocol allows.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    func checked(taskID: String, contextID: String) throws -> TaskChange {
        var change = self
        switch self.kind {
        case .status(var status):
            switch status.state {
            case .unspecified: throw A2AError(.invalidAgentResponse, "A status needs a state.")
            case .UNRECOGNIZED(let number):
                throw A2AError(.invalidAgentResponse, "\(number) is not the number of a task state.")
            default: break
            }
            if status.hasMessage {
                status.message = try status.message.addressed(taskID: taskID, contextID: contextID).checked()
                change.kind = .status(status)
            }
        case .artifact(let artifact, _), .chunk(let artifact, _):
            guard !artifact.artifactID.isEmpty else {
                throw A2AError(.invalidAgentResponse, "An artifact needs an id.")
            }
            guard !artifact.parts.isEmpty, artifact.parts.allSatisfy({ $0.content != nil }) else {
                throw A2AError(
                    .invalidAgentResponse, "The artifact '\(artifact.artifactID)' has no part, or an empty one.")
            }
        }
        return change
    }
}
