import A2A
import GRPCCore
import Synchronization

/// An open stream in the hands of its reader. Letting it go closes the stream, which the agent sees at once.
///
/// gRPC lends a stream for the time of a closure. The closure runs in the task of the connection and only waits; the
/// reader pulls from the stream itself, so that what it does not read stays in the agent's hands (flow control).
final class StreamLease: Sendable {
    let state = LeaseState()
    // Held, since it is closed when the last user lets go.
    private let connection: GRPCConnection

    init(connection: GRPCConnection) { self.connection = connection }

    deinit { self.state.release() }

    var address: GRPCAddress { self.connection.address }
    var maxMessageBytes: Int { self.connection.maxMessageBytes }

    /// The stream, as soon as it is open.
    ///
    /// - Throws: ``A2AError`` if it cannot be opened.
    func stream() async throws -> GRPCConnection.Stream {
        try await withTaskCancellationHandler {
            try await self.state.stream()
        } onCancel: {
            self.state.release()
        }
    }
}

/// What the reader of a stream and the task that holds it open agree on.
final class LeaseState: Sendable {
    private enum State {
        case opening(CheckedContinuation<GRPCConnection.Stream, any Error>?)
        case open(GRPCConnection.Stream)
        case failed(A2AError)
        case released
    }

    private let state = Mutex(State.opening(nil))
    private let expired = Mutex(false)
    private let task = CallTask()

    /// Whether the deadline closed the stream.
    var isExpired: Bool { self.expired.withLock { $0 } }

    /// Opens a stream and holds it until the deadline, or until the reader lets it go.
    func hold(
        until deadline: ContinuousClock.Instant?,
        _ open: @Sendable (_ opened: @Sendable (GRPCConnection.Stream) async -> Void) async -> Void
    ) async {
        await self.task.run {
            await open { stream in
                self.opened(stream)
                if let deadline {
                    guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
                    self.expired.withLock { $0 = true }
                } else {
                    let (never, input) = AsyncStream<Never>.makeStream()
                    for await _ in never {}
                    input.finish()
                }
            }
        }
    }

    private func opened(_ stream: GRPCConnection.Stream) {
        let waiting = self.state.withLock { state -> CheckedContinuation<GRPCConnection.Stream, any Error>? in
            guard case .opening(let waiting) = state else { return nil }
            state = .open(stream)
            return waiting
        }
        waiting?.resume(returning: stream)
    }

    func fail(_ error: A2AError) {
        let waiting = self.state.withLock { state -> CheckedContinuation<GRPCConnection.Stream, any Error>? in
            guard case .opening(let waiting) = state else { return nil }
            state = .failed(error)
            return waiting
        }
        waiting?.resume(throwing: error)
    }

    func release() {
        let waiting = self.state.withLock { state -> CheckedContinuation<GRPCConnection.Stream, any Error>? in
            defer { state = .released }
            guard case .opening(let waiting) = state else { return nil }
            return waiting
        }
        waiting?.resume(throwing: Self.canceled)
        self.task.cancel()
    }

    func stream() async throws -> GRPCConnection.Stream {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = self.state.withLock { state -> Result<GRPCConnection.Stream, any Error>? in
                switch state {
                case .opening:
                    state = .opening(continuation)
                    return nil
                case .open(let stream): return .success(stream)
                case .failed(let error): return .failure(error)
                case .released: return .failure(Self.canceled)
                }
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    private static var canceled: A2AError { A2AError(.canceled, "The call was cancelled.") }
}
