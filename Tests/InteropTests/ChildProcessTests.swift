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
        let outcome = try await ChildProcess.output(of: self.shell, ["-c", script]) { $0 == "ready" }
        #expect(outcome.status == 128 + 9)
    }

    @Test("is gone when its test is cancelled")
    func cancelled() async throws {
        let script = "trap 'kill $!; exit 0' TERM; sleep 600 & echo $$; wait"
        let (processes, started) = AsyncStream.makeStream(of: pid_t.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { started.finish() }
                try await ChildProcess.run(self.shell, ["-c", script]) { child in
                    for await line in child.lines { started.yield(pid_t(line) ?? 0) }
                }
            }
            for await process in processes {
                #expect(kill(process, 0) == 0)
                group.cancelAll()
                try await group.waitForAll()
                #expect(kill(process, 0) == -1)
            }
        }
    }

    @Test("starts with no signal ignored, whatever this process ignores")
    func signals() async throws {
        let before = signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, before) }
        let outcome = try await ChildProcess.output(of: self.shell, ["-c", "kill -USR1 $$; exit 3"])
        #expect(outcome.status == 128 + SIGUSR1)
    }

    @Test("does not keep the files that this process has open")
    func descriptors() async throws {
        // Not closed on exec: only who starts the program can close it.
        let descriptor = dup(1)
        defer { close(descriptor) }
        let script = "[ -e /dev/fd/\(descriptor) ] && echo open || echo closed"
        #expect(try await ChildProcess.output(of: self.shell, ["-c", script]).lines == ["closed"])
    }

    @Test("gives its status and its output, however quick it is and however many run")
    func quick() async throws {
        let (count, atATime) = (200, 25)
        try await withThrowingTaskGroup(of: (Int, ChildProcess.Outcome).self) { group in
            for number in 0..<count {
                if number >= atATime, let (number, outcome) = try await group.next() {
                    self.check(outcome, number)
                }
                group.addTask {
                    let script = "echo \(number); exit \(number)"
                    return (number, try await ChildProcess.output(of: self.shell, ["-c", script]))
                }
            }
            for try await (number, outcome) in group { self.check(outcome, number) }
        }
    }

    private func check(_ outcome: ChildProcess.Outcome, _ number: Int) {
        #expect(outcome.status == number)
        #expect(outcome.lines == ["\(number)"])
        #expect(outcome.errors == "")
    }

    @Test("that cannot be started says so")
    func missing() async throws {
        let outcome = try await ChildProcess.output(of: URL(fileURLWithPath: "/no/such/program"))
        #expect(outcome.status == 127)
        #expect(outcome.errors.contains("/no/such/program"))
    }
}
