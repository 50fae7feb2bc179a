import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import A2AConformance

/// Agents that hang, flood and talk nonsense on every binding: the run ends, and says what it could not test.
@Suite("Hostile agents", .timeLimit(.minutes(2)))
struct HostileAgentTests {
    private static let call = test(
        "T-CALL", steps: "  - {id: get, operation: get_task, params: {id: t}, expect: {body: {id: t}}}")
    private static let stream = test(
        "T-STREAM",
        steps: """
              - id: stream
                operation: send_streaming_message
                params: {message: {role: ROLE_USER, parts: [{text: x}]}}
                expect_stream: {timeout_ms: 300, min_count: 1}
            """)

    /// A card whose only interface is this one.
    private static func card(_ url: String, _ binding: String) -> JSONValue {
        [
            "name": "x",
            "supportedInterfaces": [
                ["url": .string(url), "protocolBinding": .string(binding), "protocolVersion": "1.0"]
            ],
        ]
    }

    private static let eventHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    /// An empty SETTINGS frame of HTTP/2, a PING, and a DATA frame for a stream that nobody opened.
    private static let settings = "\0\0\0\u{4}\0\0\0\0\0"
    private static let ping = "\0\0\u{8}\u{6}\0\0\0\0\0AAAAAAAA"
    private static let data = "\0\0\u{1}\0\0\0\0\0\u{7}x"

    // MARK: Bindings below HTTP/1.1

    @Test(
        "gRPC that is silent, talks nonsense, closes or floods is not passed, and ends",
        arguments: [
            FakeAgent.Answer.held([]), .bytes([]), .bytes(["garbage"]), .bytes([settings]), .held([settings]),
            .bytes(["HTTP/1.1 400 Bad Request\r\n\r\n"]), .bytes([settings + data]),
            .flood(head: "", "garbage"), .flood(head: settings, ping), .flood(head: "", settings),
        ])
    func grpc(_ answer: FakeAgent.Answer) async throws {
        try await FakeAgent.with(isRaw: true) { _, _ in
            answer
        } _: { agent in
            let card = Self.card("127.0.0.1:\(agent.port)", "GRPC")
            let report = try await FakeAgent.with(card: card) { _, _ in
                .json([:])
            } _: { front in
                try await run(front, [Self.call, Self.stream], over: [.grpc]) {
                    $0.callTimeout = .milliseconds(500)
                    $0.streamTimeout = .milliseconds(500)
                }
            }
            #expect(report.results.count == 2)
            #expect(!report.results.map(\.outcome).contains(.pass) && !report.results.map(\.outcome).contains(.skip))
            #expect(report.verdict(strict: false) != .conformant)
        }
    }

    @Test(
        "TCP that is silent, talks nonsense, closes or floods is not passed, and ends",
        arguments: [
            FakeAgent.Answer.held([]), .bytes([]), .bytes(["garbage"]), .held(["A2A-TCP"]), .flood(head: "", "garbage"),
            .flood(head: "", "\0"),
        ])
    func tcp(_ answer: FakeAgent.Answer) async throws {
        try await FakeAgent.with(isRaw: true) { _, _ in
            answer
        } _: { agent in
            let card = Self.card(
                "a2a+tcp://127.0.0.1:\(agent.port)", "https://swift-a2a.github.io/bindings/tcp/v1")
            let report = try await FakeAgent.with(card: card) { _, _ in
                .json([:])
            } _: { front in
                try await run(front, [Self.call, Self.stream], over: [.tcp]) {
                    $0.callTimeout = .milliseconds(500)
                    $0.streamTimeout = .milliseconds(500)
                }
            }
            #expect(report.results.count == 2)
            #expect(!report.results.map(\.outcome).contains(.pass) && !report.results.map(\.outcome).contains(.skip))
        }
    }

    // MARK: Bounds

