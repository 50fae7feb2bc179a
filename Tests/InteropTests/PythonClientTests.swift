import Foundation
import Testing

/// The official Python client drives agents; every line that `drive.py` prints is checked.
@Suite("The Python SDK's client", .disabled(if: Programs.isSkipped, "A2A_SKIP_INTEROP=1"), .timeLimit(.minutes(5)))
struct PythonClientTests {
    @Test("drives our agent", arguments: ["JSONRPC", "HTTP+JSON"])
    func drivesOurAgent(_ binding: String) async throws {
        try await RunningAgent.ours { url in
            try await self.drive(url, binding)
        }
    }

    // Keeps the scenarios honest: the agent of the same SDK must pass them, up to where it is known to deviate.
    @Test(
        "drives its own agent",
        arguments: [
            // JSON of Python's protobuf prints whole numbers in `data` with a fraction; the text of an unexpected
            // error goes out to the caller.
            ("JSONRPC", ["whole-numbers", "throwing-agent"]),
            ("HTTP+JSON", ["whole-numbers"]),
        ])
    func drivesItsOwnAgent(_ binding: String, deviations: [String]) async throws {
        try await RunningAgent.python { url in
            try await self.drive(url, binding, expectingFailures: deviations)
        }
    }

    private struct Line: Decodable {
        var scenario: String
        var ok: Bool
        var detail: String
    }

    private func drive(_ url: String, _ binding: String, expectingFailures failing: [String] = []) async throws {
        let python = try Programs.python()
        let driver = Programs.script("drive.py")
        let scenarios = try await ChildProcess.output(of: python, [driver, "--list"]).lines
        #expect(scenarios.count > 30)

        let deviations = failing.isEmpty ? [] : ["--expect-failing"] + failing
        let outcome = try await ChildProcess.output(of: python, [driver, url, "--binding", binding] + deviations)
        let lines = try outcome.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        for line in lines {
            #expect(line.ok, "\(binding), \(line.scenario): \(line.detail)")
        }
        #expect(lines.map(\.scenario) == scenarios, "drive.py did not finish: \(outcome.errors)")
        #expect(outcome.status == 0)
    }
}
