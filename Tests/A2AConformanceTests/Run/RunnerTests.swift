import Synchronization
import Testing

@testable import A2AConformance

/// What a runner must do (ACTS §4, §8 to §12), seen by an agent that writes down what it is asked.
@Suite("Runner", .timeLimit(.minutes(2)))
struct RunnerTests {
    private static let task: JSONValue = ["id": "t", "contextId": "c", "status": ["state": "TASK_STATE_COMPLETED"]]

    private static let get = "{id: get, operation: get_task, params: {id: t}, expect: {body: {id: t}}}"

    // MARK: Requests (§12.4)

    @Test("says the version, wraps requests, and gives messages ids of their own")
    func requests() async throws {
        try await FakeAgent.with { request, _ in
            .result(["task": Self.task], to: request)
        } _: { agent in
            let report = try await run(
                agent,
                [
                    test(
                        steps: """
                              - {id: a, operation: send_message, params: {message: {role: ROLE_USER, parts: [{text: x}]}}}
                              - {id: b, operation: send_message, params: {message: {role: ROLE_USER, parts: [{text: x}]}}}
                              - {id: c, operation: send_message, params: {message: {messageId: mine, role: ROLE_USER, parts: [{text: x}]}}}
                            """)
                ])
            #expect(report.results.map(\.outcome) == [.pass])
            let calls = agent.requests.filter { $0.method == "POST" }
            #expect(calls.allSatisfy { $0.headers["a2a-version"] == "1.0" && $0.path == "/rpc" })
            #expect(calls.allSatisfy { $0.json["jsonrpc"] == "2.0" && $0.json["method"] == "SendMessage" })
            let ids = calls.compactMap { $0.json["params"]?["message"]?["messageId"]?.string }
            #expect(Set(ids).count == 3 && ids[2] == "mine")
            #expect(Set(calls.compactMap { $0.json["id"]?.string }).count == 3)
        }
    }

