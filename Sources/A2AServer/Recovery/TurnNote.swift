import A2A

/// What a durable store is to note when a turn begins. It is put into octets when it is written, since most of it is not
/// needed for a turn that has ended by then.
struct TurnNote: Sendable {
    var opening: TurnOpening
    /// The message, if it is to be recognised when it comes again, and for how long.
    var message: MessageKey?
    var window: Duration = .zero

    /// - Parameter taskEnds: Whether the task ends with this step: then nobody will begin the turn again.
    func record(taskEnds: Bool = false) throws -> TurnRecord {
        TurnRecord(
            opening: taskEnds ? nil : try self.opening.encoded(), message: self.message, window: self.window)
    }
}
