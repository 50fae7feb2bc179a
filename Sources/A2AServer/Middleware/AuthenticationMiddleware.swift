public import A2A

/// Sets the principal of every call but the public card's.
///
/// A call that outlives the credential that it came with goes on if the caller has another one of the same principal by then. It
/// ends with PERMISSION_DENIED if that is another's, and with UNAUTHENTICATED if there is none; a stream can be taken up
/// again with a new call.
public struct AuthenticationMiddleware: ServiceMiddleware {
    private let authenticator: any Authenticator
    private let clock: any Clock<Duration>
    private let mark = Mark()

    /// Whether callers must say who they are.
    public let requiresAuthentication: Bool

    /// - Parameters:
    ///   - isRequired: Whether nobody is served who is anonymous; bindings give little to those who have not said yet who they
    ///     are. Set it to `false` if the authenticator lets anonymous callers pass.
    ///   - clock: On which the time of credentials runs.
    public init(
        _ authenticator: any Authenticator, isRequired: Bool = true, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.authenticator = authenticator
        self.requiresAuthentication = isRequired
        self.clock = clock
    }

    public func admit(
        _ operation: A2AOperation,
        context: CallContext,
        next: @Sendable (CallContext) async throws -> CallContext
    ) async throws -> CallContext {
        var context = context
        let session = try await self.session(operation, context)
        context.principal = session.principal
        context.admission = session
        return try await next(context)
    }

    public func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        guard let operation = call.operation else { return try await next(call) }
        var call = call
        let session: CallerSession
        if let admitted = call.context.admission as? CallerSession, admitted.mark === self.mark {
            session = admitted
            try await session.catchUp()
        } else {
            session = try await self.session(operation, call.context)
        }
        call.context.admission = nil
        call.context.principal = session.principal
        guard session.expires else { return try await next(call) }
        if operation.isStreaming {
            let response = try await next(call)
            guard let stream = response as? EventStream else { return response }
            let watched = EventStream { WatchedEventSource(stream, session) }
            return watched as? Response ?? response
        }
        guard operation == .sendMessage else { return try await next(call) }
        // The one call that waits for a task.
        let final = call
        return try await withoutActuallyEscaping(next) { next in
            try await race(
                { try await next(final) }, against: { try await session.keep() }, otherwise: CancellationError.init)
        }
    }

    private func session(_ operation: A2AOperation, _ context: CallContext) async throws -> CallerSession {
        try await CallerSession(operation, context, self.authenticator, self.clock, mark: self.mark)
    }

    /// Tells the admissions of one middleware from those of another.
    final class Mark: Sendable {}
}
