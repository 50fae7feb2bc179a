public import A2A
public import A2AClient
import HTTPTypes
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle
import SwiftProtobuf
import Synchronization

/// Takes push notifications in band, over a connection that it dials (spec/bindings/tcp.md §8.7).
///
/// ```swift
/// let receiver = TCPNotificationReceiver(.init(agent: "a2a+tls://agent.example:41632", endpointID: id)) { notification in … }
/// // Configurations name it by the URL TCPEndpointID.url(id).
/// ```
///
/// The connection is made again when it is lost; what was not acknowledged meanwhile comes then. A notification is acknowledged when the
/// handler has returned, and comes again if it throws. One that was handled before is acknowledged and not handled.
public struct TCPNotificationReceiver: Service {
    public struct Configuration: Sendable {
        /// The agent's address: `a2a+tls://host[:port]`. The endpoint id is not sent without TLS.
        public var agent: String
        /// The endpoint id of this installation, see ``TCPEndpointID``.
        public var endpointID: String
        /// Says who this client is: the principal that makes the configurations. `nil` leaves that to a client certificate.
        public var credentials: (any CredentialProvider)?
        /// The token of the configurations; `nil` if they are made without.
        public var token: String?
        /// Whether a task is one that notifications are expected of. Default: every task is.
        public var isExpected: @Sendable (_ taskID: String) -> Bool = { _ in true }
        /// How the agent is reached.
        public var connecting = TCPClientOptions()
        /// The most notifications that are on their way at a time, at least 8. Default 64.
        public var maxConcurrent = 64
        /// The waits between connections: full jitter, 0.5 s at first and 30 s at most.
        public var backoff = Backoff(base: .milliseconds(500), limit: .seconds(30))
        /// Called each time the agent knows this client, so that notifications may come.
        public var onConnected: @Sendable () async -> Void = {}

        public init(agent: String, endpointID: String, credentials: (any CredentialProvider)? = nil) {
            self.agent = agent
            self.endpointID = endpointID
            self.credentials = credentials
        }
    }

    public typealias Handler = @Sendable (ReceivedPushNotification) async throws -> Void

    private let configuration: Configuration
    private let log: SharedLog
    private let handler: Handler
    private let logger: Logger

    /// How long the agent may take to say that it knows this client.
    private static let greetingTimeout: Duration = .seconds(15)

    /// - Parameters:
    ///   - log: What is remembered of notifications that were handled.
    ///   - handler: Called once for each notification, for those of one configuration in order.
    public init(
        _ configuration: Configuration, log: PushDeliveryLog = .init(),
        logger: Logger = Logger(label: "a2a.tcp.notify"),
        handler: @escaping Handler
    ) {
        self.configuration = configuration
        self.log = SharedLog(log)
        self.logger = logger
        self.handler = handler
    }

