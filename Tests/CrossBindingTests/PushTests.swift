import A2A
import A2AClient
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATesting
import SwiftProtobuf
import Synchronization
import Testing

@Suite("The same on every binding: push notifications (§3.1.7 to §3.1.10)", .timeLimit(.minutes(1)))
struct PushTests {
    /// What a webhook was told.
    private final class Inbox: Sendable {
        private let notifications = Mutex<[ReceivedPushNotification]>([])
        func add(_ notification: ReceivedPushNotification) { self.notifications.withLock { $0.append(notification) } }
        var all: [ReceivedPushNotification] { self.notifications.withLock { $0 } }

        func wait(until condition: ([ReceivedPushNotification]) -> Bool) async throws {
            while !condition(self.all) {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    private static var push: PushNotifications {
        var options = HTTPPushNotificationSender.Options()
        options.egress.insecurelyAllowsLoopback = true
        return PushNotifications(senders: [HTTPPushNotificationSender(options: options)])
    }

    private static func withWebhook(_ body: (_ url: String, Inbox) async throws -> Void) async throws {
        let inbox = Inbox()
        let (urls, input) = AsyncStream<String>.makeStream()
        let route = PushNotificationRoute(
            receiver: PushNotificationReceiver(token: "t0ken", authorization: "Bearer abc")
        ) {
            inbox.add($0)
        }
        let listener = PushNotificationListener(route, path: "/hook", logger: .silent) { input.yield($0) }
        try await withService(listener) {
            for await url in urls { return try await body(url, inbox) }
        }
    }

    private static func webhook(_ url: String, id: String = "", task: String = "") -> A2ATaskPushNotificationConfig {
        .with {
            $0.url = url
            $0.id = id
            $0.taskID = task
            $0.token = "t0ken"
            $0.authentication.scheme = "Bearer"
            $0.authentication.credentials = "abc"
        }
    }

    @Test("made, read, listed by pages, replaced, removed", arguments: Binding.allCases)
    func operations(_ binding: Binding) async throws {
        try await binding.withService(push: Self.push) { service in
            let context = CallContext()
            let task = try await service.sendMessage(send("form"), context: context).requireTask()
            let url = "http://127.0.0.1:9/hook"
            let made = try await service.createTaskPushNotificationConfig(
                Self.webhook(url, task: task.id), context: context)
            #expect(!made.id.isEmpty)
            #expect(made == Self.webhook(url, id: made.id, task: task.id))
            for id in ["b/ü?", "c"] {
                _ = try await service.createTaskPushNotificationConfig(
                    Self.webhook(url, id: id, task: task.id), context: context)
            }
            let replaced = try await service.createTaskPushNotificationConfig(
                Self.webhook(url + "/2", id: "b/ü?", task: task.id), context: context)
            let read = try await service.getTaskPushNotificationConfig(
                .with {
                    $0.taskID = task.id
                    $0.id = "b/ü?"
                }, context: context)
            #expect(read == replaced)

            let first = try await service.listTaskPushNotificationConfigs(
                .with {
                    $0.taskID = task.id
                    $0.pageSize = 2
                }, context: context)
            #expect(first.configs.map(\.id) == [made.id, "b/ü?"])
            let second = try await service.listTaskPushNotificationConfigs(
                .with {
                    $0.taskID = task.id
                    $0.pageSize = 2
                    $0.pageToken = first.nextPageToken
                }, context: context)
            #expect(second.configs.map(\.id) == ["c"])
            #expect(second.nextPageToken.isEmpty)

            let named = A2ADeleteTaskPushNotificationConfigRequest.with {
                $0.taskID = task.id
                $0.id = "b/ü?"
            }
            for _ in 0..<2 { try await service.deleteTaskPushNotificationConfig(named, context: context) }
            let error = await #expect(throws: A2AError.self) {
                try await service.getTaskPushNotificationConfig(
                    .with {
                        $0.taskID = task.id
                        $0.id = "b/ü?"
                    }, context: context)
            }
            #expect(error?.code == .taskNotFound)
        }
    }

    @Test(
        "refused alike: unknown tasks, places that nothing is sent to, pages that do not exist",
        arguments: Binding.allCases)
    func refusals(_ binding: Binding) async throws {
        try await binding.withService(push: Self.push) { service in
            let context = CallContext()
            let task = try await service.sendMessage(send("form"), context: context).requireTask()
            func expect(_ code: A2AError.Code, _ fields: [String] = [], _ body: () async throws -> Void) async {
                let error = await #expect(throws: A2AError.self) { try await body() }
                #expect(error?.code == code)
                #expect(error?.fieldViolations.map(\.field) == fields)
            }
            for url in [
                "https://10.0.0.1/", "http://example.com/", "https://[::ffff:127.0.0.1]/", "ftp://example.com/", "hook",
            ] {
                await expect(.invalidParams, ["url"]) {
                    _ = try await service.createTaskPushNotificationConfig(
                        Self.webhook(url, task: task.id), context: context)
                }
            }
            await expect(.invalidParams, ["url"]) {
                var request = send("form")
                request.configuration.taskPushNotificationConfig = Self.webhook("https://10.0.0.1/")
                _ = try await service.sendMessage(request, context: context)
            }
            await expect(.taskNotFound) {
                _ = try await service.createTaskPushNotificationConfig(
                    Self.webhook("https://example.com/", task: "none"), context: context)
            }
            await expect(.taskNotFound) {
                _ = try await service.listTaskPushNotificationConfigs(.with { $0.taskID = "none" }, context: context)
            }
            await expect(.taskNotFound) {
                try await service.deleteTaskPushNotificationConfig(
                    .with {
                        $0.taskID = "none"
                        $0.id = "x"
                    }, context: context)
            }
            await expect(.invalidParams, ["pageToken"]) {
                _ = try await service.listTaskPushNotificationConfigs(
                    .with {
                        $0.taskID = task.id
                        $0.pageToken = "guess"
                    }, context: context)
            }
        }
    }

    @Test(
        "a configuration inside of a send is notified of everything, through gateways too", arguments: Binding.allCases)
    func notified(_ binding: Binding) async throws {
        try await Self.withWebhook { url, inbox in
            try await binding.withService(push: Self.push) { service in
                var request = send("stream a b c")
                request.configuration.taskPushNotificationConfig = Self.webhook(url)
                let task = try await service.sendMessage(request, context: CallContext()).requireTask()
                try await inbox.wait { $0.last?.response.state == .completed }
                #expect(inbox.all.allSatisfy { $0.taskID == task.id })
                let text = inbox.all.map { $0.response.artifactUpdate.artifact.text }.joined()
                #expect(text == task.artifacts.map(\.text).joined())

                var stream = send("stream d e f")
                stream.configuration.taskPushNotificationConfig = Self.webhook(url)
                let before = inbox.all.count
                let events = try await service.sendStreamingMessage(stream, context: CallContext()).collect()
                try await inbox.wait { $0.count == before + events.count - 1 }
                #expect(inbox.all.dropFirst(before).map(\.response) == events.dropFirst().map(\.response))
            }
        }
    }
}
