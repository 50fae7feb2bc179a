import A2A
import A2AConformance
import A2AGRPC
import A2AHTTP
import A2AReferenceAgent
import A2ASecurity
import A2AServer
import A2ATCP
package import Logging

/// The reference agent with a fault, or without.
package struct MutantAgent: Sendable {
    package let fault: Fault?
    package let setting: Fault.Setting

    /// The tokens of the two callers of an agent that asks for one.
    package static let tokens = ["first-5f3a", "second-5f3a"]
    /// The extension that callers must name.
    package static let requiredExtension = "https://swift-a2a.github.io/extensions/required/v1"

    private let logger: Logger
    private let signer: AgentCardSigner?

    package init(fault: Fault?, setting: Fault.Setting = .usual, logger: Logger) {
        self.fault = fault
        self.signer = (fault?.setting ?? setting) == .signed ? try? AgentCardSigner() : nil
        self.setting = fault?.setting ?? setting
        self.logger = logger
    }

    /// Runs the agent on free ports of the loopback interface for as long as `body` takes.
    ///
    /// - Parameter body: Given the base URL.
    package func run<Result: Sendable>(_ body: (_ url: String) async throws -> Result) async throws -> Result {
        let runtime = self.runtime
        return try await withAgentServer(
            runtime, bindings: self.serverBindings, middleware: self.middleware(runtime), logger: self.logger
        ) { endpoints in
            try self.sign(runtime, endpoints[0].address)
            return try await body(endpoints[0].address)
        }
    }

    /// Runs the agent until the process is told to end.
    ///
    /// - Parameter port: Where HTTP listens; 0 takes a free port.
    package func runService(onRunning: @escaping @Sendable (_ url: String) -> Void) async throws {
        let runtime = self.runtime
        try await AgentServer(
            runtime: runtime, bindings: self.serverBindings, middleware: self.middleware(runtime), logger: self.logger
        ) { endpoints in
            guard let endpoint = endpoints.first else { return }
            try? self.sign(runtime, endpoint.address)
            onRunning(endpoint.address)
        }.runService()
    }

    /// Signs the card, now that it has its interfaces.
    private func sign(_ runtime: TaskRuntime, _ base: String) throws {
        guard var signer = self.signer else { return }
        signer.keySetURL = base + A2ARoutes.jwksPath
        var card = runtime.card
        if let payload = self.fault?.signed {
            card.signatures = [try signer.signature(over: try payload(card))]
        } else {
            card = try signer.sign(card)
        }
        runtime.card = card
    }

    private var card: A2AAgentCard {
        var card = ReferenceAgent.card(
            without: self.without,
            requiresToken: self.setting == .token)
        if self.setting == .requiredExtension {
            var declared = A2AAgentExtension()
            declared.uri = Self.requiredExtension
            declared.required = true
            card.capabilities.extensions = [declared]
        }
        return card
    }

    private var without: Set<ReferenceAgent.Capability> {
        switch self.setting {
        case .bare: Set(ReferenceAgent.Capability.allCases)
        // So that there is something false in what is signed.
        case .signed: [.push]
        default: []
        }
    }

    private var runtime: TaskRuntime {
        var options = HTTPPushNotificationSender.Options()
        options.egress.insecurelyAllowsLoopback = true
        let usual: any PushNotificationSender = HTTPPushNotificationSender(options: options)
        let sender = self.fault?.push.map { $0(usual) } ?? usual
        var push = PushNotifications(senders: [sender])
        push.limits.backoff = Backoff(base: .milliseconds(100), limit: .seconds(1))
        return TaskRuntime(
            agent: ReferenceAgent(), card: self.card, push: self.without.contains(.push) ? nil : push,
            logger: self.logger,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
    }

    private var serverBindings: [any ServerBinding] {
        let version = self.fault?.assumedVersion ?? .v0_3
        var http = HTTPServerConfiguration.ephemeral
        http.assumedVersion = version
        http.jwks = self.signer?.jwks
        var bindings: [any ServerBinding] = [
            self.fault?.http.map { FilteredHTTPBinding(configuration: http, filter: $0) } ?? .http(http)
        ]
        if self.has(.grpc) {
            var grpc = GRPCServerConfiguration.ephemeral
            grpc.assumedVersion = version
            let usual = GRPCBinding(grpc)
            bindings.append(self.fault?.grpc.map { FilteredGRPCBinding(inner: usual, filter: $0) } ?? usual)
        }
        if self.has(.tcp) { bindings.append(.tcp(.ephemeral)) }
        return bindings
    }

    private func has(_ binding: TransportBinding) -> Bool { self.fault?.bindings.contains(binding) ?? true }

    private func middleware(_ runtime: TaskRuntime) -> [any ServiceMiddleware] {
        var middleware: [any ServiceMiddleware] = []
        if self.setting == .token, self.fault?.isOpen != true {
            let callers = Self.tokens.map { ($0, Principal(id: $0)) }
            middleware.append(
                AuthenticationMiddleware(StaticTokenAuthenticator(Dictionary(callers) { first, _ in first })))
        }
        if let fault = self.fault?.service?(runtime) { middleware.append(fault) }
        return middleware
    }
}
