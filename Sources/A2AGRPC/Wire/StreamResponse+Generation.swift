import A2A

// A caller of version 1.0 does not get the draft's `generation` fields, but our own client asks for them with
// `a2a-event-ids`, since gRPC has no place of its own for the number of an event as server-sent events have.

extension A2AStreamResponse {
    /// Writes an event's place in the log into the event.
    mutating func setGeneration(_ generation: Int64) {
        switch self.payload {
        case .task: self.task.generation = generation
        case .statusUpdate: self.statusUpdate.generation = generation
        case .artifactUpdate: self.artifactUpdate.generation = generation
        case .message, nil: return
        }
    }

    /// Takes the place in the log out of the event, so that it looks as over every other binding.
    mutating func takeGeneration() -> Int64? {
        guard let generation = self.generation else { return nil }
        self.setGeneration(0)
        return generation
    }
}
