/// Runs an operation until a deadline.
///
/// When the deadline comes first, the operation is cancelled and, once it has ended, the error is thrown.
///
/// - Parameter deadline: `nil` for none.
/// - Throws: ``A2AError`` with `.deadlineExceeded`, or what the operation throws.
package func withDeadline<Value: Sendable>(
    _ deadline: ContinuousClock.Instant?,
    operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    guard let deadline else { return try await operation() }
    return try await race(
        operation,
        against: { try await Task.sleep(until: deadline, clock: .continuous) },
        otherwise: { A2AError(.deadlineExceeded, "The call took longer than its deadline.") }
    )
}

/// Runs an operation and cancels it when a wait ends first.
package func race<Value: Sendable>(
    _ operation: @escaping @Sendable () async throws -> Value,
    against wait: @escaping @Sendable () async throws -> Void,
    otherwise error: () -> any Error
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await wait()
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw error() }
        return value
    }
}

/// A point on a clock of any kind.
package struct Moment: Sendable {
    private let distance: @Sendable () -> Duration

    package init(in duration: Duration, on clock: some Clock<Duration>) {
        let end = clock.now.advanced(by: duration)
        self.distance = { clock.now.duration(to: end) }
    }

    /// How far it is away; not above zero once it has passed.
    package var left: Duration { self.distance() }
}
