import ArgumentParser

/// The executable `a2a-conformance`.
@main
struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "a2a-conformance",
        abstract: "Judges A2A agents of any implementation: runs ACTS documents against them.",
        discussion: """
            Exit status: 0 no MUST failed, 1 one did (or a known failure passed), 2 the command line or a document is wrong, \
            3 not everything could be tested.
            """,
        version: "0.1.0",
        subcommands: [RunCommand.self, ListCommand.self, ExplainCommand.self, CoverageCommand.self],
        defaultSubcommand: nil)
}
