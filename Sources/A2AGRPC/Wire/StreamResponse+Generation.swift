import A2A

// A caller of version 1.0 does not get the draft's `generation` fields, but our own client asks for them with
// `a2a-event-ids`, since gRPC has no place of its own for the number of an event as server-sent events have.

extension A2AStreamResponse {
    /// Takes the place in the log out of the event, so that it looks as over every other binding.
    mutating func takeGeneration() -> Int64? {
        guard let generation = self.generation else { return nil }
        self.setGeneration(0)
        return generation
    }
}
