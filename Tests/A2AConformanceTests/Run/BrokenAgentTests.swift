import NIOCore
import NIOPosix
import Testing

@testable import A2AConformance

/// Whatever the agent does, the run ends with a report, and says what failed and what could not be tested.
@Suite("Broken agents", .timeLimit(.minutes(2)))
struct BrokenAgentTests {
    private static let tests = [
        test(
            "T-CALL", steps: "  - {id: get, operation: get_task, params: {id: t}, expect: {body: {id: t}}}"),
        test(
            "T-STREAM",
            steps: """
                  - id: stream
                    operation: send_streaming_message
                    params: {message: {role: ROLE_USER, parts: [{text: x}]}}
                    expect_stream: {timeout_ms: 300, min_count: 1}
                """),
    ]

    /// Runs a call and a stream over two bindings against an agent that answers so.
    private func outcomes(
        _ answer: FakeAgent.Answer, callTimeout: Duration = .milliseconds(300)
    ) async throws -> (outcomes: [Outcome], report: RunReport) {
        try await FakeAgent.with { _, _ in
            answer
        } _: { agent in
            let report = try await run(agent, Self.tests, over: [.jsonrpc, .rest]) { $0.callTimeout = callTimeout }
            return (report.results.map(\.outcome), report)
        }
    }

