import A2A
import HTTPTypes
import Testing

@Suite("REST paths")
struct RESTRouterTests {
    private func match(_ method: HTTPRequest.Method, _ path: String) throws -> RESTMatch? {
        if case .matched(let match) = try RESTRouter.match(method: method, path: path) { return match }
        return nil
    }

    private static let routes: [(HTTPRequest.Method, String, RESTMatch)] = [
        (.post, "/message:send", RESTMatch(operation: .sendMessage)),
        (.post, "/message:stream", RESTMatch(operation: .sendStreamingMessage)),
        (.get, "/tasks", RESTMatch(operation: .listTasks)),
        (.get, "/tasks/a", RESTMatch(operation: .getTask, taskID: "a")),
        (.post, "/tasks/a:cancel", RESTMatch(operation: .cancelTask, taskID: "a")),
        (.post, "/tasks/a:subscribe", RESTMatch(operation: .subscribeToTask, taskID: "a")),
        (.get, "/tasks/a:subscribe", RESTMatch(operation: .subscribeToTask, taskID: "a")),
        (
            .post, "/tasks/a/pushNotificationConfigs",
            RESTMatch(operation: .createTaskPushNotificationConfig, taskID: "a")
        ),
        (.get, "/tasks/a/pushNotificationConfigs", RESTMatch(operation: .listTaskPushNotificationConfigs, taskID: "a")),
        (
            .get, "/tasks/a/pushNotificationConfigs/c",
            RESTMatch(operation: .getTaskPushNotificationConfig, taskID: "a", configID: "c")
        ),
        (
            .delete, "/tasks/a/pushNotificationConfigs/c",
            RESTMatch(operation: .deleteTaskPushNotificationConfig, taskID: "a", configID: "c")
        ),
        (.get, "/extendedAgentCard", RESTMatch(operation: .getExtendedAgentCard)),
    ]

    @Test("every path of the table is found, with and without a tenant")
    func table() throws {
        for (method, path, expected) in Self.routes {
            #expect(try self.match(method, path) == expected, "\(method) \(path)")
            var tenanted = expected
            tenanted.tenant = "acme/é"
            #expect(try self.match(method, "/acme%2F%C3%A9" + path) == tenanted, "\(method) \(path)")
        }
    }

