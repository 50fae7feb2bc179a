import A2A
import A2ASQLite
import ArgumentParser

/// The commands about the file in which an agent keeps its tasks: `a2a store …`.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Copies, checks, exports and imports the file in which an agent keeps its tasks, also while it runs.",
        subcommands: [
            StoreInfoCommand.self, StoreBackupCommand.self, StoreCheckCommand.self, StoreExportCommand.self,
            StoreImportCommand.self,
        ]
    )
}

/// Which file a command is about.
struct StoreFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The store: sqlite:FILE. (default: A2ACLI_STORE, or \(StoreFile.defaultPath), where a2a-agent has it)",
            valueName: "store"))
    var store: String?

    func file(_ tool: Tool) throws -> StoreFile {
        try StoreFile(tool.settings.lookUp("store", flag: self.store) ?? StoreFile.defaultPath, tool)
    }
}

/// Shows what is in a file: `a2a store info`.
struct StoreInfoCommand: ToolCommand {
    static let configuration = CommandConfiguration(commandName: "info", abstract: "Shows what is in a store.")

    @OptionGroup var store: StoreFileOptions
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let database = try self.store.file(tool).open()
        let info = try await ToolError.wrapping { try await database.info() }
        await database.close()
        try tool.report(
            [
                ("Store", .text(database.path)), ("Bytes", .number(info.fileBytes)),
                ("Log Bytes", .number(info.logBytes)), ("Schema", .text(info.schema.joined(separator: ", "))),
                ("SQLite", .text(info.libraryVersion)), ("Tasks", .number(info.tasks)),
                ("Unfinished Tasks", .number(info.unfinishedTasks)), ("Events", .number(info.events)),
                ("Push Configurations", .number(info.pushConfigurations)),
                ("Given Up", .number(info.deadPushConfigurations)),
                ("Keys", .text(info.keyIDs.joined(separator: ", "))),
            ] + info.leftovers.map { ("Left Over", .text($0)) })
    }
}

/// Copies a file: `a2a store backup`.
struct StoreBackupCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies a store into a new file, while the agent runs or not.",
        discussion: """
            The copy shows the store as it stood at one moment, and is a store like it. Keys (STORE.key, or wherever they are) are not \
            part of it: keep them too, and elsewhere.

            An agent on the copy goes on by itself: tasks that had not ended get other numbers of events there, so that nobody goes on \
            in the copy with what the original has told them since. Copy a store with this command, not with cp.
            """)

    @Argument(help: "The new file.")
    var destination: String

    @OptionGroup var store: StoreFileOptions
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let database = try self.store.file(tool).open()
        let path = AgentConnection.absolute(self.destination, tool)
        try await ToolError.wrapping { try await database.backUp(to: path) }
        await database.close()
        try tool.report([("Backup", .text(path))])
    }
}

/// Looks whether a file is sound: `a2a store check`.
struct StoreCheckCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Looks whether a store is sound: its pages, its counters, and every log. It reads all of it.",
        discussion: "It tells too which push notification configurations cannot be read, because their key is missing.")

    @OptionGroup var store: StoreFileOptions
    @OptionGroup var keys: StoreKeyLookUp
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let file = try self.store.file(tool)
        let keys = try self.keys.keys(file, tool)
        let database = try file.open()
        let findings = try await ToolError.wrapping { try await database.check() }
        guard !findings.isEmpty else {
            let unreadable = try await ToolError.wrapping {
                try await SQLitePushNotificationStore.unreadable(in: database, with: keys)
            }
            await database.close()
            return try tool.report([("Sound", .text(database.path))] + Self.fields(unreadable, keys))
        }
        await database.close()
        try tool.report(findings.map { ("Finding", .text($0)) })
        throw ToolError(
            code: .internal, message: "The store '\(database.path)' is damaged (\(findings.count) findings).",
            hint:
                "Put a backup in its place, and move the old file's -wal and -shm away with it. What can still be read can be saved with: "
                + "a2a store export")
    }

    private static func fields(_ unreadable: [String: Int], _ keys: StoreKeys?) -> [(String, ReportValue)] {
        let given = keys.map { "given: \($0.ids.joined(separator: ", "))" } ?? "no keys were found"
        return unreadable.sorted { $0.key < $1.key }.map { key, count in
            ("Unreadable", .text("\(count) push notification configurations, whose key \(key) is missing; \(given)"))
        }
    }
}

