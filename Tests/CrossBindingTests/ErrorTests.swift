import A2A
import A2AReferenceAgent
import A2AServer
import SwiftProtobuf
import Testing

@Suite("The same on every binding: errors (§5.1)", .timeLimit(.minutes(1)))
struct ErrorTests {
    /// A call that is refused, and the code it is refused with.
    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var code: A2AError.Code
        var fields: [String] = []
        var card = ReferenceAgent.card()
        var call: @Sendable (any A2AService) async throws -> Void

        var testDescription: String { self.name }
    }

    static let refusals: [Refusal] = [
        Refusal(name: "an unknown task is not found", code: .taskNotFound) {
            _ = try await $0.getTask(.with { $0.id = "none" }, context: CallContext())
        },
        Refusal(name: "an unknown task is not cancelled", code: .taskNotFound) {
            _ = try await $0.cancelTask(.with { $0.id = "none" }, context: CallContext())
        },
        Refusal(name: "an unknown task takes no messages", code: .taskNotFound) {
            _ = try await $0.sendMessage(send("Hello", to: "none"), context: CallContext())
        },
        Refusal(name: "an unknown task is not subscribed to", code: .taskNotFound) {
            _ = try await $0.subscribeToTask(.with { $0.id = "none" }, context: CallContext())
        },
        Refusal(name: "an ended task is not cancelled", code: .taskNotCancelable) { service in
            let task = try await ended(service)
            _ = try await service.cancelTask(.with { $0.id = task.id }, context: CallContext())
        },
        Refusal(name: "an ended task takes no messages", code: .unsupportedOperation) { service in
            let task = try await ended(service)
            _ = try await service.sendMessage(send("more", to: task.id), context: CallContext())
        },
        Refusal(name: "an ended task is not subscribed to", code: .unsupportedOperation) { service in
            let task = try await ended(service)
            _ = try await service.subscribeToTask(.with { $0.id = task.id }, context: CallContext())
        },
        Refusal(name: "a context must be the task's", code: .invalidParams, fields: ["message.contextId"]) { service in
            let task = try await service.sendMessage(send("form"), context: CallContext()).requireTask()
            _ = try await service.sendMessage(send("x", to: task.id, contextID: "other"), context: CallContext())
        },
        Refusal(
            name: "every missing field is named", code: .invalidParams,
            fields: ["message.messageId", "message.parts", "message.role"]
        ) {
            var request = A2ASendMessageRequest()
            request.message = A2AMessage()
            _ = try await $0.sendMessage(request, context: CallContext())
        },
        Refusal(name: "a part needs content", code: .invalidParams, fields: ["message.parts[1].content"]) {
            var request = send("Hello")
            request.message.parts.append(A2APart())
            _ = try await $0.sendMessage(request, context: CallContext())
        },
        Refusal(name: "a history is not negative", code: .invalidParams, fields: ["historyLength"]) {
            _ = try await $0.getTask(
                .with {
                    $0.id = "none"
                    $0.historyLength = -1
                }, context: CallContext())
        },
        Refusal(name: "a page has 1 to 100 tasks", code: .invalidParams, fields: ["pageSize"]) {
            _ = try await $0.listTasks(.with { $0.pageSize = 101 }, context: CallContext())
        },
        Refusal(name: "a page token is ours", code: .invalidParams, fields: ["pageToken"]) {
            _ = try await $0.listTasks(.with { $0.pageToken = "guess" }, context: CallContext())
        },
        Refusal(name: "a media type must be accepted", code: .contentTypeNotSupported) {
            var request = send("Hello")
            request.message.parts.append(.raw([1], mediaType: "video/mp4"))
            _ = try await $0.sendMessage(request, context: CallContext())
        },
        Refusal(name: "push notifications are not offered", code: .pushNotificationNotSupported) {
            _ = try await $0.listTaskPushNotificationConfigs(.with { $0.taskID = "none" }, context: CallContext())
        },
        Refusal(name: "push configuration in a send neither", code: .pushNotificationNotSupported) {
            var request = send("Hello")
            request.configuration.taskPushNotificationConfig.url = "https://example.com/hook"
            _ = try await $0.sendMessage(request, context: CallContext())
        },
        Refusal(
            name: "streaming may be off", code: .unsupportedOperation,
            card: ReferenceAgent.card(without: [.streaming])
        ) { _ = try await $0.sendStreamingMessage(send("Hello"), context: CallContext()) },
        Refusal(
            name: "the extended card may be off", code: .unsupportedOperation,
            card: ReferenceAgent.card(without: [.extendedCard])
        ) { _ = try await $0.getExtendedAgentCard(.init(), context: CallContext()) },
    ]

    private static func ended(_ service: any A2AService) async throws -> A2ATask {
        try await service.sendMessage(send("tck-complete-task"), context: CallContext()).requireTask()
    }

    @Test("is refused alike", arguments: Self.refusals, Binding.allCases)
    func refused(_ refusal: Refusal, _ binding: Binding) async throws {
        try await binding.withService(card: refusal.card) { service in
            let error = try await #require(throws: A2AError.self) { try await refusal.call(service) }
            #expect(error.code == refusal.code, "\(error)")
            #expect(error.fieldViolations.map(\.field).sorted() == refusal.fields)
            #expect(!error.message.isEmpty)
        }
    }

    @Test("an agent's own error reaches the caller, any other tells nothing", arguments: Binding.allCases)
    func agentErrors(_ binding: Binding) async throws {
        struct Secret: Error { let password = "hunter2" }
        let agent = ClosureAgent { turn in
            if turn.message.text == "own" { throw A2AError(.permissionDenied, "Not for you.") }
            throw Secret()
        }
        try await binding.withService(agent) { service in
            let own = try await #require(throws: A2AError.self) {
                try await service.sendMessage(send("own"), context: CallContext())
            }
            #expect(own.code == .permissionDenied)
            #expect(own.message == "Not for you.")
            let other = try await #require(throws: A2AError.self) {
                try await service.sendMessage(send("other"), context: CallContext())
            }
            #expect(other.code == .internal)
            #expect(!String(reflecting: other.message).contains("hunter2"))
        }
    }
}