    @Test("segments are decoded once, after the path is split and its suffix recognised")
    func decoding() throws {
        for (segment, id) in [
            ("a%3Acancel", "a:cancel"), ("a%2Fb", "a/b"), ("a%2fb", "a/b"), ("a%252Fb", "a%2Fb"), ("a:b", "a:b"),
            ("a+b", "a+b"),
            ("%E6%BC%A2", "漢"), ("a%20b", "a b"), ("a:cancel2", "a:cancel2"), ("cancel", "cancel"), ("%2E%2E", ".."),
            ("%00", "\u{0}"),
        ] {
            #expect(try self.match(.get, "/tasks/\(segment)")?.taskID == id)
            #expect(try self.match(.post, "/tasks/\(segment):cancel")?.taskID == id)
        }
        #expect(try self.match(.post, "/tasks/a:cancel:cancel")?.taskID == "a:cancel")
        #expect(
            try self.match(.get, "/tasks/a:cancel/pushNotificationConfigs/b:cancel")
                == RESTMatch(operation: .getTaskPushNotificationConfig, taskID: "a:cancel", configID: "b:cancel"))
    }

    @Test("tenants and tasks named like the protocol's own words are told apart")
    func confusing() throws {
        let cases: [(HTTPRequest.Method, String, RESTMatch)] = [
            (.get, "/tasks/tasks", RESTMatch(operation: .getTask, taskID: "tasks")),
            (.get, "/tasks/extendedAgentCard", RESTMatch(operation: .getTask, taskID: "extendedAgentCard")),
            (.get, "/tasks/message:send", RESTMatch(operation: .getTask, taskID: "message:send")),
            (.post, "/tasks/message:send", RESTMatch(operation: .sendMessage, tenant: "tasks")),
            (.get, "/tasks/tasks/x", RESTMatch(operation: .getTask, tenant: "tasks", taskID: "x")),
            (.post, "/tasks/tasks/x:cancel", RESTMatch(operation: .cancelTask, tenant: "tasks", taskID: "x")),
            (
                .get, "/tasks/tasks/pushNotificationConfigs",
                RESTMatch(operation: .listTaskPushNotificationConfigs, taskID: "tasks")
            ),
            (.get, "/%74asks/tasks", RESTMatch(operation: .listTasks, tenant: "tasks")),
            (.get, "/%74asks/extendedAgentCard", RESTMatch(operation: .getExtendedAgentCard, tenant: "tasks")),
            (.post, "/message:send/message:send", RESTMatch(operation: .sendMessage, tenant: "message:send")),
            (.get, "/message%3Asend/tasks", RESTMatch(operation: .listTasks, tenant: "message:send")),
            (
                .get, "/extendedAgentCard/tasks/x",
                RESTMatch(operation: .getTask, tenant: "extendedAgentCard", taskID: "x")
            ),
        ]
        for (method, path, expected) in cases { #expect(try self.match(method, path) == expected, "\(method) \(path)") }
    }

    @Test(
        "other paths are not found",
        arguments: [
            "", "/", "tasks", "//tasks", "/tasks/", "/tasks//", "/a//b", "/Tasks", "/message:Send", "/message",
            "/message%3Asend", "/%74asks",
            "/a/b/c", "/tasks/:cancel", "/tasks/a/pushNotificationConfigs/", "/tasks/a/pushnotificationconfigs",
            "/a/tasks/b/pushNotificationConfigs/c/d", "/v1/a/tasks", "/a/b/c/d/e/f/g",
        ])
    func notFound(_ path: String) throws {
        for method in [HTTPRequest.Method.get, .post, .delete, .put] {
            guard case .notFound = try RESTRouter.match(method: method, path: path) else {
                Issue.record("\(method) \(path) is found")
                continue
            }
        }
        #expect(RESTRouter.notFound.code.http == 404)
    }

    @Test("a path with another method tells which it has")
    func methodNotAllowed() throws {
        let cases: [(HTTPRequest.Method, String, [HTTPRequest.Method])] = [
            (.get, "/message:send", [.post]), (.delete, "/tasks", [.get]), (.get, "/tasks/a:cancel", [.post]),
            (.put, "/tasks/a/pushNotificationConfigs", [.get, .post]),
            (.post, "/x/tasks/a/pushNotificationConfigs/c", [.get, .delete]),
            (.delete, "/tasks/message:send", [.get, .post]), (.post, "/extendedAgentCard", [.get]),
        ]
        for (method, path, expected) in cases {
            guard case .methodNotAllowed(let allowed) = try RESTRouter.match(method: method, path: path) else {
                Issue.record("\(method) \(path) is no 405")
                continue
            }
            #expect(allowed == expected, "\(method) \(path)")
        }
    }

    @Test(
        "bad encoding is refused with the name of the field",
        arguments: ["%", "%4", "%zz", "a%", "%FF", "%C3", "%ED%A0%80"])
    func badEncoding(_ segment: String) {
        for (method, path, field) in [
            (HTTPRequest.Method.get, "/tasks/\(segment)", "id"), (.get, "/\(segment)/tasks", "tenant"),
            (.delete, "/tasks/a/pushNotificationConfigs/\(segment)", "configId"),
        ] {
            let error = #expect(throws: A2AError.self) { try RESTRouter.match(method: method, path: path) }
            #expect(error?.code == .invalidParams)
            #expect(error?.fieldViolations.map(\.field) == [field])
        }
    }

    @Test("any path is matched, refused or not found, and never traps", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = CodecRandom(seed: seed)
        let tokens = [
            "/", "tasks", "message:send", ":cancel", ":subscribe", "pushNotificationConfigs", "%2F", "%", "a", "é",
            "\u{600}", ":",
        ]
        for _ in 0..<300 {
            var path = random.list(0...10) { $0.pick(tokens) }.joined()
            if random.chance(1, in: 2) {
                path = String(decoding: random.mutate(Array(("/" + path).utf8)), as: UTF8.self)
            }
            do {
                let outcome = try RESTRouter.match(method: random.pick([.get, .post, .delete]), path: path)
                if case .matched(let match) = outcome, match.operation == .getTask {
                    #expect(!match.taskID.isEmpty, "seed \(seed): \(path)")
                }
            } catch { #expect(error.code == .invalidParams, "seed \(seed): \(path)") }
        }
    }
}