/// Writes tasks as lines of JSON: `a2a store export`.
struct StoreExportCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes all tasks and their logs as lines of JSON, while the agent runs or not.",
        discussion: """
            Push notification configurations are left out, unless they are asked for. Their URLs, tokens and credentials are never in clear: they \
            stay encrypted as they are in the store, and are of use only where the same key is. Turns are not part of an export.
            """)

    @Argument(help: "The new file. (default: standard output)")
    var destination: String?

    @Flag(help: "Includes push notification configurations, encrypted.")
    var pushConfigurations = false

    @OptionGroup var store: StoreFileOptions
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let database = try self.store.file(tool).open()
        guard let destination = self.destination, destination != "-" else {
            _ = try await ToolError.wrapping {
                try await database.export(includingPushConfigurations: self.pushConfigurations) {
                    tool.console.write(String(decoding: $0, as: UTF8.self))
                }
            }
            return await database.close()
        }
        let path = AgentConnection.absolute(destination, tool)
        let file = try LineFile(creating: path)
        do {
            let transfer = try await ToolError.wrapping {
                try await database.export(includingPushConfigurations: self.pushConfigurations) { try file.write($0) }
            }
            try file.finish()
            await database.close()
            try tool.report(
                [("Export", .text(path)), ("Tasks", .number(transfer.tasks))]
                    + (self.pushConfigurations ? [("Push Configurations", .number(transfer.pushConfigurations))] : [])
                    + [("Lines", .number(transfer.lines))])
        } catch {
            file.discard()
            throw error
        }
    }
}

/// Puts an export into a store: `a2a store import`.
struct StoreImportCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Puts an export into a store, whole or not at all.",
        discussion: """
            The store is made if it is not there. If it is, no agent may have it open. Tasks that are in it already are passed over if \
            they are the same; if some differ, nothing is imported, and they are named.

            Tasks that had not ended get other numbers of events, as in a backup, and nobody works on them before a message comes. \
            Push notification configurations (export --push-configurations) need the key that they were encrypted with.
            """)

    @Argument(help: "The export; - for standard input.")
    var source: String

    @Option(help: ArgumentHelp("The store: sqlite:FILE.", valueName: "store"))
    var store: String

    @Flag(help: "Tasks of the export take the place of those in the store that differ.")
    var replace = false

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let path = try StoreFile.path(self.store, tool)
        let source = try LineFile(
            reading: self.source == "-" ? "/dev/stdin" : AgentConnection.absolute(self.source, tool))
        let transfer = try await ToolError.wrapping {
            try await SQLiteDatabase.importing(into: path, replacing: self.replace) { try source.nextLine() }
        }
        try tool.report([
            ("Store", .text(path)), ("Tasks", .number(transfer.tasks)), ("Replaced", .number(transfer.replaced)),
            ("Skipped", .number(transfer.skipped)), ("Push Configurations", .number(transfer.pushConfigurations)),
            ("Lines", .number(transfer.lines)),
        ])
    }
}

extension ToolError {
    /// What a store says is wrong is the tool's own failure, not an agent's.
    static func wrapping<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as A2AError {
            throw ToolError(code: error.code == .invalidRequest ? .usage : .internal, message: error.message)
        }
    }
}

/// A value of a report.
enum ReportValue {
    case text(String)
    case number(Int)
}

extension Tool {
    /// What there may be several of.
    private static let lists: Set = ["Finding", "Left Over", "Unreadable"]

    /// Fields: a line each as text, one object as JSON. Several of one name are an array there.
    func report(_ fields: [(label: String, value: ReportValue)]) throws {
        switch self.settings.format {
        case .text:
            self.output.text { blocks in
                for (label, value) in fields {
                    switch value {
                    case .text(let text): blocks.field(label, text)
                    case .number(let number): blocks.field(label, "\(number)")
                    }
                }
            }
        case .json:
            var members: [String: A2AValue] = [:]
            for (label, values) in Dictionary(grouping: fields, by: \.label) {
                let name = label.lowercased().replacing(" ", with: "-")
                let written = values.map { field -> A2AValue in
                    switch field.value {
                    case .text(let text): A2AValue(text)
                    case .number(let number): A2AValue(Double(number))
                    }
                }
                members[name] = Self.lists.contains(label) ? A2AValue(written) : written.first
            }
            try self.output.json(A2AMetadata(members))
        }
    }
}
