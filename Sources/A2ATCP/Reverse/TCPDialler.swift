import A2A
import A2AClient
import HTTPTypes
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// Keeps a connection to a hub.
struct TCPDialler: Sendable {
    /// A connection that lasted so long was a good one: the next wait is the shortest again.
    private static let steady: Duration = .seconds(10)
    /// How long a connection may take to close after its calls have ended.
    private static let closingGrace: Duration = .seconds(1)

    let address: TCPAddress
    private let configuration: TCPDialConfiguration
    private let options: TCPConnectionOptions
    private let tls: NIOSSLContext?
    private let handler: TCPCallHandler
    private let logger: Logger

    init(_ configuration: TCPDialConfiguration, service: any A2AService, logger: Logger) throws {
        let address = try TCPAddress(configuration.hub)
        guard
            address.isSecure || address.isLoopback || configuration.connecting.insecurelyAllowPlaintextBeyondLoopback
        else {
            throw A2AError(
                .invalidParams,
                "The hub at \(address) is not dialled without TLS. Use an a2a+tls address, or set "
                    + "insecurelyAllowPlaintextBeyondLoopback.")
        }
        _ = try TCPRegister.name(in: TCPRegister.request(name: configuration.name))
        self.address = address
        self.configuration = configuration
        self.tls = address.isSecure ? try TCPSecurity.client(configuration.connecting) : nil
        let serving = configuration.serving
        // The same for all connections: they are of one log.
        let epoch = max(serving.epoch ?? UInt64.random(in: 1 ... .max), 1)
        var options = serving.connectionOptions(
            epoch: epoch, budget: TCPServerConnections.SharedBudget(limit: max(serving.maxBufferedBytes, 0)),
            // The peer is the hub, which was dialled; who its callers are, each call says.
            requiresAuthentication: false)
        options.isSecure = address.isSecure
        options.address = address.description
        self.options = options
        self.handler = TCPCallHandler(service: service)
        self.logger = logger
    }

    /// Dials, serves, and dials again, until graceful shutdown or cancellation.
    func run() async {
        await withDiscardingTaskGroup { sessions in
            var attempt = 0
            var lastProblem = ""
            while !Task.isCancelled, !Task.isShuttingDownGracefully {
                var pause: Duration = .zero
                do {
                    let link = try await cancelWhenGracefulShutdown { try await self.connect() }
                    let (end, input) = AsyncStream<Never>.makeStream()
                    link.submit(.watch { input.finish() })
                    // What is left of one that goes away is served beside the next.
                    sessions.addTask { await self.serve(link) }
                    let began = ContinuousClock.now
                    try await self.register(on: link)
                    lastProblem = ""
                    for await _ in end {}
                    if let back = link.takeRetryAfter() { pause = ContinuousClock.now.duration(to: back) }
                    if began.duration(to: .now) >= Self.steady { attempt = 0 }
                    self.logger.debug("the hub is gone", metadata: ["hub": "\(self.address)"])
                } catch {
                    let problem = A2AError(wrapping: error)
                    pause = problem.retryDelay ?? .zero
                    if !Task.isCancelled, !Task.isShuttingDownGracefully {
                        // Each reason once: the hub may be away for long.
                        self.logger.log(
                            level: problem.message == lastProblem ? .debug : .warning, "not registered at the hub",
                            metadata: ["hub": "\(self.address)", "error": "\(problem.message)"])
                    }
                    lastProblem = problem.message
                }
                attempt += 1
                let jitter = self.configuration.backoff.delay(attempt: attempt, random: .random(in: 0..<1))
                let wait = min(max(pause, .zero), Self.maxPause) + jitter
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: wait) }
            }
        }
    }

    /// The longest that a hub may keep the agent away.
    private static let maxPause: Duration = .seconds(300)

    private func connect() async throws -> TCPChannelHandler {
        let future = TCPClientConnection.dial(
            self.address, tls: self.tls, options: self.options, timeout: self.configuration.connecting.connectTimeout,
            inbox: TCPCallInbox())
        do {
            return try await TCPWait.value(of: future)
        } catch is CancellationError {
            future.whenSuccess { $0.submit(.close) }
            throw CancellationError()
        } catch {
            let reason = TCPConnectFailure.reason(error)
            throw A2AError.unreachable(
                "Cannot connect to the hub at \(self.address): \(reason)", mayHaveBeenSent: false, underlying: error)
        }
    }

    /// Answers the hub's calls until the connection is over; shutdown drains it.
    private func serve(_ link: TCPChannelHandler) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancelled when the connection is over.
                guard (try? await gracefulShutdown()) != nil else { return }
                let grace = self.configuration.serving.shutdownGrace
                link.submit(
                    .drain(graceMilliseconds: UInt32(clamping: grace.wholeMilliseconds), retryAfterMilliseconds: 0))
                try? await Task.sleep(for: grace + Self.closingGrace)
                link.submit(.close)
            }
            await TCPBinding.serve(link, self.handler)
            group.cancelAll()
        }
    }

    /// Says who the agent is and asks for its name.
    private func register(on link: TCPChannelHandler) async throws {
        do {
            let registration = try await self.askForName(on: link)
            self.logger.notice(
                "registered at the hub", metadata: ["hub": "\(self.address)", "name": "\(registration.name)"])
            await self.configuration.onRegistered(registration)
        } catch {
            link.submit(.drain(graceMilliseconds: 0, retryAfterMilliseconds: 0))
            throw error
        }
    }

    private func askForName(on link: TCPChannelHandler) async throws -> TCPRegistration {
        let fields = try await self.configuration.credentials?.fields(for: nil, card: nil) ?? [:]
        let context = CallContext(
            deadline: .now.advanced(by: self.configuration.registrationTimeout), parameters: ServiceParameters(fields))
        var (frame, credentials) = try TCPCall.make(
            .named, encoding: .json, context: context, keyNames: [TCPTransport.usualKeyName])
        frame.parameters[TCPRegister.methodParameter] = TCPRegister.method
        guard credentials.isEmpty || link.mayCarryCredentials else {
            throw A2AError(.invalidParams, "Credentials are not sent to the hub at \(self.address) without TLS.")
        }
        let call = TCPClientCall(encoding: .json, deadline: context.deadline, link: link)
        link.submit(
            .open(
                TCPOpening(
                    call: call, frame: frame, credentials: credentials, identity: nil,
                    request: try TCPEncoding.json.encode(TCPRegister.request(name: self.configuration.name)),
                    deadline: context.deadline)))
        let octets = try await TCPTransport.answer(call, await call.next(), context)
        return try TCPRegister.registration(in: TCPEncoding.json.decodeAnswer(A2AMetadata.self, from: octets))
    }
}
