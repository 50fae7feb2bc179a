import A2A
import A2AClient
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The connection to one address, for all who use it. It is closed when the last of them lets it go.
///
/// It is made at the first call, and again after it broke or the agent sent us away. It needs no task of its own: its frames
/// are the event loop's business.
final class TCPClientConnection: TCPCallOpener {
    let address: TCPAddress
    let encoding: TCPEncoding
    private let options: TCPClientOptions
    private let connectionOptions: TCPConnectionOptions
    private let tls: NIOSSLContext?

    private enum Link {
        case idle
        case connecting(EventLoopFuture<TCPChannelHandler>)
        case connected(TCPChannelHandler)
    }

    private struct State {
        var link = Link.idle
        var reconnection = TCPReconnection()
    }

    private let state = Mutex(State())
    private let epochs = Mutex(TCPEpochs())

    /// - Throws: ``A2AError`` with `.invalidParams` if the address may not be reached so, or a certificate is of no use.
    init(_ address: TCPAddress, _ options: TCPClientOptions) throws {
        guard address.isSecure || address.isLoopback || options.insecurelyAllowPlaintextBeyondLoopback else {
            throw A2AError(
                .invalidParams,
                "The agent at \(address) is not reached without TLS. Use an a2a+tls address, or set "
                    + "insecurelyAllowPlaintextBeyondLoopback.")
        }
        self.address = address
        self.options = options
        self.encoding = options.encoding == .json ? .json : .protobuf
        self.tls = address.isSecure ? try TCPSecurity.client(options) : nil
        self.connectionOptions = options.connectionOptions(address)
    }

    deinit {
        switch self.state.withLock({ $0.link }) {
        case .idle: break
        case .connecting(let future): future.whenSuccess { $0.submit(.close) }
        case .connected(let link): link.submit(.drain(graceMilliseconds: 0, retryAfterMilliseconds: 0))
        }
    }

    // MARK: Calls

    /// How often a call is tried on a new connection because the one it was given to goes away.
    private static let maxMoves = 3

    func open(
        _ method: TCPMethod, _ request: [UInt8], encoding: TCPEncoding, _ context: CallContext, keyNames: Set<String>,
        cursor: TCPCursor?
    ) async throws -> (call: TCPClientCall, first: TCPClientCall.Item) {
        let (frame, credentials) = try TCPCall.make(
            method, encoding: encoding, context: context, keyNames: keyNames, cursor: cursor)
        guard credentials.isEmpty || self.address.isSecure || self.address.isLoopback else {
            throw A2AError(.invalidParams, "Credentials are not sent to \(self.address) without TLS.")
        }
        for _ in 0..<Self.maxMoves {
            let link = try await self.link(deadline: context.deadline)
            let call = TCPClientCall(encoding: encoding, deadline: context.deadline, link: link)
            link.submit(
                .open(
                    TCPOpening(
                        call: call, frame: frame, credentials: credentials, identity: context.credentialIdentity,
                        request: request, deadline: context.deadline)))
            let first = await call.next()
            if case .notTaken = first { continue }
            return (call, first)
        }
        throw A2AError.unreachable("The agent at \(self.address) takes no calls now.", mayHaveBeenSent: false)
    }

    func renew(_ entries: [TCPCredentials.Entry], identity: UInt64) {
        guard case .connected(let link) = self.state.withLock({ $0.link }) else { return }
        link.submit(.renew(identity, entries))
    }

    func withEpochs<Result: Sendable>(_ body: (inout TCPEpochs) -> Result) -> Result {
        self.epochs.withLock { body(&$0) }
    }

    // MARK: The connection

    private func link(deadline: ContinuousClock.Instant?) async throws -> TCPChannelHandler {
        while true {
            switch self.current() {
            case .ready(let link): return link
            case .connecting(let future):
                do {
                    return try await withDeadline(deadline) { try await TCPWait.value(of: future) }
                } catch let error as A2AError {
                    throw error
                } catch {
                    throw self.notConnected(error)
                }
            case .wait(let time) where time <= Self.longestWait:
                try await withDeadline(deadline) { try await Task.sleep(for: time, clock: .continuous) }
            case .wait(let time):
                var error = A2AError.unreachable(
                    "The agent at \(self.address) could not be reached before, and is not tried again yet.",
                    mayHaveBeenSent: false)
                error.details.append(.retryInfo(time))
                throw error
            }
        }
    }

    /// How long a call waits for the next attempt to connect; if that is further away, the call fails at once.
    private static let longestWait: Duration = .seconds(2)

    private enum Current {
        case ready(TCPChannelHandler)
        case connecting(EventLoopFuture<TCPChannelHandler>)
        case wait(Duration)
    }

    /// The connection, if there is one; else the one that is being made, or how long not to make one.
    private func current() -> Current {
        self.state.withLock { state in
            switch state.link {
            case .connected(let link) where link.isUsable: return .ready(link)
            case .connecting(let future): return .connecting(future)
            case .connected(let link):
                if let delay = link.takeRetryAfter() { state.reconnection.sentAway(until: delay) }
            case .idle: break
            }
            if let wait = state.reconnection.wait(now: .now) { return .wait(wait) }
            let future = self.connect()
            state.link = .connecting(future)
            return .connecting(future)
        }
    }

