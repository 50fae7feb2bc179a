import A2A
import A2AHTTP
import NIOHTTP1
import Testing

@Suite("HTTP+JSON over HTTP", .timeLimit(.minutes(1)))
struct HTTPJSONServerTests {
    private static let json = [("Content-Type", "application/a2a+json")]

    @Test("serves every operation at its path")
    func operations() async throws {
        try await withTestAgent { base async throws in
            let sent = try await send(
                .POST, base + "/v1/message:send", headers: Self.json, body: Array(message("form").utf8))
            #expect(sent.status == 200)
            #expect(sent.headers.first(name: "content-type") == "application/a2a+json")
            let id = try #require(sent.json["task"]?["id"]?.string)

            #expect(try await send(.GET, base + "/v1/tasks/\(id)?historyLength=0").json["history"] == nil)
            #expect(try await send(.GET, base + "/v1/tasks?pageSize=1").json["tasks"]?.array?.count == 1)
            let canceled = try await send(.POST, base + "/v1/tasks/\(id):cancel", headers: Self.json)
            #expect(canceled.json["status"]?["state"]?.string == "TASK_STATE_CANCELED")
            let again = try await send(.POST, base + "/v1/tasks/\(id):cancel", headers: Self.json)
            #expect(again.status == 400)
            #expect(again.json["error"]?["details"]?[0]?["reason"]?.string == "TASK_NOT_CANCELABLE")
            let subscribed = try await send(.POST, base + "/v1/tasks/\(id):subscribe")
            #expect(subscribed.json["error"]?["details"]?[0]?["reason"]?.string == "UNSUPPORTED_OPERATION")
            let push = try await send(.GET, base + "/v1/tasks/\(id)/pushNotificationConfigs")
            #expect(push.json["error"]?["details"]?[0]?["reason"]?.string == "PUSH_NOTIFICATION_NOT_SUPPORTED")
            #expect(try await send(.GET, base + "/v1/extendedAgentCard").json["name"] != nil)
        }
    }

    @Test(
        "answers wrong paths, methods and parameters with the status of the specification",
        arguments: [
            ("GET", "/v1/nowhere", 404), ("GET", "/v1/", 404), ("GET", "/v1/tasks/", 404),
            ("PUT", "/v1/tasks", 405), ("DELETE", "/v1/message:send", 405), ("GET", "/v1/message:send", 405),
            ("GET", "/v1/tasks/none", 404),
            ("GET", "/v1/tasks?pageSize=0", 400), ("GET", "/v1/tasks?pageSize=ten", 400),
            ("GET", "/v1/tasks?status=TASK_STATE_RUNNING", 400), ("GET", "/v1/tasks?pageToken=x", 400),
            ("GET", "/v1/tasks?historyLength=-1", 400), ("GET", "/v1/tasks/none?historyLength=-5", 400),
            ("GET", "/v1/tasks?unknown=1", 200),
        ])
    func wrongRequests(_ method: String, _ path: String, _ status: Int) async throws {
        try await withTestAgent { base async throws in
            let answer = try await send(.RAW(value: method), base + path)
            #expect(answer.status == status, "\(answer.text)")
            if status != 200 { #expect(answer.errorCode == status) }
            if status == 405 { #expect(answer.headers.first(name: "allow") != nil) }
        }
    }

    @Test("answers paths that are not well encoded", arguments: ["/v1/tasks/%zz", "/v1/tasks/%ff", "/v1/tasks/%"])
    func wrongEncoding(_ path: String) async throws {
        try await withTestAgent { base async throws in
            // A client library would mend such a path before it sends it.
            try await RawConnection.with(base) { exchange in
                try await exchange.send("GET \(path) HTTP/1.1\r\nHost: x\r\nA2A-Version: 1.0\r\n\r\n")
                let answer = try await exchange.read(until: "}}")
                #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
                #expect(answer.contains("INVALID_ARGUMENT"))
            }
        }
    }

    @Test("keeps tenants apart, by path and by field, and refuses contradictions")
    func tenants() async throws {
        try await withTestAgent { base async throws in
            let sent = try await send(
                .POST, base + "/v1/acme/message:send", headers: Self.json,
                body: Array(message("tck-complete-task").utf8))
            let id = try #require(sent.json["task"]?["id"]?.string)
            #expect(try await send(.GET, base + "/v1/acme/tasks/\(id)").status == 200)
            #expect(try await send(.GET, base + "/v1/other/tasks/\(id)").status == 404)
            #expect(try await send(.GET, base + "/v1/tasks/\(id)").status == 404)
            #expect(try await rpc(base, "GetTask", "{\"id\":\"\(id)\",\"tenant\":\"acme\"}").errorCode == nil)

            let contradiction = "{\"tenant\":\"other\"," + message("Hello").dropFirst()
            let refused = try await send(
                .POST, base + "/v1/acme/message:send", headers: Self.json, body: Array(contradiction.utf8))
            #expect(refused.status == 400)
        }
    }

    @Test("takes the version from the query too")
    func versionParameter() async throws {
        try await withTestAgent { base async throws in
            #expect(try await send(.GET, base + "/v1/tasks?A2A-Version=1.0", version: nil).status == 200)
            let refused = try await send(.GET, base + "/v1/tasks", version: nil)
            #expect(refused.status == 400)
            #expect(refused.json["error"]?["status"]?.string == "FAILED_PRECONDITION")
        }
    }

    @Test("answers a body that is not JSON, too large or of another type")
    func bodies() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.maxBodyBytes = 1000
        try await withTestAgent(configuration: configuration) { base async throws in
            let url = base + "/v1/message:send"
            let broken = try await send(.POST, url, headers: Self.json, body: Array("{".utf8))
            #expect(broken.status == 400)
            #expect(try await send(.POST, url, headers: Self.json).status == 400)
            let type = [("Content-Type", "text/xml")]
            #expect(try await send(.POST, url, headers: type, body: Array("<a/>".utf8)).status == 415)
            let large = Array(message(String(repeating: "x", count: 2000)).utf8)
            #expect(try await send(.POST, url, headers: Self.json, body: large).status == 413)
        }
    }
}
