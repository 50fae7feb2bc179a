public import A2A
public import A2AClient
import HTTPTypes
public import Hummingbird
import Synchronization

/// The route of a receiver of push notifications, to be added to a Hummingbird router.
///
/// ```swift
/// let keys = HTTPKeySet(url: "https://agent.example.com/.well-known/jwks.json")
/// let verifier = JWTPushNotificationVerifier(.init(issuer: "https://agent.example.com", audience: "https://hooks.example.com")) {
///     try await keys.fetch()
/// }
/// let receiver = PushNotificationReceiver(token: secret, verifier: verifier)
/// let router = Router()
/// PushNotificationRoute(receiver: receiver) { notification in
///     print(notification.response)
/// }.add(to: router, at: "notifications")
/// try await Application(router: router).runService()
/// ```
///
/// A notification is acknowledged when the handler has returned; if it throws, the agent is asked to send it again. One that comes
/// again after it was handled is acknowledged and not handled.
public struct PushNotificationRoute: Sendable {
    public typealias Handler = @Sendable (ReceivedPushNotification) async throws -> Void

    private let receiver: PushNotificationReceiver
    private let log: SharedLog
    private let handler: Handler
    private let onRefusal: @Sendable (A2AError) -> Void

    /// - Parameters:
    ///   - log: What is remembered of notifications that were handled.
    ///   - onRefusal: Is told of every request that is not acknowledged, why not.
    ///   - handler: Called once for each notification, for those of one configuration in order.
    public init(
        receiver: PushNotificationReceiver, log: PushDeliveryLog = .init(),
        onRefusal: @escaping @Sendable (A2AError) -> Void = { _ in }, handler: @escaping Handler
    ) {
        self.receiver = receiver
        self.log = SharedLog(log)
        self.onRefusal = onRefusal
        self.handler = handler
    }

    /// Adds the route.
    public func add<Context: RequestContext>(to router: some RouterMethods<Context>, at path: String = "/") {
        router.on(RouterPath(path), method: .post) { request, _ in await self.respond(to: request) }
    }

    func respond(to request: Request) async -> Response {
        do {
            let body = try await self.body(of: request)
            let notification = try await self.receiver.receive(request.headers, body: body)
            return try await self.handle(notification)
        } catch {
            let error = A2AError(wrapping: error)
            self.onRefusal(error)
            var response = HTTPCall.response(
                HTTPResponse.Status(error), RESTError.encode(error), contentType: HTTPJSONHandler.contentType)
            HTTPCall.addFields(for: error, to: &response.headers)
            return response
        }
    }

    private func handle(_ notification: ReceivedPushNotification) async throws -> Response {
        guard let id = notification.deliveryID else {
            try await self.handler(notification)
            return Response(status: .noContent)
        }
        switch self.log.begin(id) {
        case .duplicate: return Response(status: .noContent)
        case .inProgress:
            throw A2AError(
                .unavailable, "This notification is being handled right now.", details: [.retryInfo(.seconds(1))])
        case .handle: break
        }
        do {
            try await self.handler(notification)
            self.log.end(id, isHandled: true)
            return Response(status: .noContent)
        } catch {
            self.log.end(id, isHandled: false)
            throw error
        }
    }

    private func body(of request: Request) async throws -> [UInt8] {
        let limit = self.receiver.maxBodyBytes
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard bytes.count + buffer.readableBytes <= limit else {
                throw A2AError(.requestTooLarge, "A notification has at most \(limit) bytes here.")
            }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    /// The log, shared by all requests.
    private final class SharedLog: Sendable {
        private let log: Mutex<PushDeliveryLog>
        init(_ log: PushDeliveryLog) { self.log = Mutex(log) }
        func begin(_ id: String) -> PushDeliveryLog.Verdict { self.log.withLock { $0.begin(id) } }
        func end(_ id: String, isHandled: Bool) { self.log.withLock { $0.end(id, isHandled: isHandled) } }
    }
}
