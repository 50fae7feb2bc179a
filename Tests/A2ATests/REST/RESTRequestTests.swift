import A2A
import HTTPTypes
import SwiftProtobuf
import Testing

@Suite("REST requests")
struct RESTRequestTests {
    private func decode<M: RESTRequest>(
        _ type: M.Type, _ method: HTTPRequest.Method, _ target: String, body: String = ""
    ) throws -> M {
        let parts = target.split(separator: "?", maxSplits: 1)
        guard case .matched(let match) = try RESTRouter.match(method: method, path: parts[0]) else {
            throw RESTRouter.notFound
        }
        return try M(match, query: parts.count > 1 ? parts[1] : nil, body: Array(body.utf8)[...], version: .v1_1)
    }

    private func violations(_ work: () throws -> Void) -> [String] {
        do { try work() } catch let error as A2AError where error.code == .invalidParams {
            return error.fieldViolations.map(\.field)
        } catch { return ["\(error)"] }
        return ["no error"]
    }

    // MARK: Queries

    @Test("query parameters of every type are read")
    func query() throws {
        let request = try self.decode(
            A2AListTasksRequest.self, .get,
            "/acme/tasks?contextId=a%20b+c&status=TASK_STATE_WORKING&pageSize=50&pageToken=%3D%26&historyLength=0"
                + "&statusTimestampAfter=2025-11-09T10%3A30%3A00Z&includeArtifacts=true&A2A-Version=1.0&unknown=1&unknown=2"
        )
        #expect(request.tenant == "acme")
        #expect(request.contextID == "a b c")
        #expect(request.status == .working)
        #expect(request.pageSize == 50)
        #expect(request.pageToken == "=&")
        #expect(request.hasHistoryLength && request.historyLength == 0)
        #expect(request.statusTimestampAfter.seconds == 1_762_684_200)
        #expect(request.includeArtifacts)
    }

    @Test(
        "absent parameters stay absent",
        arguments: ["/tasks", "/tasks?", "/tasks?&&", "/tasks?a2a-version=1.0", "/tasks?page_size=7"])
    func absent(_ target: String) throws {
        #expect(try self.decode(A2AListTasksRequest.self, .get, target) == A2AListTasksRequest())
    }

    @Test(
        "a parameter of the wrong type is named",
        arguments: [
            ("pageSize=x", ["pageSize"]), ("pageSize=", ["pageSize"]), ("pageSize=1.0", ["pageSize"]),
            ("pageSize=+1", ["pageSize"]),
            ("pageSize=1e1", ["pageSize"]), ("pageSize=2147483648", ["pageSize"]), ("pageSize=%2B1", ["pageSize"]),
            ("includeArtifacts=True", ["includeArtifacts"]), ("includeArtifacts=1", ["includeArtifacts"]),
            ("includeArtifacts", ["includeArtifacts"]),
            ("status=TASK_STATE_RUNNING", ["status"]), ("status=2", ["status"]), ("status=working", ["status"]),
            ("statusTimestampAfter=yesterday", ["statusTimestampAfter"]), ("pageSize=1&pageSize=1", ["pageSize"]),
            ("pageSize=x&includeArtifacts=y", ["includeArtifacts", "pageSize"]),
            ("contextId=a&contextId=b", ["contextId"]),
        ])
    func wrongTypes(_ query: String, fields: [String]) {
        #expect(self.violations { _ = try self.decode(A2AListTasksRequest.self, .get, "/tasks?\(query)") } == fields)
    }