    private static let eventHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    @Test(
        "that hang, close, talk nonsense or flood fail, and the run ends",
        arguments: [
            FakeAgent.Answer.held([]), .held(["HTTP/1.1 200 OK\r\n"]),
            .held(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"]), .held([eventHead]),
            .held([eventHead, "data: {"]), .bytes([]), .bytes(["garbage"]), .bytes(["HTTP/1.1 200 OK\r\n"]),
            .bytes(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"]),
            .text("<html>", type: "text/html"), .text("{\"a\":", type: "application/json"), .json(.null), .json([1]),
            .text("", type: "application/json"), .text("x", status: 500, type: "text/plain"),
            .text(String(repeating: "[", count: 100_000), type: "application/json"),
            .bytes([eventHead + "data: nonsense\n\n"]), .bytes([eventHead + "data: {}\n\nda"]),
            .flood(head: "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 65_536)),
            .flood(head: eventHead, "data: " + String(repeating: "x", count: 65_536)),
            .flood(head: eventHead, "data: {\"task\":{}}\n\n"), .flood(head: eventHead, ": nothing\n\n"),
            .flood(head: "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"),
        ])
    func fail(_ answer: FakeAgent.Answer) async throws {
        let (outcomes, report) = try await self.outcomes(answer)
        #expect(outcomes.count == 4)
        #expect(outcomes.filter { $0 == .fail }.count >= 3, "\(outcomes)")
        #expect(!outcomes.contains(.error) && !outcomes.contains(.skip), "\(outcomes)")
        #expect(report.verdict(strict: false) == .failed)
        #expect(report.results.allSatisfy { $0.outcome == .pass || $0.failure?.message.isEmpty == false })
        #expect(TextReport.text(report, strict: false).contains("FAIL jsonrpc/T-CALL"))
    }

    @Test("that are not there could not be tested")
    func down() async throws {
        // A port that was free a moment ago.
        let port = try await FakeAgent.with { _, _ in
            .json([:])
        } _: {
            $0.port
        }
        let report = await Runner(plan: try plan(Self.tests), configuration: RunConfiguration())
            .run("http://127.0.0.1:\(port)")
        #expect(report.unreachable != nil)
        #expect(report.results.isEmpty)
        #expect(report.verdict(strict: false) == .couldNotTest)
        #expect(TextReport.text(report, strict: false).contains("could not test"))
        #expect(JUnitReport.xml(report, strict: false).contains("<error"))
    }

    @Test(
        "whose card is none could not be tested",
        arguments: [
            FakeAgent.Answer.text("<html>", type: "text/html"), .json([]), .json([:], status: 404), .held([]),
            .bytes([]),
            .flood(head: "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "{", count: 65_536)),
        ])
    func noCard(_ answer: FakeAgent.Answer) async throws {
        let report = try await FakeAgent.with { _, _ in
            answer
        } _: { agent in
            var configuration = RunConfiguration()
            configuration.callTimeout = .milliseconds(300)
            return await Runner(plan: try plan(Self.tests), configuration: configuration)
                .run(agent.url + "/card.json")
        }
        #expect(report.unreachable != nil)
        #expect(report.verdict(strict: false) == .couldNotTest)
    }

    @Test("whose interfaces are broken or dead could not be tested there, and say why")
    func brokenInterfaces() async throws {
        let port = try await FakeAgent.with { _, _ in
            .json([:])
        } _: {
            $0.port
        }
        let card: JSONValue = [
            "name": "x",
            "supportedInterfaces": [
                1, ["url": ""], ["url": "http://h", "protocolBinding": "SOAP", "protocolVersion": "1.0"],
                ["url": "http://h", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"],
                [
                    "url": .string("http://127.0.0.1:\(port)/"), "protocolBinding": "HTTP+JSON",
                    "protocolVersion": "1.0",
                ],
                ["url": "not a host!", "protocolBinding": "GRPC", "protocolVersion": "1.0"],
                ["url": "::::", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"],
            ],
        ]
        let report = try await FakeAgent.with(card: card) { _, _ in
            .json([:])
        } _: { agent in
            await Runner(plan: try plan(Self.tests), configuration: RunConfiguration()).run(agent.url)
        }
        #expect(Set(report.results.map(\.outcome)) == [.error])
        #expect(report.results.count == 4)
        #expect(report.verdict(strict: false) == .couldNotTest)
        let notes = report.notes.joined(separator: "\n")
        for word in ["[0]", "[1]", "SOAP", "0.3", "gRPC was not tested"] { #expect(notes.contains(word), "\(notes)") }
    }

    @Test("without any interface could not be tested")
    func noInterface() async throws {
        let report = try await FakeAgent.with(card: ["name": "x"]) { _, _ in
            .json([:])
        } _: { agent in
            await Runner(plan: try plan(Self.tests), configuration: RunConfiguration()).run(agent.url)
        }
        #expect(report.results.isEmpty)
        #expect(report.verdict(strict: false) == .couldNotTest)
    }

    @Test("a gRPC address that is silent or dead ends the run")
    func silentGRPC() async throws {
        let dead = try await FakeAgent.with { _, _ in
            .json([:])
        } _: {
            $0.port
        }
        try await FakeAgent.with { _, _ in
            .held([])
        } _: { silent in
            for port in [silent.port, dead] {
                let card: JSONValue = [
                    "name": "x",
                    "supportedInterfaces": [
                        ["url": .string("127.0.0.1:\(port)"), "protocolBinding": "GRPC", "protocolVersion": "1.0"]
                    ],
                ]
                let report = try await FakeAgent.with(card: card) { _, _ in
                    .json([:])
                } _: { agent in
                    try await run(agent, Self.tests, over: [.grpc]) {
                        $0.callTimeout = .milliseconds(500)
                        $0.streamTimeout = .milliseconds(500)
                    }
                }
                #expect(report.results.count == 2)
                #expect(!report.results.map(\.outcome).contains(.pass))
            }
        }
    }

    @Test("the time limit of the run ends it, and what was not run could not be tested")
    func runTimeout() async throws {
        try await FakeAgent.with { _, _ in
            .held([])
        } _: { agent in
            let tests = (1...20).map {
                test("T-\($0)", steps: "  - {id: a, operation: get_task, params: {}, delay_ms: 1}")
            }
            let report = try await run(agent, tests) {
                $0.runTimeout = .milliseconds(300)
                $0.callTimeout = .seconds(600)
                $0.jobs = 2
            }
            #expect(report.results.count == 20)
            #expect(Set(report.results.map(\.outcome)) == [.error])
            #expect(report.verdict(strict: false) == .couldNotTest)
        }
    }

    @Test("an agent that goes down in the middle")
    func goesDown() async throws {
        let report = try await FakeAgent.with { request, _ in
            .result(["id": "t"], to: request)
        } _: { agent in
            let dead = try await FakeAgent.with { _, _ in
                .json([:])
            } _: {
                $0.url
            }
            var card = FakeAgent.card(agent.url)
            card["supportedInterfaces"] = [
                ["url": .string(agent.url + "/rpc"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"],
                ["url": .string(dead), "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"],
            ]
            return try await FakeAgent.with(card: card) { _, _ in
                .json([:])
            } _: { front in
                try await run(front, [Self.tests[0]], over: [.jsonrpc, .rest])
            }
        }
        #expect(report.results.map(\.outcome) == [.pass, .error])
        #expect(report.verdict(strict: false) == .couldNotTest)
    }
}
