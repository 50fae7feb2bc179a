import A2A
import ArgumentParser

/// One run of the tool: what it was given, and where it writes.
///
/// Nothing is remembered from one to the next.
struct Invocation: Sendable {
    /// The version of the tool.
    static let version = "0.1.0"

    /// The arguments without the name of the program.
    var arguments: [String]
    var environment: [String: String]
    var workingDirectory: String
    var console: any Console

    /// Does what the arguments say and reports it.
    func run() async -> ToolStatus {
        if self.asksForVersion {
            self.console.write("a2a \(Self.version)\n")
            return .success
        }
        let command: any ParsableCommand
        do {
            command = try Self.parse(self.arguments)
        } catch {
            return self.report(parsing: error)
        }
        guard let command = command as? any ToolCommand else { return self.help(command) }
        let redactor = Redactor()
        let console = RedactingConsole(base: self.console, redactor: redactor)
        let settings: Settings
        do {
            settings = try Settings(command.global, invocation: self, redactor: redactor)
        } catch {
            return ErrorReporter(console: console, format: self.wantedFormat).report(error)
        }
        let reporter = ErrorReporter(console: console, format: settings.format)
        if settings.isInsecure {
            console.note("Warning: --insecure: TLS certificates are not checked. Anybody on the way can read this.\n")
        }
        if settings.allowsPlaintext {
            console.note(
                "Warning: --insecure-plaintext: agents may be reached without TLS. Anybody on the way can read this.\n")
        }
        do {
            try await command.run(Tool(settings: settings, console: console, invocation: self))
            return .success
        } catch {
            return reporter.report(error, settings: settings)
        }
    }

    /// The command that arguments name, with its options.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        try RootCommand.parseAsRoot(arguments)
    }

    /// Help is an answer, everything else a usage error.
    private func report(parsing error: any Error) -> ToolStatus {
        let text = RootCommand.fullMessage(for: error)
        if RootCommand.exitCode(for: error) == ExitCode.success {
            self.console.write(text.hasSuffix("\n") ? text : text + "\n")
            return .success
        }
        return ErrorReporter(console: self.console, format: self.wantedFormat)
            .report(ToolError.usage(RootCommand.message(for: error)))
    }

    /// Answers `a2a help` and commands without a verb, such as `a2a task`: all that they do is to ask for help.
    private func help(_ command: any ParsableCommand) -> ToolStatus {
        var command = command
        do {
            try command.run()
            return .success
        } catch {
            return self.report(parsing: error)
        }
    }

    /// Whether `-v` or `--version` stands among the arguments.
    private var asksForVersion: Bool {
        let options = self.arguments.prefix { $0 != "--" }
        for (index, argument) in options.enumerated() where argument == "--version" || argument == "-v" {
            // Not if it is somebody's value: `--text -v`.
            if index > 0, options[index - 1] == "--text" { continue }
            return true
        }
        return false
    }

    /// The format of errors that come before the options are understood.
    private var wantedFormat: OutputFormat {
        var format: String?
        let options = Array(self.arguments.prefix { $0 != "--" })
        for (index, argument) in options.enumerated() {
            if argument == "-o" || argument == "--output" {
                format = index + 1 < options.count ? options[index + 1] : nil
            } else if argument.hasPrefix("--output=") {
                format = String(argument.dropFirst("--output=".count))
            } else if argument.hasPrefix("-o"), !argument.hasPrefix("-o="), argument.count > 2 {
                format = String(argument.dropFirst(2))
            }
        }
        return (format ?? self.environment["A2ACLI_OUTPUT"])?.lowercased() == "json" ? .json : .text
    }
}

/// A command that does something.
protocol ToolCommand: ParsableCommand {
    var global: GlobalOptions { get }
    func run(_ tool: Tool) async throws
}

/// What a command works with.
struct Tool: Sendable {
    var settings: Settings
    var console: any Console
    var invocation: Invocation

    var output: ResultWriter {
        ResultWriter(
            console: self.console, format: self.settings.format, isVerbose: self.settings.isVerbose,
            hints: ResumeHints(settings: self.settings))
    }
}

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "a2a",
        abstract: "Talks to agents over the Agent2Agent (A2A) protocol, version 1.0.",
        discussion: """
            Results go to standard output, everything else to standard error. The exit status is 0 when the tool did \
            its job, whatever the agent decided: that is in the task's state. 1 failure, 2 usage, 3 unreachable, \
            4 authentication, 5 timeout.

            Every option can be set in the environment (A2ACLI_AGENT_CARD, A2ACLI_BEARER, …) or in a .env file; \
            'a2a config show' tells what is in force.
            """,
        version: Invocation.version,
        subcommands: [
            SendCommand.self, TaskCommand.self, CardCommand.self, PushCommand.self, GatewayCommand.self,
            HubCommand.self, StoreCommand.self, CertificateCommand.self, ConfigCommand.self,
        ]
    )
}
