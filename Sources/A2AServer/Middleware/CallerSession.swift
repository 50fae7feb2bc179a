import A2A
import Synchronization

/// The credential behind a call: whose it is, and until when.
final class CallerSession: CallAdmission, StreamWatch {
    let principal: Principal
    /// Of the middleware that authenticated.
    let mark: AuthenticationMiddleware.Mark
    private let operation: A2AOperation
    private let context: CallContext
    private let authenticator: any Authenticator
    private let clock: any Clock<Duration>
    private let end: Mutex<Moment?>

    /// Authenticates a call.
    ///
    /// - Throws: What the authenticator throws.
    init(
        _ operation: A2AOperation, _ context: CallContext, _ authenticator: any Authenticator,
        _ clock: any Clock<Duration>, mark: AuthenticationMiddleware.Mark
    ) async throws {
        let caller = try await authenticator.identify(operation, context: context)
        self.principal = caller.principal
        self.mark = mark
        self.operation = operation
        self.context = context
        self.authenticator = authenticator
        self.clock = clock
        self.end = Mutex(try Self.end(of: caller, clock))
    }

    /// Whether the credential's time will be over.
    var expires: Bool { self.end.withLock { $0 != nil } }

    private var left: Duration? { self.end.withLock { $0 }?.left }

    private static func end(of caller: AuthenticatedCaller, _ clock: any Clock<Duration>) throws -> Moment? {
        guard let validFor = caller.validFor else { return nil }
        guard validFor > .zero else { throw Self.expired }
        return Moment(in: validFor, on: clock)
    }

    private static var expired: A2AError {
        A2AError(.unauthenticated, "The call's credentials are no longer valid. Call again with new ones.")
    }

    /// Authenticates again if the time is over, with the credentials that the caller has by now.
    func catchUp() async throws {
        guard let left = self.left, left <= .zero else { return }
        var context = self.context
        if let evidence = context.evidence { context.parameters = evidence.renewed(context.parameters) }
        let caller = try await self.authenticator.identify(self.operation, context: context)
        let end = try Self.end(of: caller, self.clock)
        guard caller.principal.id == self.principal.id else {
            if caller.principal.isAnonymous { throw Self.expired }
            throw A2AError(
                .permissionDenied,
                "The call's credentials have become another caller's. Each caller makes calls of its own.")
        }
        self.end.withLock { $0 = end }
    }

    func keep() async throws {
        while let left = self.left {
            try await self.clock.sleep(for: max(left, .zero))
            try await self.catchUp()
        }
        try await waitForCancellation()
    }
}