    /// Dials, receives, and dials again, until graceful shutdown or cancellation.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` if the address or the endpoint id is of no use.
    public func run() async throws {
        let address = try TCPAddress(self.configuration.agent)
        guard address.isSecure else {
            throw A2AError(.invalidParams, "Notifications are received over TLS only; use an a2a+tls address.")
        }
        guard TCPEndpointID.isValid(self.configuration.endpointID) else {
            throw A2AError(.invalidParams, "The endpoint id is not 22 to 64 characters of base64url.")
        }
        let tls = try TCPSecurity.client(self.configuration.connecting)
        var attempt = 0
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await cancelWhenGracefulShutdown { try await self.receive(from: address, tls) }
                attempt = 0
            } catch {
                if !Task.isCancelled, !Task.isShuttingDownGracefully {
                    let problem = A2AError(wrapping: error).message
                    self.logger.debug("not connected for notifications", metadata: ["error": "\(problem)"])
                }
            }
            attempt += 1
            let wait = self.configuration.backoff.delay(attempt: attempt, random: .random(in: 0..<1))
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: wait) }
        }
    }

    /// One connection, until it is over.
    ///
    /// - Throws: Why it could not be made, or was of no use.
    private func receive(from address: TCPAddress, _ tls: NIOSSLContext) async throws {
        var options = self.configuration.connecting.connectionOptions(address)
        options.configuration.hello.settings.features = 1
        options.configuration.hello.settings.callCredit = max(8, UInt32(clamping: self.configuration.maxConcurrent))
        options.configuration.hello.parameters[TCPEndpointID.parameter] = self.configuration.endpointID
        let future = TCPClientConnection.dial(
            address, tls: tls, options: options, timeout: self.configuration.connecting.connectTimeout,
            inbox: TCPCallInbox())
        let link: TCPChannelHandler
        do {
            link = try await TCPWait.value(of: future)
        } catch is CancellationError {
            future.whenSuccess { $0.submit(.close) }
            throw CancellationError()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await self.greet(link)
                    await self.configuration.onConnected()
                } catch {
                    link.submit(.close)
                    throw error
                }
            }
            await self.serve(link)
            try await group.waitForAll()
        }
    }

    /// A call with this client's credentials: from it the agent knows whose notifications may come here.
    private func greet(_ link: TCPChannelHandler) async throws {
        let fields = try await self.configuration.credentials?.fields(for: nil, card: nil) ?? [:]
        let context = CallContext(
            deadline: .now + Self.greetingTimeout, parameters: ServiceParameters(fields))
        let (frame, credentials) = try TCPCall.make(
            .init(.listTasks), encoding: .protobuf, context: context, keyNames: [TCPTransport.usualKeyName])
        var request = A2AListTasksRequest()
        request.pageSize = 1
        let call = TCPClientCall(encoding: .protobuf, deadline: context.deadline, link: link)
        link.submit(
            .open(
                TCPOpening(
                    call: call, frame: frame, credentials: credentials, identity: nil,
                    request: try TCPEncoding.protobuf.encode(request), deadline: context.deadline)))
        _ = try await TCPTransport.answer(call, await call.next(), context)
    }

    private func serve(_ link: TCPChannelHandler) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { calls in
                while let batch = await link.inbox?.next() {
                    for call in batch { calls.addTask { await self.handle(call) } }
                }
                calls.cancelAll()
            }
        } onCancel: {
            link.submit(.close)
        }
    }

    private func handle(_ call: TCPServerCall) async {
        await call.run {
            let request = try await call.request()
            guard call.frame.method == .notify else {
                throw A2AError(.methodNotFound, "Only notifications are taken on this connection.")
            }
            let parameters = call.frame.parameters
            if let token = self.configuration.token {
                guard isEqualInConstantTime((parameters[TCPEndpointID.tokenParameter] ?? "").utf8, token.utf8) else {
                    throw A2AError(.unauthenticated, "The notification's token is not the right one.")
                }
            }
            let response = try call.frame.encoding.decode(A2AStreamResponse.self, from: request)
            guard response.payload != nil else {
                throw A2AError(
                    .invalidParams, "A notification has one of task, message, statusUpdate and artifactUpdate.")
            }
            let taskID = response.taskID
            guard self.configuration.isExpected(taskID ?? "") else { throw A2AError.taskNotFound(taskID ?? "") }
            let epoch = parameters[TCPEndpointID.taskEpochParameter] ?? ""
            let number = call.requestSequence.map { "\(epoch):\(taskID ?? ""):\($0)" }
            let id = parameters[TCPEndpointID.deliveryParameter] ?? number
            try await self.take(ReceivedPushNotification(response: response, taskID: taskID, deliveryID: id))
            call.answer(try call.frame.encoding.encode(Google_Protobuf_Empty()))
        }
    }

    private func take(_ notification: ReceivedPushNotification) async throws {
        guard let id = notification.deliveryID else { return try await self.handler(notification) }
        switch self.log.begin(id) {
        case .duplicate: return
        case .inProgress:
            throw A2AError(
                .unavailable, "This notification is being handled right now.", details: [.retryInfo(.seconds(1))])
        case .handle: break
        }
        do {
            try await self.handler(notification)
            self.log.end(id, isHandled: true)
        } catch {
            self.log.end(id, isHandled: false)
            throw error
        }
    }

    /// The log, shared by all connections.
    private final class SharedLog: Sendable {
        private let log: Mutex<PushDeliveryLog>
        init(_ log: PushDeliveryLog) { self.log = Mutex(log) }
        func begin(_ id: String) -> PushDeliveryLog.Verdict { self.log.withLock { $0.begin(id) } }
        func end(_ id: String, isHandled: Bool) { self.log.withLock { $0.end(id, isHandled: isHandled) } }
    }
}