    @Test("a query that is badly encoded or has too many parameters is refused", arguments: ["a=%", "%zz=1", "a=%FF"])
    func badQuery(_ query: String) {
        let many = String(repeating: "a=1&", count: RESTQuery.maxParameters + 1)
        for query in [query, many] {
            let error = #expect(throws: A2AError.self) {
                try self.decode(A2AListTasksRequest.self, .get, "/tasks?\(query)")
            }
            #expect(error?.code == .invalidParams)
        }
    }

    @Test("other operations read their queries too")
    func otherQueries() throws {
        let task = try self.decode(
            A2AGetTaskRequest.self, .get, "/tasks/t?historyLength=-1&currentGeneration=9223372036854775807")
        #expect(task.id == "t" && task.historyLength == -1 && task.currentGeneration == .max)
        let list = try self.decode(
            A2AListTaskPushNotificationConfigsRequest.self, .get,
            "/tasks/t/pushNotificationConfigs?pageSize=5&pageToken=x")
        #expect(list.taskID == "t" && list.pageSize == 5 && list.pageToken == "x")
    }

    @Test("a name of the HTTP layer is found in any case")
    func version() throws {
        #expect(try RESTQuery("x=1&a2a-version=1.0").first(ignoringCase: "A2A-Version") == "1.0")
        #expect(try RESTQuery("A2A-Version=1.0&a2a-version=2").first(ignoringCase: "A2A-Version") == "1.0")
        #expect(try RESTQuery("x").first(ignoringCase: "A2A-Version") == nil)
        #expect(try RESTQuery(nil).isEmpty)
    }

    // MARK: Bodies and paths

    @Test("a body is decoded, and the query beside it ignored")
    func body() throws {
        let request = try self.decode(
            A2ASendMessageRequest.self, .post, "/message:send?tenant=x&historyLength=z",
            body: #"{"message":{"messageId":"1"},"x":1}"#)
        #expect(request.message.messageID == "1")
        #expect(request.tenant.isEmpty)
    }

    @Test("cancelling and subscribing need no body", arguments: ["", "{}", #"{"id":"t","tenant":"acme"}"#])
    func optionalBody(_ body: String) throws {
        let cancel = try self.decode(A2ACancelTaskRequest.self, .post, "/acme/tasks/t:cancel", body: body)
        #expect(cancel.id == "t" && cancel.tenant == "acme")
        let subscribe = try self.decode(A2ASubscribeToTaskRequest.self, .post, "/acme/tasks/t:subscribe", body: body)
        #expect(subscribe.id == "t" && subscribe.tenant == "acme")
        #expect(try self.decode(A2ASubscribeToTaskRequest.self, .get, "/tasks/t:subscribe").id == "t")
    }

    @Test("a body that contradicts the path is refused with the name of the field")
    func contradictions() {
        #expect(
            self.violations {
                _ = try self.decode(
                    A2ACancelTaskRequest.self, .post, "/a/tasks/t:cancel", body: #"{"id":"u","tenant":"b"}"#)
            } == ["tenant", "id"])
        #expect(
            self.violations {
                _ = try self.decode(A2ASendMessageRequest.self, .post, "/a/message:send", body: #"{"tenant":"b"}"#)
            } == ["tenant"])
        #expect(
            self.violations {
                _ = try self.decode(
                    A2ATaskPushNotificationConfig.self, .post, "/tasks/t/pushNotificationConfigs",
                    body: #"{"taskId":"u"}"#)
            } == ["taskId"])
        #expect(self.violations { _ = try self.decode(A2AGetTaskRequest.self, .get, "/tasks/t?id=u") } == ["id"])
        // Two strings that Swift calls equal are still different identifiers.
        #expect(
            self.violations {
                _ = try self.decode(
                    A2ACancelTaskRequest.self, .post, "/tasks/%C3%A9:cancel", body: "{\"id\":\"e\u{301}\"}")
            } == ["id"])
    }

    @Test("a tenant in the body alone is kept")
    func tenantInBody() throws {
        #expect(
            try self.decode(A2ASendMessageRequest.self, .post, "/message:send", body: #"{"tenant":"b"}"#).tenant == "b")
    }

    @Test(
        "a body that is not JSON is a parse error",
        arguments: ["", "x", #"{"message":{"parts":[{"raw":"!,"filename":"x"}]}}"#])
    func notJSON(_ body: String) {
        let error = #expect(throws: A2AError.self) {
            try self.decode(A2ASendMessageRequest.self, .post, "/message:send", body: body)
        }
        #expect(error?.code == .parseError)
    }

    // MARK: What a client sends

    @Test("requests are laid out as the table says")
    func calls() throws {
        var task = A2AGetTaskRequest()
        task.id = "a/b:cancel é"
        task.historyLength = 0
        task.tenant = "x/y"
        let get = try RESTCall(.getTask, task)
        #expect(get.method == .get && get.body == nil)
        #expect(get.path == "/x%2Fy/tasks/a%2Fb%3Acancel%20%C3%A9?historyLength=0")

        var send = A2ASendMessageRequest()
        send.tenant = "t"
        let post = try RESTCall(.sendStreamingMessage, send)
        #expect(post.method == .post && post.path == "/t/message:stream" && post.body == Array(#"{"tenant":"t"}"#.utf8))

        var delete = A2ADeleteTaskPushNotificationConfigRequest()
        delete.taskID = "t"
        delete.id = "c"
        #expect(try RESTCall(.deleteTaskPushNotificationConfig, delete).method == .delete)
        #expect(try RESTCall(.deleteTaskPushNotificationConfig, delete).path == "/tasks/t/pushNotificationConfigs/c")
        delete.id = ""
        #expect(self.violations { _ = try RESTCall(.deleteTaskPushNotificationConfig, delete) } == ["id"])
        #expect(self.violations { _ = try RESTCall(.cancelTask, A2ACancelTaskRequest()) } == ["id"])
        #expect(
            self.violations { _ = try RESTCall(.createTaskPushNotificationConfig, A2ATaskPushNotificationConfig()) }
                == ["taskId"])

        var list = A2AListTasksRequest()
        list.tenant = "tasks"
        list.status = .inputRequired
        list.includeArtifacts = false
        list.pageToken = "a b&c"
        #expect(
            try RESTCall(.listTasks, list).path
                == "/%74asks/tasks?status=TASK_STATE_INPUT_REQUIRED&pageToken=a%20b%26c&includeArtifacts=false")
    }

    @Test("what a client lays out, a server reads as the same request", arguments: 0..<20 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        func check<M: RESTRequest & Equatable>(_ operation: A2AOperation, _ request: M) throws {
            let call = try RESTCall(operation, request)
            let parts = call.path.split(separator: "?", maxSplits: 1)
            guard case .matched(let match) = try RESTRouter.match(method: call.method, path: parts[0]) else {
                Issue.record("seed \(seed): \(call) is not found")
                return
            }
            #expect(match.operation == operation, "seed \(seed): \(call)")
            let decoded = try M(
                match, query: parts.count > 1 ? parts[1] : nil, body: (call.body ?? [])[...], version: .v1_1)
            #expect(decoded == request, "seed \(seed): \(call)")
        }
        func id() -> String { random.pick(["tasks", "message:send", "a:cancel", "é/", "%2F"]) + random.string() }
        func tenant() -> String { random.pick(["", "tasks", "message:send", "extendedAgentCard", random.string()]) }
        for _ in 0..<50 {
            var task = A2AGetTaskRequest()
            (task.id, task.tenant) = (id(), tenant())
            if random.chance(1, in: 2) { task.historyLength = Int32(random.int(-5...5)) }
            if random.chance(1, in: 2) { task.currentGeneration = .max }
            try check(.getTask, task)

            var list = A2AListTasksRequest()
            (list.tenant, list.contextID, list.pageToken) = (tenant(), random.string(), random.string())
            list.status = random.pick(A2ATaskState.allCases)
            if random.chance(1, in: 2) { list.pageSize = Int32(random.int(-5...500)) }
            if random.chance(1, in: 2) { list.includeArtifacts = random.chance(1, in: 2) }
            if random.chance(1, in: 2) { list.statusTimestampAfter = random.timestamp() }
            try check(.listTasks, list)

            var cancel = A2ACancelTaskRequest()
            (cancel.id, cancel.tenant) = (id(), tenant())
            if random.chance(1, in: 2) { cancel.metadata = random.structure() }
            try check(.cancelTask, cancel)

            var subscribe = A2ASubscribeToTaskRequest()
            (subscribe.id, subscribe.tenant) = (id(), tenant())
            try check(.subscribeToTask, subscribe)

            var send = random.sendRequest()
            send.tenant = tenant()
            try check(random.pick([.sendMessage, .sendStreamingMessage]), send)

            var config = A2ATaskPushNotificationConfig()
            (config.tenant, config.taskID, config.id, config.token) = (tenant(), id(), random.string(), random.string())
            try check(.createTaskPushNotificationConfig, config)

            var get = A2AGetTaskPushNotificationConfigRequest()
            (get.tenant, get.taskID, get.id) = (tenant(), id(), id())
            try check(.getTaskPushNotificationConfig, get)

            var delete = A2ADeleteTaskPushNotificationConfigRequest()
            (delete.tenant, delete.taskID, delete.id) = (tenant(), id(), id())
            try check(.deleteTaskPushNotificationConfig, delete)

            var configs = A2AListTaskPushNotificationConfigsRequest()
            (configs.tenant, configs.taskID, configs.pageToken) = (tenant(), id(), random.string())
            configs.pageSize = Int32(random.int(0...3))
            try check(.listTaskPushNotificationConfigs, configs)

            var card = A2AGetExtendedAgentCardRequest()
            card.tenant = tenant()
            try check(.getExtendedAgentCard, card)
        }
    }

    @Test("any query is read or refused, and never traps", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = CodecRandom(seed: seed)
        let tokens = [
            "pageSize", "=", "&", "status", "includeArtifacts", "true", "TASK_STATE_WORKING", "%", "%2", "%41", "+",
            "7", "-", "\u{0}", "é", "statusTimestampAfter",
            "2025-11-09T10:30:00Z", "\"", "\\", "99999999999999999999",
        ]
        for _ in 0..<300 {
            let query = random.list(0...12) { $0.pick(tokens) }.joined()
            do {
                _ = try A2AListTasksRequest(
                    RESTMatch(operation: .listTasks), query: query[...], body: [], version: .v1_0)
            } catch { #expect(error.code == .invalidParams, "seed \(seed): \(query)") }
        }
    }
}
