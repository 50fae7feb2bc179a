public import A2A
import Logging

// The four operations on push notification configurations (§3.1.7 to §3.1.10), and the configuration inside of a send.

extension TaskRuntime {
    /// How many configurations a page has where the caller does not say.
    static let defaultPushPageSize = 50

    /// A configuration with the id of another one of its task takes its place, and what that one had not delivered yet.
    ///
    /// Notifications begin after the generation at which the task stands. If the task has ended, the task itself is the only one, so
    /// that a caller who comes too late is not left waiting.
    public func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        let (deliverer, context, scope) = try self.admitPush(context, tenant: request.tenant) { try request.validate() }
        let snapshot = try await self.visibleTask(request.taskID, in: scope)
        let registration = try await self.prepare(request, taskID: request.taskID, scope: scope, context: context) {
            $0.delivered = snapshot.generation
            $0.needsSnapshot = snapshot.task.status.state.isTerminal
        }
        let kept = try await deliverer.store.put(registration)
        deliverer.add(kept)
        return kept.configuration
    }

    public func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        let (deliverer, _, scope) = try self.admitPush(context, tenant: request.tenant) { try request.validate() }
        _ = try await self.visibleTask(request.taskID, in: scope)
        let key = PushRegistration.Key(scope: scope, taskID: request.taskID, id: request.id)
        guard let registration = try await deliverer.store.registration(key) else {
            throw A2AError(
                .taskNotFound, "Task '\(request.taskID)' has no push notification configuration '\(request.id)'.",
                details: [
                    .errorInfo(
                        reason: A2AError.Code.taskNotFound.reason,
                        metadata: ["taskId": request.taskID, "configId": request.id])
                ])
        }
        return registration.configuration
    }

    public func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        let (deliverer, _, scope) = try self.admitPush(context, tenant: request.tenant) { try request.validate() }
        _ = try await self.visibleTask(request.taskID, in: scope)
        let page = try await deliverer.store.list(
            ofTask: request.taskID, in: scope,
            pageSize: request.pageSize == 0 ? Self.defaultPushPageSize : Int(request.pageSize),
            pageToken: request.pageToken.isEmpty ? nil : request.pageToken)
        var response = A2AListTaskPushNotificationConfigsResponse()
        response.configs = page.registrations.map(\.configuration)
        response.nextPageToken = page.next ?? ""
        return response
    }

    public func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        let (deliverer, _, scope) = try self.admitPush(context, tenant: request.tenant) { try request.validate() }
        _ = try await self.visibleTask(request.taskID, in: scope)
        let key = PushRegistration.Key(scope: scope, taskID: request.taskID, id: request.id)
        _ = try await deliverer.store.remove(key)
        deliverer.remove(key)
    }

    // MARK: Inside of a send

    /// Keeps the configuration of a message that begins something new, for the task that it may lead to.
    ///
    /// Before the turn begins: no event of the task is lost, and a caller who leaves while it waits is notified.
    func expectPush(_ request: A2ASendMessageRequest, taskID: String, scope: Scope, context: CallContext) async throws {
        guard request.configuration.hasTaskPushNotificationConfig else { return }
        let deliverer = try self.requireDeliverer()
        let registration = try await self.prepare(
            request.configuration.taskPushNotificationConfig, taskID: taskID, scope: scope, context: context)
        deliverer.expect(registration.key, registration.configuration)
        do {
            _ = try await deliverer.store.put(registration)
        } catch {
            deliverer.remove(registration.key)
            throw error
        }
    }

    /// The message led to no task: nothing is to be notified of.
    func forgetPush(_ request: A2ASendMessageRequest, taskID: String, scope: Scope) {
        guard request.configuration.hasTaskPushNotificationConfig, let deliverer = self.deliverer else { return }
        _ = self.log.spawn {
            do {
                for registration in try await deliverer.store.list(
                    ofTask: taskID, in: scope, pageSize: 100, pageToken: nil
                ).registrations {
                    _ = try await deliverer.store.remove(registration.key)
                    deliverer.remove(registration.key)
                }
            } catch {
                // It is found at the next start, and removed then.
                self.logger.error("a push configuration cannot be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Keeps the configuration of a message to a task.
    ///
    /// - Returns: What takes it back if the message is not accepted after all; `nil` if there is nothing to take back.
    func addPush(
        _ request: A2ASendMessageRequest, to snapshot: TaskSnapshot, scope: Scope, context: CallContext
    ) async throws -> (@Sendable () async -> Void)? {
        guard request.configuration.hasTaskPushNotificationConfig else { return nil }
        let deliverer = try self.requireDeliverer()
        let registration = try await self.prepare(
            request.configuration.taskPushNotificationConfig, taskID: snapshot.task.id, scope: scope, context: context
        ) { $0.delivered = snapshot.generation }
        let isNew = try await deliverer.store.registration(registration.key) == nil
        deliverer.add(try await deliverer.store.put(registration))
        guard isNew else { return nil }
        return {
            _ = try? await deliverer.store.remove(registration.key)
            deliverer.remove(registration.key)
        }
    }

    // MARK: Shared

    /// Checks what every operation on configurations begins with.
    private func admitPush(
        _ context: CallContext, tenant: String, _ validate: () throws -> Void
    ) throws -> (deliverer: PushDeliverer, context: CallContext, scope: Scope) {
        let context = try self.admit(context, tenant: tenant)
        let deliverer = try self.requireDeliverer()
        try validate()
        return (deliverer, context, Scope(context))
    }

    func requireDeliverer() throws -> PushDeliverer {
        try self.policy.requirePushNotifications()
        guard let deliverer = self.deliverer else {
            throw A2AError(.pushNotificationNotSupported, "This agent does not send push notifications.")
        }
        return deliverer
    }

    private func visibleTask(_ id: String, in scope: Scope) async throws -> TaskSnapshot {
        guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: 0) else {
            throw A2AError.taskNotFound(id)
        }
        return snapshot
    }

    /// Checks a configuration and completes it.
    private func prepare(
        _ configuration: A2ATaskPushNotificationConfig, taskID: String, scope: Scope, context: CallContext,
        _ adjust: (inout PushProgress) -> Void = { _ in }
    ) async throws -> PushRegistration {
        let deliverer = try self.requireDeliverer()
        var configuration = configuration
        configuration.taskID = taskID
        configuration.tenant = context.tenant
        if configuration.id.isEmpty { configuration.id = Identifier.make() }
        guard let sender = deliverer.push.sender(for: configuration.url) else {
            throw A2AError.invalidParams(
                field: "url", "has a scheme that this agent does not send to; it sends to: \(deliverer.push.schemes)")
        }
        try await sender.admit(configuration, for: scope)
        var progress = PushProgress(delivered: 0)
        adjust(&progress)
        return PushRegistration(
            scope: scope, configuration: configuration, version: context.version, deliveryKey: Identifier.make(),
            progress: progress)
    }
}
