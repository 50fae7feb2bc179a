public import A2A
import HTTPTypes
import Logging

/// A client of one agent.
///
/// It reaches the agent through any ``A2AService``: a transport that it picks from the agent's card, or a service in
/// the same process. On top of the transport it adds what every call needs: the tenant of the chosen interface, the
/// A2A version, extensions, credentials, a deadline, retries where they are safe, and streams that survive a broken
/// connection. A client is a value without state of its own; copies may be used from many tasks at once.
///
/// Every method throws ``A2AError``.
public struct Client: Sendable {
    /// The agent's card; `nil` if the client was made for a service without one.
    public let card: A2AAgentCard?

    /// The interface that the client uses; `nil` in process.
    public let interface: A2AAgentInterface?

    /// How the client calls the agent.
    public var configuration: ClientConfiguration

    /// What the calls go to: the transport.
    public let service: any A2AService

    /// The tenant that every request names; empty for none (§4.4.6).
    public let tenant: String

    private let negotiatedVersion: ProtocolVersion
    private let fallback: InterfaceFallback?

    /// A client that reaches an agent over the first of its interfaces that a transport supports (§8.3.2).
    ///
    /// A call that nobody answers there, and that surely was not sent, is made over the next one (§5.2): of the same tenant and
    /// version, of the preferred bindings if any are named, and never from an encrypted interface to one that is not.
    ///
    /// - Parameters:
    ///   - card: The agent's card.
    ///   - transports: What this side can reach, such as `HTTPTransportFactory`.
    /// - Throws: ``A2AError`` if no interface can be used; see ``InterfaceSelection``.
    public init(
        card: A2AAgentCard,
        transports: [any TransportFactory],
        configuration: ClientConfiguration = .init()
    ) throws {
        let selection = try InterfaceSelection(
            card: card, transports: transports, preferences: configuration.preferredBindings,
            version: configuration.version)
        self.card = card
        self.interface = selection.interface
        self.configuration = configuration
        self.tenant = selection.interface.tenant
        self.negotiatedVersion = selection.version
        self.fallback = InterfaceFallback(card: card, selection)
        self.service = try selection.factory.makeTransport(for: selection.interface, card: card)
    }

    /// A client of a service, such as an agent's runtime in the same process.
    public init(
        service: any A2AService,
        card: A2AAgentCard? = nil,
        tenant: String = "",
        configuration: ClientConfiguration = .init()
    ) {
        self.card = card
        self.interface = nil
        self.configuration = configuration
        self.tenant = tenant
        self.negotiatedVersion = .v1_0
        self.fallback = nil
        self.service = service
    }

    /// The A2A version that the client signals with every call (§3.6.1).
    public var version: ProtocolVersion { self.configuration.version ?? self.negotiatedVersion }
}

// MARK: - How calls are made

extension Client {
    /// Makes a call: context, credentials, deadline and retries around one operation of the service.
    package func perform<Response: Sendable>(
        _ operation: A2AOperation?,
        _ options: CallOptions,
        _ body: @escaping @Sendable (any A2AService, CallContext) async throws -> Response
    ) async throws -> Response {
        let deadline = self.deadline(of: operation, options)
        do {
            return try await withDeadline(deadline) {
                try await self.retrying(operation, deadline: deadline) {
                    try await self.attempt(operation, options, deadline: deadline, body)
                }
            }
        } catch {
            throw A2AError(wrapping: error)
        }
    }

    /// Makes a call once.
    func attempt<Response: Sendable>(
        _ operation: A2AOperation?,
        _ options: CallOptions,
        deadline: ContinuousClock.Instant?,
        _ body: @Sendable (any A2AService, CallContext) async throws -> Response
    ) async throws -> Response {
        let context = try await self.context(for: operation, options, deadline: deadline)
        let response = try await self.answer(context, body)
        try AnswerCheck.check(response)
        options.response?.activatedExtensions = context.response.activatedExtensions
        return response
    }

    private func answer<Response: Sendable>(
        _ context: CallContext, _ body: @Sendable (any A2AService, CallContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await body(self.service, context)
        } catch {
            let error = A2AError(wrapping: error)
            guard let fallback = self.fallback, error.isSurelyNotSent else { throw error }
            return try await fallback.answer(after: error) { try await body($0, context) }
        }
    }

    private func retrying<Response: Sendable>(
        _ operation: A2AOperation?,
        deadline: ContinuousClock.Instant?,
        _ body: @Sendable () async throws -> Response
    ) async throws -> Response {
        var attempt = 1
        let recognizedUntil = self.recognitionEnd(of: operation)
        self.configuration.retryBudget.noteCall()
        while true {
            do {
                return try await body()
            } catch {
                try Task.checkCancellation()
                let error = A2AError(wrapping: error).recognized(until: recognizedUntil)
                let decision = self.configuration.retry.decide(
                    after: error, operation: operation, attempt: attempt, random: self.configuration.random())
                guard case .retry(let delay) = decision else { throw error }
                // The reason is worth more to the caller than a deadline that runs out while we wait.
                if let deadline, ContinuousClock.now.advanced(by: delay) >= deadline { throw error }
                guard self.configuration.retryBudget.takeRetry() else { throw error }
                self.configuration.logger.debug(
                    "calling again",
                    metadata: [
                        "operation": "\(operation?.rawValue ?? "card")", "attempt": "\(attempt)", "error": "\(error)",
                    ])
                try await self.configuration.clock.sleep(for: delay)
                attempt += 1
            }
        }
    }

    /// Until when the agent recognises a message that is sent now, if its card says that it does (spec/extensions/resume.md).
    func recognitionEnd(of operation: A2AOperation?) -> ContinuousClock.Instant? {
        guard operation == .sendMessage || operation == .sendStreamingMessage, let card = self.card,
            let window = ResumeExtension(card)?.recognition
        else { return nil }
        return ContinuousClock.now.advanced(by: window)
    }

    func deadline(of operation: A2AOperation?, _ options: CallOptions) -> ContinuousClock.Instant? {
        let waitsForTask = operation.map { $0.isStreaming || $0 == .sendMessage } ?? false
        let timeout =
            options.timeout ?? (waitsForTask ? self.configuration.sendTimeout : self.configuration.timeout)
        return timeout.map { ContinuousClock.now.advanced(by: $0) }
    }

    private func context(
        for operation: A2AOperation?,
        _ options: CallOptions,
        deadline: ContinuousClock.Instant?
    ) async throws -> CallContext {
        var parameters = self.configuration.parameters
        for field in options.parameters.fields { parameters.fields[values: field.name] = [] }
        for field in options.parameters.fields { parameters.fields.append(field) }
        let credentials = options.credentials ?? self.configuration.credentials
        if let credentials {
            for field in try await credentials.fields(for: operation, card: self.card) {
                parameters.fields[field.name] = field.value
            }
        }
        var seen: Set<String> = []
        var context = CallContext(
            tenant: self.tenant,
            version: self.version,
            requestedExtensions: (self.configuration.extensions + options.extensions).filter {
                seen.insert($0).inserted
            },
            deadline: deadline,
            resumeAfter: operation == .subscribeToTask ? options.resumeAfter : nil,
            parameters: parameters
        )
        context.credentialIdentity = credentials?.identity?.value
        return context
    }
}
