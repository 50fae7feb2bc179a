import Foundation
import Testing

@testable import A2AClientHarness
@testable import A2AConformance

/// Our harness in this process.
struct OurHarness: ClientHarness {
    let driver: Driver
    /// Changes what is asked.
    var command: @Sendable (HarnessCommand) -> HarnessCommand = { $0 }
    /// Changes what is answered.
    var answer: @Sendable (HarnessAnswer) -> HarnessAnswer = { $0 }

    func perform(_ command: HarnessCommand) async throws(HarnessFailure) -> HarnessAnswer {
        let json = self.command(command).json(id: "1")
        do {
            let own = try JSONDecoder().decode(Command.self, from: Data(json.bytes))
            let line = await self.driver.perform(own).line
            return self.answer(try HarnessAnswer(try JSONValue(parsing: line), id: "1"))
        } catch {
            throw HarnessFailure("\(error)")
        }
    }

    /// Gives a harness to `body`, with its receivers running.
    static func run<Result: Sendable>(_ body: (Driver) async -> Result) async -> Result {
        let receiver = Receiver()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await receiver.run() }
            let result = await body(Driver(receiver: receiver))
            group.cancelAll()
            return result
        }
    }

    static var hello: HarnessHello {
        get throws { try HarnessHello(try JSONValue(parsing: Driver.hello)) }
    }
}

@Suite("Our client, judged")
struct OurClientTests {
    @Test("our client passes every case over every binding")
    func all() async throws {
        let plan = try ClientMutantTests.plan()
        let hello = try OurHarness.hello
        let (report, push) = await OurHarness.run { driver in
            let harness = OurHarness(driver: driver)
            let report = await ClientMutantTests.run(plan, hello, harness)
            // One harness has one receiver at a time.
            return (report, await ClientMutantTests.run(plan, hello, harness, only: ["push"], jobs: 1))
        }
        #expect(report.bindings == [.jsonrpc, .rest, .grpc, .tcp])
        #expect(report.untested.isEmpty)
        let results = report.results.filter { !$0.test.tags.contains("push") } + push.results
        for result in results where result.outcome == .fail || result.outcome == .error {
            Issue.record("\(result.name): \(TextReport.details(result).joined(separator: "\n"))")
        }
        #expect(results.count { $0.outcome == .pass } > 200)
    }

    /// What is wrong, over which binding, and which cases must see it.
    private struct Fault: Sendable {
        var name: String
        var binding: TransportBinding
        var cases: [String]
        var command: @Sendable (HarnessCommand) -> HarnessCommand = { $0 }
        var answer: @Sendable (HarnessAnswer) -> HarnessAnswer = { $0 }
    }

    private static let faults: [Fault] = [
        Fault(
            name: "answers in place of errors", binding: .grpc,
            cases: ["CLIENT-ERR-001", "CLIENT-ERR-012", "CLIENT-ERR-013", "CLIENT-BROKEN-013"],
            answer: { $0.error == nil ? $0 : HarnessAnswer(result: [:]) }),
        Fault(
            name: "answers in place of errors", binding: .tcp, cases: ["CLIENT-ERR-002", "CLIENT-BROKEN-014"],
            answer: { $0.error == nil ? $0 : HarnessAnswer(result: [:]) }),
        Fault(
            name: "no extensions", binding: .grpc, cases: ["CLIENT-GRPC-002"],
            command: { command in
                var command = command
                command.extensions = []
                return command
            }),
        Fault(
            name: "loses what was said", binding: .grpc, cases: ["CLIENT-GRPC-001"],
            command: { command in
                var command = command
                command.request["message"]?["parts"] = [["text": "bye"]]
                return command
            }),
        Fault(
            name: "always sends", binding: .tcp, cases: ["CLIENT-TCP-001"],
            command: { command in
                var command = command
                command.operation = "send_message"
                command.request = ClientExpectations.usualRequest(.sendMessage)
                return command
            }),
        Fault(
            name: "loses the last event", binding: .rest, cases: ["CLIENT-STREAM-004"],
            answer: { $0.events == nil ? $0 : HarnessAnswer(events: Array(($0.events ?? []).prefix(1))) }),
        Fault(
            name: "a receiver that takes everything", binding: .rest,
            cases: ["CLIENT-PUSH-002", "CLIENT-PUSH-003", "CLIENT-PUSH-004"],
            command: { command in
                var command = command
                if command.operation == "receive_push" { command.request = [:] }
                return command
            }),
        Fault(
            name: "a receiver that takes nothing", binding: .rest, cases: ["CLIENT-PUSH-001", "CLIENT-PUSH-005"],
            command: { command in
                var command = command
                if command.operation == "receive_push" { command.request = ["token": "another"] }
                return command
            }),
        Fault(
            name: "knows nothing of what it reads", binding: .jsonrpc,
            cases: (1...7).map { "CLIENT-PARSE-00\($0)" },
            answer: { $0.result == nil ? $0 : HarnessAnswer(result: ["id": "something else"]) }),
    ]

    @Test("faults of the other bindings and of receivers are caught")
    func mutants() async throws {
        let plan = try ClientMutantTests.plan()
        let hello = try OurHarness.hello
        await OurHarness.run { driver in
            for fault in Self.faults {
                var harness = OurHarness(driver: driver)
                harness.command = fault.command
                harness.answer = fault.answer
                let report = await ClientMutantTests.run(plan, hello, harness, only: fault.cases, jobs: 1)
                for id in fault.cases {
                    let result = report.results.first { $0.name == "\(fault.binding.rawValue)/\(id)" }
                    #expect(result?.outcome == .fail, "\(fault.name): \(id) \(result?.reason ?? "")")
                    print(
                        "\(fault.name): \(fault.binding.rawValue)/\(id) \(result?.test.requirements.joined(separator: " ") ?? "")"
                    )
                }
            }
        }
    }

    @Test("nine of ten statements that bind a client have a case")
    func coverage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: "spec/requirements.yaml")
        let list = try RequirementList(parsing: String(contentsOf: path, encoding: .utf8), file: path.path)
        let coverage = Coverage(list, try ClientMutantTests.plan())
        let own = coverage.testable(.client).filter { $0.requirement.source == "a2a" }
        let gaps = own.filter(\.clientTests.isEmpty)
        print(
            "\(own.count - gaps.count) of \(own.count); without a case: \(gaps.map(\.requirement.id).joined(separator: ", "))"
        )
        #expect(gaps.count * 10 <= own.count)
        #expect(coverage.unknown.isEmpty)
    }
}