    private func connect() -> EventLoopFuture<TCPChannelHandler> {
        let future = Self.dial(
            self.address, tls: self.tls, options: self.connectionOptions, timeout: self.options.connectTimeout)
        // It must know when it is over before anybody who waits for it does.
        future.whenComplete { [weak self] in self?.connected($0) }
        return future
    }

    /// Makes a connection, which is ready when the peer has said HELLO.
    ///
    /// - Parameter inbox: Where the peer's calls go; `nil` serves none.
    static func dial(
        _ address: TCPAddress, tls: NIOSSLContext?, options: TCPConnectionOptions, timeout: Duration,
        inbox: TCPCallInbox? = nil
    ) -> EventLoopFuture<TCPChannelHandler> {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let host = address.host
        let isName = !address.isIPv4 && !address.isIPv6
        let ready = loop.makePromise(of: Void.self)
        let timeout = TimeAmount(timeout)
        let handler = TCPChannelHandler(.initiator, options: options, eventLoop: loop, inbox: inbox, ready: ready)
        let channel = ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isName ? host : nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: host, port: address.port)
        channel.whenFailure { ready.fail($0) }
        let limit = loop.scheduleTask(in: timeout) {
            ready.fail(ChannelError.connectTimeout(timeout))
            channel.whenSuccess { $0.close(promise: nil) }
        }
        return ready.futureResult.map { handler }.always { _ in limit.cancel() }
    }

    private func connected(_ result: Result<TCPChannelHandler, any Error>) {
        self.state.withLock { state in
            switch result {
            case .success(let link):
                state.link = .connected(link)
                state.reconnection = TCPReconnection()
            case .failure:
                state.link = .idle
                state.reconnection.failed(now: .now, random: .random(in: 0..<1))
            }
        }
    }

    private func notConnected(_ error: any Error) -> A2AError {
        if Task.isCancelled || error is CancellationError {
            return A2AError(.canceled, "The call was cancelled.", cause: error)
        }
        return .unreachable(
            "Cannot connect to the agent at \(self.address): \(TCPConnectFailure.reason(error))",
            mayHaveBeenSent: false,
            underlying: error)
    }
}

extension TCPClientOptions {
    func connectionOptions(_ address: TCPAddress) -> TCPConnectionOptions {
        var settings = TCPSettings()
        settings.streamCredit = min(max(UInt32(clamping: self.streamCreditBytes), 65_536), 0x7FFF_FFFF)
        settings.maxMessage = min(max(UInt32(clamping: self.maxMessageBytes), 1 << 20), 0x7FFF_FFFF)
        settings.idleTimeoutSeconds = min(max(UInt32(clamping: self.idleTimeout.components.seconds), 10), 3_600)
        var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
        // Two of the largest, so that one that is being read does not keep the next from coming.
        configuration.reassemblyLimit = 2 * Int(settings.maxMessage)
        return TCPConnectionOptions(
            configuration: configuration, isSecure: address.isSecure, address: address.description,
            frameLog: self.frameLog)
    }
}

/// Waiting for a future, in a way that can be cancelled.
enum TCPWait {
    private final class Waiter<Value: Sendable>: Sendable {
        private enum State {
            case new
            case waiting(CheckedContinuation<Value, any Error>)
            case done
        }
        private let state = Mutex(State.new)

        func begin(_ continuation: CheckedContinuation<Value, any Error>) {
            let isCancelled = self.state.withLock { state in
                if case .done = state { return true }
                state = .waiting(continuation)
                return false
            }
            if isCancelled { continuation.resume(throwing: CancellationError()) }
        }

        func end(_ result: Result<Value, any Error>) {
            let continuation = self.state.withLock { state -> CheckedContinuation<Value, any Error>? in
                defer { state = .done }
                if case .waiting(let continuation) = state { return continuation }
                return nil
            }
            continuation?.resume(with: result)
        }
    }

    static func value<Value: Sendable>(of future: EventLoopFuture<Value>) async throws -> Value {
        let waiter = Waiter<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiter.begin(continuation)
                future.whenComplete { waiter.end($0) }
            }
        } onCancel: {
            waiter.end(.failure(CancellationError()))
        }
    }
}

/// Why there is no connection, for a person.
enum TCPConnectFailure {
    static func reason(_ error: any Error) -> String {
        switch error {
        case is TCPNotSpoken: return "it does not speak A2A over TLS"
        case let closed as TCPClosed:
            switch closed.closure {
            case .notA2A: return "it does not speak A2A over TCP"
            case .version(let version): return "it speaks version \(version) of A2A over TCP"
            case .goneAway(let goAway): return "it sent us away: \(goAway.text)"
            default: return "it closed the connection"
            }
        case ChannelError.connectTimeout: return "it did not answer in time"
        case let failed as NIOConnectionError:
            // One for each address of the name.
            guard let first = failed.connectionErrors.first else { return "its name cannot be resolved" }
            return Self.reason(first.error)
        default: break
        }
        let text = "\(error)"
        let lowered = text.lowercased()
        if lowered.contains("connection refused") { return "connection refused" }
        if lowered.contains("certificate_verify_failed") || lowered.contains("unabletovalidatecertificate") {
            return "its TLS certificate is not trusted"
        }
        if lowered.contains("certificate_required") { return "it asks for a client certificate" }
        if lowered.contains("wrong_version_number") { return "it does not speak TLS" }
        if lowered.contains("unknownhost") || lowered.contains("dns") || lowered.contains("getaddrinfo") {
            return "its name cannot be resolved"
        }
        return String(text.prefix(300))
    }
}
