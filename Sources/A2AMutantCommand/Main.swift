import A2AMutants
import ArgumentParser
import Foundation
import Logging

/// The executable `a2a-mutant`: our agent with one fault, to see whether a judge finds it.
@main
struct MutantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "a2a-mutant",
        abstract: "Runs the reference agent with one fault, so that judges of agents can be judged.",
        discussion: """
            Listens on free ports of the loopback interface, and says READY with its base URL. conformance/mutants.md lists the \
            faults, the requirement that each breaks and the cases that find it. The agents that ask for a token know \
            \(MutantAgent.tokens.joined(separator: " and ")).
            """,
        version: "0.1.0")

    @Option(help: ArgumentHelp("What is wrong; without it nothing is.", valueName: "name"))
    var fault: String?

    @Flag(help: "Lists the faults: name, requirement, what is wrong.")
    var list = false

    func run() async throws {
        guard !self.list else {
            for fault in Fault.all { print("\(fault.name)\t\(fault.requirement)\t\(fault.summary)") }
            return
        }
        let fault = try self.fault.map { name in
            guard let fault = Fault.named(name) else {
                throw ValidationError("There is no fault '\(name)'; --list shows them.")
            }
            return fault
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "a2a-mutant")
        logger.logLevel = .error
        try await MutantAgent(fault: fault, logger: logger).runService { url in
            FileHandle.standardOutput.write(Data("READY \(url)\n".utf8))
        }
    }
}
