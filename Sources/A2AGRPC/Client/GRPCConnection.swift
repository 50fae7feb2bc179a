import A2A
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import Synchronization

/// The connection to one address, for all who use it. It is closed when the last of them lets it go.
///
/// It is made at the first call, and again after it broke or was idle.
final class GRPCConnection: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix
    typealias Stream = RPCStream<Transport.Inbound, Transport.Outbound>
    typealias Bytes = GRPCNIOTransportBytes

    let address: GRPCAddress
    /// The largest message that is read, in bytes.
    let maxMessageBytes: Int

    private let transport: Transport
    private let runner: ConnectionRunner

    init(_ address: GRPCAddress, _ options: GRPCClientOptions) throws {
        self.address = address
        self.maxMessageBytes = max(options.maxMessageBytes, 1)
        let transport = try Self.transport(address, options)
        self.transport = transport
        self.runner = ConnectionRunner(transport)
    }

    // MARK: Calls

    private func options(_ descriptor: MethodDescriptor) -> GRPCCore.CallOptions {
        var options = GRPCCore.CallOptions.defaults
        // A dead address fails at once, and the client decides what may be tried again.
        options.waitForReady = false
        // The transport takes this as the limit of what it receives. What is a little larger is refused by us, who can say
        // why; the transport says only that it cannot read it.
        options.maxRequestMessageBytes = MessageLimit.ofTransport(self.maxMessageBytes)
        return options
    }

    /// Runs a body with a new stream.
    ///
    /// - Throws: ``A2AError`` if there is no stream to be had; nothing was sent then.
    func withStream<Result: Sendable>(
        _ descriptor: MethodDescriptor, _ body: @Sendable (Stream) async -> Result
    ) async throws -> Result {
        self.runner.start()
        let outcome = Outcome<Result>()
        do {
            try await self.transport.withStream(
                descriptor: descriptor, options: self.options(descriptor)
            ) { stream, _ in
                let result = await body(stream)
                outcome.value.withLock { $0 = result }
            }
        } catch {
            // With a result it is only the closing of the stream that failed, which nobody waits for.
            guard let result = outcome.value.withLock({ $0 }) else { throw GRPCFailure.notSent(error, self.address) }
            return result
        }
        guard let result = outcome.value.withLock({ $0 }) else {
            throw A2AError(.internal, "A stream ended without having begun.")
        }
        return result
    }

    /// What a body gave, which is kept where the closing of its stream fails.
    private final class Outcome<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// Opens a stream that stays open until its lease is let go.
    func open(
        _ descriptor: MethodDescriptor, _ request: [RPCRequestPart<Bytes>], deadline: ContinuousClock.Instant?
    ) async throws -> StreamLease {
        self.runner.start()
        let lease = StreamLease(connection: self)
        let (transport, options, address) = (self.transport, self.options(descriptor), self.address)
        self.runner.add { [state = lease.state] in
            await state.hold(until: deadline) { opened in
                do {
                    try await transport.withStream(descriptor: descriptor, options: options) { stream, _ in
                        try? await stream.outbound.write(contentsOf: request)
                        await stream.outbound.finish()
                        await opened(stream)
                    }
                } catch {
                    state.fail(GRPCFailure.notSent(error, address))
                }
            }
        }
        return lease
    }

    // MARK: The transport

    private static func transport(_ address: GRPCAddress, _ options: GRPCClientOptions) throws -> Transport {
        let target: any ResolvableTarget
        if address.isIPv4 {
            target = .ipv4(address: address.host, port: address.port)
        } else if address.isIPv6 {
            target = .ipv6(address: address.host, port: address.port)
        } else {
            target = .dns(host: address.host, port: address.port)
        }
        let timeout = TimeAmount(options.connectTimeout)
        do {
            return try Transport(
                target: target,
                transportSecurity: Self.security(address, options),
                config: .defaults { config in
                    config.backoff = .init(initial: Self.minBackoff, max: Self.maxBackoff, multiplier: 1.6, jitter: 0.2)
                    config.http2.targetWindowSize = Self.windowBytes
                    config.connection.maxIdleTime = options.idleTimeout
                    config.connection.keepalive = options.keepaliveTime.map {
                        .init(time: $0, timeout: options.keepaliveTimeout, allowWithoutCalls: false)
                    }
                    config.channelDebuggingCallbacks = .init(
                        onCreateTCPConnection: { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(
                                    ConnectTimeoutHandler(timeout: timeout), position: .first)
                            }
                        }, onCreateHTTP2Stream: nil)
                })
        } catch {
            throw A2AError(
                .invalidParams, "The connection to \(address) cannot be set up; check its certificates: \(error)",
                cause: error)
        }
    }

    /// How much of each stream may be on its way to a reader that does not read, in bytes: 1 MiB.
    private static let windowBytes = 1 << 20

    /// How long a failed address is left alone: the calls in between fail at once.
    private static let minBackoff: Duration = .milliseconds(100)
    private static let maxBackoff: Duration = .seconds(5)

    private static func security(
        _ address: GRPCAddress, _ options: GRPCClientOptions
    ) -> Transport.TransportSecurity {
        guard address.isSecure(options.security) else { return .plaintext }
        return .tls { tls in
            if options.insecurelyAcceptAnyCertificate { tls.serverCertificateVerification = .noVerification }
            if !options.additionalTrustRootsPEM.isEmpty {
                var roots = [TLSConfig.CertificateSource.bytes(options.additionalTrustRootsPEM, format: .pem)]
                if let bundle = PEMFiles.systemBundle { roots.append(.file(path: bundle, format: .pem)) }
                tls.trustRoots = .certificates(roots)
            }
            if !options.clientCertificatePEM.isEmpty {
                tls.certificateChain = [.bytes(options.clientCertificatePEM, format: .pem)]
                tls.privateKey = .bytes(options.clientKeyPEM, format: .pem)
            }
        }
    }
}

/// The task in which a connection lives.
///
/// A transport is a value that a factory makes, without a method that its user would have to run; so somebody has to own
/// the task that gRPC's transport wants to be run in. This is the only place: the task begins with the first call, holds
/// the connection and its open streams as its children, and is cancelled with this object.
private final class ConnectionRunner: Sendable {
    typealias Job = @Sendable () async -> Void

    private let transport: GRPCConnection.Transport
    private let jobs: AsyncStream<Job>
    // Not bounded: each job is taken out at once, and there is one for each stream that a reader holds.
    private let input: AsyncStream<Job>.Continuation
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ transport: GRPCConnection.Transport) {
        self.transport = transport
        (self.jobs, self.input) = AsyncStream.makeStream()
    }

    func start() {
        self.task.withLock { task in
            guard task == nil else { return }
            // Detached: what surrounds the first call does not surround the connection.
            task = Task.detached { [transport = self.transport, jobs = self.jobs] in
                await withDiscardingTaskGroup { group in
                    group.addTask { try? await transport.connect() }
                    for await job in jobs { group.addTask { await job() } }
                }
            }
        }
    }

    func add(_ job: @escaping Job) { self.input.yield(job) }

    deinit {
        self.input.finish()
        self.transport.beginGracefulShutdown()
        self.task.withLock { $0?.cancel() }
    }
}

/// Gives a connection up that hears nothing of its peer in time.
private final class ConnectTimeoutHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?

    init(timeout: TimeAmount) { self.timeout = timeout }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        self.deadline = context.eventLoop.scheduleTask(in: self.timeout) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.deadline?.cancel()
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.deadline?.cancel() }
}
