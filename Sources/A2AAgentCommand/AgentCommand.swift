import A2A
import A2AGRPC
import A2AHTTP
import A2AReferenceAgent
import A2ASQLite
import A2ASecurity
import A2AServer
import A2ATCP
import ArgumentParser
import Foundation
import Logging

/// `a2a-agent`: the reference agent.
@main
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "a2a-agent",
        abstract: "Runs the swift-a2a reference agent.",
        discussion: """
            Skills, chosen by the first word of a message: echo (everything else too), stream, research, form, slow. Messages \
            with a conformance script or an ACTS behaviour prefix are played; see conformance/profile.md.

            The agent listens on loopback only unless --host says otherwise.
            """,
        version: "0.1.0"
    )

    @OptionGroup(title: "Listening") var listening: ListeningOptions
    @OptionGroup(title: "Dialling") var dialling: DialOptions
    @OptionGroup(title: "Tasks") var storage: StoreOptions
    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Push notifications") var push: PushOptions
    @OptionGroup(title: "Secrets and administration") var storeKeys: StoreKeyOptions

    @Option(
        help: ArgumentHelp("Switches capabilities off, to see how callers get along without them.", valueName: "list"),
        transform: Self.capabilities)
    var without: Set<ReferenceAgent.Capability> = []

    @Option(
        help:
            "Asks callers for this bearer token. Given several times, there are as many callers, with tasks of their own."
    )
    var token: [String] = []

    @Option(
        help: ArgumentHelp("Refuses callers that do not name this extension. Repeatable.", valueName: "uri"))
    var requireExtension: [String] = []

    @Flag(help: "Declares an extended card and has none, to see how callers get along with that.")
    var withholdExtendedCard = false

    @Option(
        name: .customLong("sign-card"),
        help: ArgumentHelp(
            "Signs the card with this P-256 private key in PEM; the public key is at /.well-known/jwks.json.",
            valueName: "file"))
    var cardKey: String?

    @Flag(help: "Takes calls without A2A-Version for version 1.0 instead of refusing them as 0.3.")
    var lenientVersion = false

    @Flag(name: .customLong("no-draft"), help: "Serves A2A 1.0 only, not the draft of 1.1 beside it.")
    var noDraft = false

    @Option(
        help: ArgumentHelp(
            "What is logged, on standard error: trace, debug, info, notice (default), warning, error or critical.",
            valueName: "level"),
        transform: Self.logLevel)
    var logLevel: Logger.Level = .notice

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "a2a-agent")
        logger.logLevel = self.logLevel

        let peers = self.listening.tcp?.tls == nil ? nil : TCPPushNotificationSender()
        let signer = try await self.push.signer(issuer: self.listening.base)
        let database = try self.storage.open(logger: logger)
        let pushStore: (any PushNotificationStore)? =
            if let database { try await self.storeKeys.pushStore(in: database, logger: logger) } else { nil }
        let cardSigner = try self.cardSigner()
        let store = self.store(in: database)
        let epoch = try await (store as? any DurableTaskStore)?.incarnation()
        var card = ReferenceAgent.card(without: self.without, requiresToken: !self.token.isEmpty)
        card.capabilities.extensions.append(
            ResumeExtension(recognition: self.limits.runtime.deduplicationWindow, isDurable: epoch != nil).declaration)
        card.capabilities.extensions += self.requireExtension.map { A2AAgentExtension(uri: $0, required: true) }
        if self.withholdExtendedCard { card.skills.append(ReferenceAgent.withheldCardSkill) }
        let isWithheld = self.withholdExtendedCard
        let runtime = TaskRuntime(
            agent: ReferenceAgent(),
            card: card,
            store: store,
            push: self.without.contains(.push)
                ? nil : self.push.notifications(signer: signer, peers: peers, store: pushStore),
            configuration: self.limits.runtime,
            logger: logger,
            extendedCard: { card, _ in isWithheld ? nil : ReferenceAgent.extendedCard(of: card) }
        )
        var middleware: [any ServiceMiddleware] = [LoggingMiddleware(logger: logger), MetricsMiddleware()]
        if !self.token.isEmpty {
            let callers = self.token.enumerated().map { ($1, Principal(id: $0 == 0 ? "token" : "token-\($0 + 1)")) }
            let authenticator = StaticTokenAuthenticator(Dictionary(callers) { first, _ in first })
            middleware.append(AuthenticationMiddleware(authenticator))
        }
        let listening =
            self.dialling.isOnly
            ? []
            : self.makeBindings(
                jwks: PublicKeySet.merged([signer?.jwks, cardSigner?.jwks]), notifier: peers, epoch: epoch)
        let admin = self.storeKeys.admin(of: runtime, database: database?.path)
        let server = AgentServer(
            runtime: runtime, bindings: listening + (try self.dialledBindings(epoch: epoch)) + admin,
            middleware: middleware, logger: logger
        ) { endpoints in
            if let base = endpoints.first?.address, !listening.isEmpty {
                // The interfaces, and where the key is, are known only now.
                var signer = cardSigner
                signer?.keySetURL = base + A2ARoutes.jwksPath
                if let signed = try? signer?.sign(runtime.card) { runtime.card = signed }
            }
            if !listening.isEmpty { Banner(endpoints: Array(endpoints.prefix(listening.count))).print() }
        }
        try await server.runService()
        await database?.close()
    }

    private func store(in database: SQLiteDatabase?) -> any TaskStore {
        guard let database else { return MemoryTaskStore(retention: self.limits.retention(.init())) }
        return SQLiteTaskStore(database: database, retention: self.limits.retention(.durable))
    }

    private func cardSigner() throws -> AgentCardSigner? {
        guard let file = self.cardKey else { return nil }
        let pem = String(decoding: try OptionFile.read(file, of: "--sign-card"), as: UTF8.self)
        return try AgentCardSigner(privateKeyPEM: pem)
    }

    /// The bindings, HTTP first: it has the card.
    var bindings: [any ServerBinding] { self.makeBindings() }

    /// - Parameter epoch: The name of the log, if it outlives the process.
    private func makeBindings(
        jwks: [UInt8]? = nil, notifier: TCPPushNotificationSender? = nil, epoch: UInt64? = nil
    ) -> [any ServerBinding] {
        let assumedVersion: ProtocolVersion = self.lenientVersion ? .v1_0 : .v0_3
        var http = self.listening.http
        http.maxBodyBytes = self.limits.maxBodyBytes
        http.jwks = jwks
        http.assumedVersion = assumedVersion
        http.versions = self.versions
        var bindings: [any ServerBinding] = [.http(http)]
        if var grpc = self.listening.grpc {
            grpc.maxMessageBytes = self.limits.maxBodyBytes
            grpc.assumedVersion = assumedVersion
            grpc.versions = self.versions
            bindings.append(.grpc(grpc))
        }
        if var tcp = self.listening.tcp {
            tcp.maxMessageBytes = self.limits.maxBodyBytes
            tcp.notifier = notifier
            tcp.epoch = epoch
            tcp.versions = self.versions
            tcp.deduplicationWindow = self.limits.runtime.deduplicationWindow ?? .zero
            bindings.append(.tcp(tcp))
        }
        return bindings
    }

    private var versions: [ProtocolVersion] { self.noDraft ? [.v1_0] : [.v1_0, .v1_1] }

    /// The bindings that dial. Without others, being registered is what programs wait for.
    private func dialledBindings(epoch: UInt64?) throws -> [any ServerBinding] {
        try self.dialling.configurations(environment: ProcessInfo.processInfo.environment).map { configuration in
            var configuration = configuration
            configuration.serving.epoch = epoch
            configuration.serving.maxMessageBytes = self.limits.maxBodyBytes
            configuration.serving.versions = self.versions
            configuration.serving.deduplicationWindow = self.limits.runtime.deduplicationWindow ?? .zero
            if self.dialling.isOnly {
                let hub = configuration.hub
                configuration.onRegistered = { HubBanner(registration: $0, hub: hub).print() }
            }
            return .tcp(dialing: configuration)
        }
    }

    private static func logLevel(_ name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name.lowercased()) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--log-level: there is no level '\(name)'; choose from \(known).")
        }
        return level
    }

    private static func capabilities(_ list: String) throws -> Set<ReferenceAgent.Capability> {
        try Set(
            list.split(separator: ",").map { name in
                guard let capability = ReferenceAgent.Capability(rawValue: name.trimmingCharacters(in: .whitespaces))
                else {
                    let known = ReferenceAgent.Capability.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--without: there is no capability '\(name)'; choose from \(known).")
                }
                return capability
            })
    }
}