    @Test("an agent that gives no answer is given up after some cases, and what is left out could not be tested")
    func silence() async throws {
        try await FakeAgent.with { _, _ in
            .held([])
        } _: { agent in
            let tests = (1...12).map {
                test("T-\($0)", steps: "  - {id: a, operation: get_task, params: {}}")
            }
            let report = try await run(agent, tests) {
                $0.callTimeout = .milliseconds(50)
                $0.jobs = 2
                $0.maxSilences = 4
            }
            let failed = report.results.filter { $0.outcome == .fail }
            let left = report.results.filter { $0.outcome == .error }
            #expect(failed.count + left.count == 12)
            #expect((4...6).contains(failed.count), "\(failed.count)")
            #expect(
                left.allSatisfy { $0.reason?.contains("gave no answer over JSON-RPC to 4 cases in a row") ?? false })
            #expect(report.verdict(strict: false) == .failed)
        }
    }

    @Test("silences are counted in a row, and for each binding") func counting() throws {
        let plan = try plan([Self.call])
        func result(_ outcome: Outcome, isSilence: Bool = false, _ binding: TransportBinding = .rest) -> CaseResult {
            var result = CaseResult(suite: "s", test: plan.suites[0].tests[0], binding: binding, outcome: outcome)
            if outcome == .fail { result.failure = Failure("x") }
            result.failure?.isSilence = isSilence
            return result
        }
        let silences = Silences(limit: 2)
        for outcome in [result(.fail, isSilence: true), result(.pass), result(.fail, isSilence: true), result(.fail)] {
            silences.note(outcome)
            #expect(silences.reason(.rest) == nil)
        }
        for outcome in [result(.fail, isSilence: true), result(.skip), result(.fail, isSilence: true)] {
            silences.note(outcome)
        }
        #expect(silences.reason(.rest) != nil && silences.reason(.grpc) == nil)
        silences.note(result(.pass))
        #expect(silences.reason(.rest) != nil, "a late answer brings nothing back")
    }

    @Test(
        "a regular expression that would take years is given up, and its case could not be tested",
        arguments: ["(a|a)*$", "a*a*a*a*a*a*b"])
    func regularExpression(_ pattern: String) async throws {
        try await FakeAgent.with { request, _ in
            .result(["id": .string(String(repeating: "a", count: 60_000) + "c")], to: request)
        } _: { agent in
            for assertion in ["{matches: '\(pattern)'}", "{not: {matches: '\(pattern)'}}"] {
                let step = "  - {id: get, operation: get_task, params: {id: t}, expect: {body: {id: \(assertion)}}}"
                let report = try await run(agent, [test(steps: step)])
                #expect(
                    report.results.map(\.outcome) == [.error],
                    "\(assertion): \(report.results[0].failure?.message ?? "")")
                #expect(report.results[0].reason?.contains("took too long") ?? false)
                #expect(report.verdict(strict: false) == .couldNotTest)
            }
        }
    }

    @Test("the searches of a case have one budget") func budget() {
        let budget = SearchBudget(.zero)
        Expression.$budget.withValue(budget) {
            #expect(
                Expression.search("(a|a)*$", in: String(repeating: "a", count: 60) + "c")
                    == .gaveUp("the search took too long"))
            // What is found at once is found.
            #expect(Expression.search("a", in: "a") == .found)
        }
        budget.spend(.seconds(1))
        #expect(budget.left == .zero)
        #expect(Expression.search("^TASK_[A-Z]+$", in: "TASK_X") == .found)
        #expect(Expression.search("b", in: "a") == .absent)
        #expect(Expression.search("(", in: "a") != .found)
        #expect(
            !Expression.isOne("(") && !Expression.isOne(String(repeating: "a", count: 5000))
                && Expression.isOne("a{1,3}"))
    }

    @Test("what an agent sends does not reach the terminal as commands, and long texts are cut") func terminal()
        async throws
    {
        let report = try await FakeAgent.with { request, _ in
            .json([
                "jsonrpc": "2.0", "id": request.json["id"] ?? .null,
                "error": [
                    "code": -32603, "message": .string("\u{1B}]0;x\u{7}" + String(repeating: "m", count: 100_000)),
                ],
            ])
        } _: { rude in
            var card = FakeAgent.card(rude.url)
            card["name"] = .string("evil\u{1B}[2J" + String(repeating: "n", count: 100_000))
            return try await FakeAgent.with(card: card) { _, _ in
                .json([:])
            } _: { agent in
                try await run(agent, [Self.call])
            }
        }
        let text = TextReport.text(report, strict: false)
        #expect(text.contains("evil\\u{1b}[2Jnnn"))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
        #expect(text.utf8.count < 40_000, "\(text.utf8.count)")
    }

    @Test("a card with very many interfaces gives few notes") func manyInterfaces() async throws {
        let card: JSONValue = ["name": "x", "supportedInterfaces": .array(Array(repeating: 1, count: 50_000))]
        let report = try await FakeAgent.with(card: card) { _, _ in
            .json([:])
        } _: { agent in
            try await run(agent, [Self.call])
        }
        #expect(report.notes.count < 30)
        #expect(report.notes.contains { $0.contains("49980 more") }, "\(report.notes)")
        #expect(report.verdict(strict: false) == .couldNotTest)
    }

    // MARK: The executable

    @Test(
        "the executable ends with a report within its time limit, whatever the agent does",
        arguments: [
            FakeAgent.Answer.held([]), .flood(head: eventHead, "data: {}\n\n"), .bytes(["garbage"]),
        ])
    func executable(_ answer: FakeAgent.Answer) async throws {
        try await Program.withFolder { folder in
            let result = try await FakeAgent.with { _, _ in
                answer
            } _: { agent in
                try await Program.run(
                    [
                        "run", agent.url, "--timeout", "2", "--call-timeout", "0.3", "--stream-timeout", "0.3",
                        "--report",
                        "junit=r.xml", "--report", "html=r.html", "--report", "json=r.json",
                    ], in: folder)
            }
            #expect(result.status == 1, "\(result.output.suffix(500)) \(result.errors)")
            #expect(result.output.contains("not conformant: "))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["r.html", "r.jsonrpc.json", "r.rest.json", "r.xml"])
            #expect(result.output.utf8.count < 8 << 20)
        }
    }
}