    @Test("maps every operation to the method and the route of A2A 1.0")
    func operations() async throws {
        let steps = AbstractOperation.allCases.filter { !$0.isStreaming && $0 != .getAgentCard }.map { operation in
            let params =
                operation == .sendMessage
                ? "{message: {role: ROLE_USER, parts: [{text: x}]}}" : "{id: t, taskId: t, configId: c}"
            return "  - {id: \(operation.rawValue), operation: \(operation.rawValue), params: \(params)}"
        }.joined(separator: "\n")
        try await FakeAgent.with { request, _ in
            request.path == "/rpc" ? .result([:], to: request) : .json([:])
        } _: { agent in
            let report = try await run(agent, [test(steps: steps)], over: [.jsonrpc, .rest]) { $0.jobs = 1 }
            #expect(report.results.map(\.outcome) == [.pass, .pass])
            let rpc = agent.requests.filter { $0.path == "/rpc" }.compactMap { $0.json["method"]?.string }
            #expect(
                rpc == [
                    "SendMessage", "GetTask", "ListTasks", "CancelTask", "GetExtendedAgentCard",
                    "CreateTaskPushNotificationConfig", "GetTaskPushNotificationConfig",
                    "ListTaskPushNotificationConfigs", "DeleteTaskPushNotificationConfig",
                ])
            let rest = agent.requests.filter { $0.path.hasPrefix("/rest") }
                .map { "\($0.method) \($0.path.prefix { $0 != "?" })" }
            #expect(
                rest == [
                    "POST /rest/message:send", "GET /rest/tasks/t", "GET /rest/tasks", "POST /rest/tasks/t:cancel",
                    "GET /rest/extendedAgentCard", "POST /rest/tasks/t/pushNotificationConfigs",
                    "GET /rest/tasks/t/pushNotificationConfigs/c", "GET /rest/tasks/t/pushNotificationConfigs",
                    "DELETE /rest/tasks/t/pushNotificationConfigs/c",
                ])
        }
    }

    @Test("leaves the version out and adds header fields where a step says so")
    func headers() async throws {
        try await FakeAgent.with { request, _ in
            .result(Self.task, to: request)
        } _: { agent in
            _ = try await run(
                agent,
                [
                    test(
                        steps: """
                              - {id: a, operation: get_task, params: {}, x-headers: {A2A-Version: null, X-More: "{{$uuid}}"}}
                              - {id: b, operation: get_task, params: {}, x-headers: {a2a-version: "0.9"}}
                            """)
                ]
            ) { $0.headers = [("Authorization", "Bearer abcdef")] }
            let calls = agent.requests.filter { $0.method == "POST" }
            #expect(calls[0].headers["a2a-version"] == nil)
            #expect(calls[0].headers["x-more"]?.count == 36)
            #expect(calls[1].headers["a2a-version"] == "0.9")
            #expect(calls.allSatisfy { $0.headers["authorization"] == "Bearer abcdef" })
        }
    }

    @Test("sends raw steps as they are, with what they need and do not name")
    func raw() async throws {
        let step = { @Sendable (id: String, more: String) in
            "  - {id: \(id), raw: {method: POST, path: /\(id), \(more)}}"
        }
        try await FakeAgent.with { _, _ in
            .json([:])
        } _: { agent in
            _ = try await run(
                agent,
                [
                    test(
                        "T-1", "transport: [jsonrpc]",
                        steps: [
                            step("plain", "body: {a: '{{baseUrl}}'}"),
                            step(
                                "own", "headers: {A2A-Version: '0.3', Content-Type: text/plain}, body_raw: '{nonsense'"),
                            step("exact", "x-exact: true, body_raw: x"),
                            "  - {id: root, raw: {method: GET, path: /}}",
                            "  - {id: card, raw: {method: GET, path: /.well-known/x, x-base: origin}}",
                            "  - {id: full, raw: {method: DELETE, path: '{{env.A2A_BASE_URL}}/full'}}",
                            "  - {id: head, raw: {method: GET, x-method: HEAD, path: /head}}",
                        ].joined(separator: "\n")),
                    test("VER-X-001", "transport: [jsonrpc]", steps: step("version", "body: {}")),
                ]
            ) { $0.jobs = 1 }
            let calls = Dictionary(agent.requests.map { ($0.path, $0) }) { first, _ in first }
            #expect(calls["/plain"]?.body == #"{"a":"\#(agent.url)"}"#)
            #expect(calls["/plain"]?.headers["a2a-version"] == "1.0")
            #expect(calls["/plain"]?.headers["content-type"] == "application/json")
            #expect(calls["/own"]?.body == "{nonsense")
            #expect(calls["/own"]?.headers["a2a-version"] == "0.3")
            #expect(calls["/own"]?.headers["content-type"] == "text/plain")
            #expect(calls["/exact"]?.headers["a2a-version"] == nil)
            #expect(calls["/exact"]?.headers["content-type"] == nil)
            #expect(calls["/version"]?.headers["a2a-version"] == nil)
            #expect(calls["/rpc"]?.method == "GET")
            #expect(calls["/.well-known/x"] != nil)
            #expect(calls["/full"]?.method == "DELETE")
            #expect(calls["/head"]?.method == "HEAD")
        }
    }

    // MARK: Capture and isolation (§4, §8)

    @Test("hands captured values on within a test, and not to another")
    func capture() async throws {
        try await FakeAgent.with { request, _ in
            .result(["task": ["id": "t", "n": 7]], to: request)
        } _: { agent in
            let message = "message: {role: ROLE_USER, parts: [{text: x}]}"
            let report = try await run(
                agent,
                [
                    test(
                        "T-1",
                        steps: """
                              - {id: a, operation: send_message, params: {\(message)}, capture: {id: task.id, n: task.n}}
                              - {id: b, operation: get_task, params: {id: "{{a.id}}", historyLength: "{{a.n}}"}, expect: {body: {task: {id: "{{a.id}}", n: "{{a.n}}"}}}}
                            """),
                    test("T-2", steps: "  - {id: c, operation: get_task, params: {id: '{{a.id}}'}}"),
                    test("T-3", steps: "  - {id: d, operation: get_task, params: {}, capture: {x: task.nothing}}"),
                ]
            ) { $0.jobs = 1 }
            #expect(report.results.map(\.outcome) == [.pass, .fail, .fail])
            let second = agent.requests.filter { $0.method == "POST" }[1]
            #expect(second.json["params"] == ["id": "t", "historyLength": 7])
            #expect(report.results[1].failure?.message.contains("no step 'a' came before") ?? false)
            #expect(report.results[2].failure?.message.contains("there is no task.nothing") ?? false)
        }
    }

    // MARK: Polling (§9)

    @Test("repeats a step until its condition holds, and fails when it never does")
    func repetition() async throws {
        let counter = Counter()
        try await FakeAgent.with { request, _ in
            let state = counter.next() < 3 ? "TASK_STATE_WORKING" : "TASK_STATE_COMPLETED"
            return .result(["id": "t", "status": ["state": .string(state)]], to: request)
        } _: { agent in
            let poll = { @Sendable (attempts: Int, state: String) in
                "  - {id: p, operation: get_task, params: {id: t}, expect: {body: {status: {state: TASK_STATE_COMPLETED}}}, "
                    + "repeat: {until: status.state == \(state), max_attempts: \(attempts), delay_ms: 1}}"
            }
            let report = try await run(
                agent, [test("T-1", steps: poll(5, "TASK_STATE_COMPLETED")), test("T-2", steps: poll(4, "NEVER"))]
            ) { $0.jobs = 1 }
            #expect(report.results.map(\.outcome) == [.pass, .fail])
            #expect(agent.requests.filter { $0.method == "POST" }.count == 3 + 4)
            #expect(report.results[1].failure?.message.contains("after 4 attempts") ?? false)
        }
    }

    // MARK: Preconditions (§3.2, §3.3, §12.3, §12.5)

    @Test(
        "skips what does not apply, with the reason",
        arguments: [
            ("preconditions: {capabilities: {pushNotifications: true}}", "capability pushNotifications"),
            ("preconditions: {capabilities: {streaming: false}}", "capability streaming"),
            ("preconditions: {skills: [{id: other}]}", "no skill 'other'"),
            ("preconditions: {extensions: [urn:x]}", "no extension urn:x"),
            ("preconditions: {transport: [grpc]}", "it is for gRPC"),
            ("transport: [rest]", "it is for HTTP+JSON"), ("x-profile: script", "scripted profile"),
            ("requires_behaviors: [tck-complete-task]", "does not have the behaviors"),
            ("requires_behaviors: [unheard-of]", "is not known"),
            ("runner_requirements: [auth_credentials]", "no credentials"),
            ("runner_requirements: [concurrent_streams]", "no words for concurrent"),
            ("runner_requirements: [stream_disconnect]", "no words for leaving"),
        ])
    func skips(_ lines: String, _ reason: String) async throws {
        try await FakeAgent.with { request, _ in
            .result(Self.task, to: request)
        } _: { agent in
            let report = try await run(agent, [test("T", lines, steps: "  - \(Self.get)")])
            #expect(report.results.map(\.outcome) == [.skip])
            #expect(report.results[0].reason?.contains(reason) ?? false, "\(report.results[0].reason ?? "")")
            #expect(report.verdict(strict: true) == .conformant)
        }
    }

    @Test("runs what applies")
    func applies() async throws {
        try await FakeAgent.with { request, _ in
            request.json["method"] == "SendMessage"
                ? .result(["task": ["status": ["state": "TASK_STATE_INPUT_REQUIRED"]]], to: request)
                : .result(Self.task, to: request)
        } _: { agent in
            let lines = """
                preconditions: {capabilities: {streaming: true, pushNotifications: false}, skills: [{id: s}], transport: [jsonrpc]}
                requires_behaviors: [tck-complete-task]
                runner_requirements: [header_inspection]
                """
            let report = try await run(agent, [test("T", lines, steps: "  - \(Self.get)")])
            #expect(report.results.map(\.outcome) == [.pass], "\(report.results[0].reason ?? "")")
        }
    }

    // MARK: Judging (§6)

    @Test(
        "judges answers and errors",
        arguments: [
            ("expect: {body: {id: t}}", Outcome.pass), ("expect: {status: 200}", .pass),
            ("expect: {status: 201}", .fail), ("expect: {body: {id: u}}", .fail),
            ("expect: {x-headers: {content-type: {starts_with: application/json}}}", .pass),
            ("expect: {x-headers: {etag: {exists: true}}}", .fail),
            ("expect_error: {error_type: TaskNotFoundError}", .fail),
            ("assertions: [{source: response, path: status.state, match: TASK_STATE_COMPLETED}]", .pass),
            ("assertions: [{source: get.status, match: 200}]", .pass),
            ("assertions: [{source: get.nothing, match: 200}]", .fail), ("x-at_least_ms: 30000", .fail),
            ("x-within_ms: 600000", .pass),
        ])
    func answers(_ expectation: String, _ outcome: Outcome) async throws {
        try await FakeAgent.with { request, _ in
            .result(Self.task, to: request)
        } _: { agent in
            let step = "  - {id: get, operation: get_task, params: {id: t}, \(expectation)}"
            let report = try await run(agent, [test(steps: step)])
            #expect(report.results.map(\.outcome) == [outcome], "\(report.results[0].failure?.message ?? "")")
        }
    }

    @Test(
        "judges errors",
        arguments: [
            ("expect_error: {error_type: TaskNotFoundError}", Outcome.pass),
            ("expect_error: {error_type: TaskNotFoundError, message: {contains: 'no'}}", .pass),
            ("expect_error: {error_type: TaskNotFoundError, message: {contains: yes}}", .fail),
            ("expect_error: {error_type: TaskNotFoundError, details: {reason: {absent: true}}}", .pass),
            ("expect_error: {error_type: InternalError}", .fail),
            ("expect_error: {error_type: InternalError, x-error: TaskNotFoundError}", .pass),
            ("expect: {}", .fail), ("expect: {status: 404}", .pass), ("expect: {status: 200}", .fail),
            ("capture: {a: id}", .fail), ("description: any answer will do", .pass),
        ])
    func errors(_ expectation: String, _ outcome: Outcome) async throws {
        try await FakeAgent.with { request, _ in
            .error(-32001, to: request)
        } _: { agent in
            let step = "  - {id: get, operation: get_task, params: {id: t}, \(expectation)}"
            let report = try await run(agent, [test(steps: step)])
            #expect(report.results.map(\.outcome) == [outcome], "\(report.results[0].failure?.message ?? "")")
        }
    }

    @Test("subscribes with GET where POST is not served")
    func subscription() async throws {
        try await FakeAgent.with { request, _ in
            request.method == "GET"
                ? .events([["task": Self.task]]) : .json(["detail": "Method Not Allowed"], status: 405)
        } _: { agent in
            let report = try await run(
                agent,
                [
                    test(
                        steps:
                            "  - {id: s, operation: subscribe_to_task, params: {id: t}, expect_stream: {min_count: 1}}")
                ],
                over: [.rest])
            #expect(report.results.map(\.outcome) == [.pass], "\(report.results[0].failure?.message ?? "")")
        }
    }

    @Test("leaves out what is below the level and not asked for")
    func selection() async throws {
        try await FakeAgent.with { request, _ in
            .result(Self.task, to: request)
        } _: { agent in
            let tests = [
                test("A-1", level: "must", steps: "  - \(Self.get)"),
                test("A-2", level: "should", "x-requirements: [R-9]", steps: "  - \(Self.get)"),
                test("B-1", level: "may", "tags: [odd]", steps: "  - \(Self.get)"),
            ]
            func selected(_ change: @Sendable (inout RunConfiguration) -> Void) async throws -> [String] {
                try await run(agent, tests, change).results.map(\.test.id)
            }
            var ids = try await selected { $0.level = .must }
            #expect(ids == ["A-1"])
            ids = try await selected { $0.level = .should }
            #expect(ids == ["A-1", "A-2"])
            ids = try await selected { $0.only = ["A-*"] }
            #expect(ids == ["A-1", "A-2"])
            ids = try await selected { $0.only = ["odd", "R-9"] }
            #expect(ids == ["A-2", "B-1"])
        }
    }
}

/// Counts from 1.
final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        self.value.withLock { value in
            value += 1
            return value
        }
    }
}
