import Foundation
import Testing

@Suite("A child process", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    private let shell = URL(fileURLWithPath: "/bin/sh")

    @Test("gives its lines, its errors and its status")
    func output() async throws {
        let script = "printf 'one\\n\\ntwo'; echo oops >&2; exit 7"
        let outcome = try await ChildProcess.output(of: self.shell, ["-c", script])
        #expect(outcome.lines == ["one", "", "two"])
        #expect(outcome.errors == "oops\n")
        #expect(outcome.status == 7)
    }

    @Test("is asked to stop when its scope ends, also by an error")
    func scope() async throws {
        struct Oops: Error {}
        let marker = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: marker) }
        let script = "trap 'echo stopped > \(marker.path); kill $!; exit 0' TERM; sleep 600 & echo ready; wait"
        await #expect(throws: Oops.self) {
            try await ChildProcess.run(self.shell, ["-c", script]) { child in
                for await line in child.lines where line == "ready" { throw Oops() }
            }
        }
        #expect(try String(contentsOf: marker, encoding: .utf8) == "stopped\n")
    }

    @Test("is killed when it does not listen")
    func deaf() async throws {
        let script = "trap '' TERM; echo ready; while :; do sleep 1; done"
        let status = try await ChildProcess.run(self.shell, ["-c", script]) { child in
            for await line in child.lines where line == "ready" { return await child.stop() }
            return -1
        }
        #expect(status == 128 + 9)
    }

    @Test("that cannot be started says so")
    func missing() async throws {
        let outcome = try await ChildProcess.output(of: URL(fileURLWithPath: "/no/such/program"))
        #expect(outcome.status == 127)
        #expect(outcome.errors.contains("/no/such/program"))
    }
}
