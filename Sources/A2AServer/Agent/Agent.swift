import A2A

/// An agent: what answers messages.
///
/// ```swift
/// struct Translator: Agent {
///     func run(_ turn: Turn) async throws {
///         try await turn.working("Reading…")
///         for try await piece in translate(turn.message.text) {
///             try await turn.append(.text(piece), toArtifact: "translation")
///         }
///     }
/// }
/// ```
///
/// - Returning normally completes the task, unless the turn left it waiting for input or authorisation.
/// - Throwing fails it; an ``A2AError`` tells the caller why, any other error only that the agent failed.
/// - When the task is cancelled, the Swift task that runs the turn is cancelled.
/// - A turn that only calls ``Turn/reply(_:)-(String)`` makes no task.
///
/// `run` is called once for each message, concurrently for different tasks. Work goes on when the caller disconnects.
public protocol Agent: Sendable {
    /// Answers one message.
    func run(_ turn: Turn) async throws

    /// What becomes of a turn whose process ends while it is at work, if the tasks outlive the process
    /// (``DurableTaskStore``). Default ``RecoveryPolicy/fail``.
    ///
    /// It concerns tasks that are submitted or working. One that waits for its caller goes on with the caller's next message, as ever.
    var recovery: RecoveryPolicy { get }
}

extension Agent {
    public var recovery: RecoveryPolicy { .fail }
}

/// An agent made of a closure.
public struct ClosureAgent: Agent {
    public let recovery: RecoveryPolicy
    private let body: @Sendable (Turn) async throws -> Void

    public init(recovery: RecoveryPolicy = .fail, _ body: @escaping @Sendable (Turn) async throws -> Void) {
        self.recovery = recovery
        self.body = body
    }

    public func run(_ turn: Turn) async throws { try await self.body(turn) }
}
