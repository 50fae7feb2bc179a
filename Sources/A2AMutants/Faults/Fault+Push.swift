import A2A
import A2AConformance
import A2AServer

extension Fault {
    /// Faults of push notifications.
    static let pushNotifications: [Fault] = [
        Fault("config-without-id", "PUSH-CREATE-003", "The answer to a new configuration has no id.")
            .answer { (answer: inout A2ATaskPushNotificationConfig) in answer.id = "" }.over(.rest, .grpc),
        Fault("config-for-unknown-task", "PUSH-CREATE-004", "A task that is not there gets a configuration.")
            .calls { _ in
                Recovery(code: .taskNotFound) { (request: A2ATaskPushNotificationConfig, _) in request }
            }.over(.jsonrpc, .tcp),
        Fault("config-without-url-taken", "PUSH-DM-001", "A configuration without a URL is taken.")
            .request { (request: inout A2ATaskPushNotificationConfig) in
                if !request.hasURL || request.url.isEmpty { request.url = "https://example.com/" }
            }.over(.rest, .grpc),
        Fault("unknown-config-made-up", "PUSH-GET-002", "A configuration that is not there is made up.")
            .calls { _ in
                Recovery(code: .taskNotFound) { (request: A2AGetTaskPushNotificationConfigRequest, _) in
                    var answer = A2ATaskPushNotificationConfig()
                    answer.id = request.id
                    answer.url = "https://example.com/"
                    return answer
                }
            }.over(.rest, .tcp),
        Fault("config-without-url", "PUSH-GET-001", "Reading a configuration gives another URL.")
            .calls { agent in
                Replacement { (request: A2AGetTaskPushNotificationConfigRequest, context) in
                    var answer = try await agent.getTaskPushNotificationConfig(request, context: context)
                    answer.url = "https://example.com/"
                    return answer
                }
            }.over(.rest, .grpc),
        Fault("one-config-listed", "PUSH-LIST-001", "Of several configurations one is listed.")
            .answer { (answer: inout A2AListTaskPushNotificationConfigsResponse) in
                answer.configs = Array(answer.configs.prefix(1))
            }.over(.rest, .jsonrpc),
        Fault("configs-of-unknown-task", "PUSH-LIST-003", "A task that is not there has no configurations.")
            .calls { _ in
                Recovery(code: .taskNotFound) { (_: A2AListTaskPushNotificationConfigsRequest, _) in
                    A2AListTaskPushNotificationConfigsResponse()
                }
            }.over(.rest, .tcp),
        Fault("deleted-config-stays", "PUSH-DEL-001", "A deleted configuration is still there.")
            .calls { _ in
                Replacement { (_: A2ADeleteTaskPushNotificationConfigRequest, _) in () }
            }.over(.rest, .grpc),
        Fault("deleting-twice-fails", "PUSH-DEL-002", "Deleting a configuration again is an error.")
            .calls { _ in DeletedOnce() }.over(.rest, .grpc),
        Fault("inline-config-ignored", "PUSH-SEND-001", "A configuration within SendMessage is ignored.")
            .request { (request: inout A2ASendMessageRequest) in
                request.configuration.clearTaskPushNotificationConfig()
            }.over(.rest, .jsonrpc),
        Fault("push-lost", "PUSH-CREATE-001", "No push notification is sent.")
            .push { PushFilter(base: $0) { _, _ in .delivered } }.over(.rest),
        Fault("push-without-credentials", "PUSH-DELIVER-001", "Push notifications have no Authorization.")
            .push {
                PushFilter(base: $0) { notification, base in
                    var notification = notification
                    notification.configuration.clearAuthentication()
                    return await base.send(notification)
                }
            }.over(.rest),
        Fault("push-as-text", "PUSH-DELIVER-007", "Push notifications are text/plain.")
            .push {
                PushFilter(base: $0) { notification, _ in
                    let body = (try? ModelJSON.encode(notification.response)) ?? []
                    return await PushFilter.post(notification, type: "text/plain", body: body)
                }
            }.over(.rest),
        Fault("push-of-bare-task", "PUSH-DELIVER-003", "A push notification is a status, not a StreamResponse.")
            .push {
                PushFilter(base: $0) { notification, _ in
                    let status = A2ATaskStatus(notification.response.state ?? .working)
                    let body = (try? ModelJSON.encode(status)) ?? []
                    return await PushFilter.post(notification, type: "application/a2a+json", body: body)
                }
            }.over(.rest),
        Fault("push-given-up", "PUSH-SEC-003", "A push notification that fails is not sent again.")
            .push {
                PushFilter(base: $0) { notification, base in
                    _ = await base.send(notification)
                    return .delivered
                }
            }.over(.rest),
        Fault("push-anyway", "CORE-CAP-001", "An agent whose card has no push notifications takes configurations.")
            .http(.card { $0.setCapability("pushNotifications", false) }).over(.rest, .jsonrpc),
    ]
}

/// A configuration can be deleted once.
private struct DeletedOnce: ServiceMiddleware {
    private let deleted = SharedSet()

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        if let request = call.request as? A2ADeleteTaskPushNotificationConfigRequest {
            let name = "\(request.taskID)/\(request.id)"
            guard !self.deleted.contains(name) else {
                throw A2AError(.taskNotFound, "The configuration is deleted.")
            }
            self.deleted.insert(name)
        }
        return try await next(call)
    }
}
