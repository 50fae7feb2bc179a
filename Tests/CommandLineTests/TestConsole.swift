import Synchronization

@testable import A2ACommand

/// A console that keeps what is written.
final class TestConsole: Console {
    private struct State {
        var output = ""
        var notes = ""
    }

    private let state = Mutex(State())
    private let input: [UInt8]

    init(input: String = "") { self.input = Array(input.utf8) }

    var output: String { self.state.withLock { $0.output } }
    var notes: String { self.state.withLock { $0.notes } }

    func write(_ text: String) { self.state.withLock { $0.output += text } }
    func note(_ text: String) { self.state.withLock { $0.notes += text } }
    func readInput(upTo limit: Int) -> [UInt8]? { self.input.count > limit ? nil : self.input }
}

/// Runs the tool in this process.
func runTool(
    _ arguments: [String], environment: [String: String] = [:], directory: String = "/nonexistent", input: String = ""
) async -> (status: ToolStatus, output: String, notes: String) {
    let console = TestConsole(input: input)
    let invocation = Invocation(
        arguments: arguments, environment: environment, workingDirectory: directory, console: console)
    let status = await invocation.run()
    return (status, console.output, console.notes)
}
