import A2A
import A2AServer

/// One of the agents that the coordinator asks: how its own words become theirs, and theirs its own.
struct Delegate: Sendable {
    let url: String
    let name: String

    // MARK: To the agent

    /// The message that the turn answers, addressed to the agent.
    ///
    /// - The parts and the metadata are passed on as they are.
    /// - The context is the same one, so that the conversation has one name everywhere. An agent that takes no context
    ///   from outside refuses it (§3.4.1), and the task fails with what it says.
    /// - `taskId` is left out: this is a new task there. Tasks of ours that the message refers to are nothing that the
    ///   agent knows; it is told which tasks of its own they were made from.
    func message(for turn: Turn, after earlier: [A2ATask]) -> A2AMessage {
        var message = A2AMessage(
            role: .user, parts: turn.message.parts, contextID: turn.contextID,
            referenceTaskIDs: self.tasks(behind: earlier))
        message.metadata = turn.message.metadata
        message.metadata["coordinatorTaskId"] = A2AValue(turn.taskID)
        return message
    }

    /// The answer should be of a kind that our own caller accepts.
    func configuration(for turn: Turn) -> A2ASendMessageConfiguration {
        var configuration = A2ASendMessageConfiguration()
        configuration.acceptedOutputModes = turn.configuration.acceptedOutputModes
        return configuration
    }

    /// The agent's tasks that had a part in tasks of the coordinator; its artifacts say so, see ``adopt(_:of:)``.
    private func tasks(behind earlier: [A2ATask]) -> [String] {
        var ids: [String] = []
        for artifact in earlier.flatMap(\.artifacts) where artifact.metadata["agent"]?.string == self.url {
            if let id = artifact.metadata["taskId"]?.string, !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    // MARK: From the agent

    /// Does to the coordinator's task what the agent did to its own.
    func forward(_ event: StreamEvent, to turn: Turn) async throws {
        switch event.response.payload {
        case .task(let task):
            for artifact in task.artifacts { try await turn.artifact(self.adopt(artifact, of: task.id)) }
        case .artifactUpdate(let update):
            let artifact = self.adopt(update.artifact, of: update.taskID)
            if update.append {
                try await turn.append(artifact, lastChunk: update.lastChunk)
            } else {
                try await turn.artifact(artifact, lastChunk: update.lastChunk)
            }
        case .statusUpdate(let update):
            // Only progress: how the task ends is for the coordinator to judge.
            guard update.status.state == .working, update.status.hasMessage else { return }
            try await turn.working("\(self.name): \(update.status.message.text)")
        case .message(let message):
            // An answer without a task; an artifact holds it as well.
            try await turn.artifact(
                self.adopt(A2AArtifact(parts: message.parts, artifactID: message.messageID), of: ""))
        case nil:
            break
        }
    }

    /// The agent's artifact as one of ours: with an id that no other agent's has, and a word on where it comes from.
    private func adopt(_ artifact: A2AArtifact, of taskID: String) -> A2AArtifact {
        var artifact = artifact
        artifact.artifactID = "\(self.url)#\(artifact.artifactID)"
        artifact.name = artifact.name.isEmpty ? self.name : "\(self.name): \(artifact.name)"
        artifact.metadata["agent"] = A2AValue(self.url)
        if !taskID.isEmpty { artifact.metadata["taskId"] = A2AValue(taskID) }
        return artifact
    }
}
