import ArgumentParser

/// The executable `a2a-conformance`.
@main
struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "a2a-conformance",
        abstract: "Judges A2A agents of any implementation: runs ACTS documents against them.",
        discussion: """
            Begin with:  a2a-conformance run http://localhost:9999
            Then:        a2a-conformance explain ID    (a test or a requirement that the report names)

            Exit status: 0 no MUST failed, 1 one did (or a known failure passed), 2 the command line or a document is wrong, \
            3 not everything could be tested.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, ClientCommand.self, ListCommand.self, ExplainCommand.self, CoverageCommand.self,
        ],
        defaultSubcommand: nil)

    /// As the library does it, but what is wrong with the command line has the status 2.
    static func main() async {
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let complaint as Complaint {
            Standard.error("a2a-conformance: \(complaint)\n")
            Standard.end(2)
        } catch {
            let code = Self.exitCode(for: error)
            let text = Self.fullMessage(for: error)
            // Help and the version are answers, not errors.
            if !text.isEmpty { code.isSuccess ? print(text) : Standard.error(text + "\n") }
            Standard.end(code == .validationFailure ? 2 : code.rawValue)
        }
    }
}

/// What is wrong with the command line or a file; exit status 2.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
