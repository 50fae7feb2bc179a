import A2A
import ArgumentParser

/// The commands about the configuration: `a2a config …`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Looks at the configuration.", subcommands: [ConfigShowCommand.self])
}

/// `a2a config show`: what is in force, and where it comes from.
///
/// Changes nothing.
struct ConfigShowCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows the settings in force and where each comes from.")

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let settings = tool.settings.effective.map { setting -> EffectiveSetting in
            var setting = setting
            if setting.isSecret { setting.value = "[redacted]" }
            return setting
        }
        switch tool.settings.format {
        case .text:
            tool.output.text { blocks in
                for setting in settings { blocks.field(setting.name, "\(setting.value) (\(setting.source))") }
            }
        case .json:
            var members: [String: A2AValue] = [:]
            for setting in settings {
                members[setting.name] = A2AValue(
                    ["value": A2AValue(setting.value), "source": A2AValue(setting.source.description)])
            }
            try tool.output.json(A2AMetadata(members))
        }
    }
}
