import A2A
import A2AHTTP
import A2AServer
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends push notifications in another way.
struct PushFilter: PushNotificationSender {
    let base: any PushNotificationSender
    let body: @Sendable (PushNotification, any PushNotificationSender) async -> PushOutcome

    var schemes: Set<String> { self.base.schemes }

    func admit(_ configuration: A2ATaskPushNotificationConfig, for scope: Scope) async throws {
        try await self.base.admit(configuration, for: scope)
    }

    func destination(of configuration: A2ATaskPushNotificationConfig) -> String {
        self.base.destination(of: configuration)
    }

    func send(_ notification: PushNotification) async -> PushOutcome { await self.body(notification, self.base) }
}

extension PushFilter {
    /// Posts a body of one's own.
    static func post(_ notification: PushNotification, type: String, body: [UInt8]) async -> PushOutcome {
        var request = HTTPClientRequest(url: notification.configuration.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: type)
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await HTTPConnections.shared.execute(request, deadline: .now() + .seconds(5))
            return response.status.code < 300 ? .delivered : .failed(reason: "HTTP status \(response.status.code)")
        } catch {
            return .failed(reason: "\(error)")
        }
    }
}
