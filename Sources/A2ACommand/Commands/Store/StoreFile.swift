import A2A
import A2ASQLite
import ArgumentParser
import FoundationEssentials
import Logging

/// The database file that a command is about: `sqlite:FILE`, or the path alone. It is there; commands make none.
struct StoreFile: Sendable {
    /// Where `a2a-agent` has its store.
    static let defaultPath = ".a2a/agent.db"

    /// The file itself, also where the name is a symbolic link to one: what belongs to a store is beside that.
    let path: String

    /// The path that a store's name stands for.
    ///
    /// - Throws: ``ToolError`` if it is not one of a file.
    static func path(_ text: String, _ tool: Tool) throws -> String {
        let path = text.hasPrefix("sqlite:") ? String(text.dropFirst("sqlite:".count)) : text
        guard !path.isEmpty, text != "memory" else {
            throw ToolError.usage(
                "A store is sqlite:FILE here, not '\(text)'.",
                hint: "What an agent keeps in memory, only the agent can show: a2a push status --admin-socket")
        }
        return AgentConnection.absolute(path, tool)
    }

    /// - Throws: ``ToolError`` if there is no such file.
    init(_ text: String, _ tool: Tool) throws {
        self.path = SQLiteDatabase.file(of: try Self.path(text, tool))
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: self.path, isDirectory: &isDirectory), !isDirectory else {
            throw ToolError(
                code: .internal, message: "There is no store '\(self.path)'.",
                hint: "Give the file that the agent was started with: a2a-agent --store sqlite:FILE")
        }
    }

    /// Opens the file, while an agent uses it or not, and leaves its schema as it is: the agent may be of an earlier version.
    ///
    /// - Throws: ``ToolError`` that says what is wrong with the file.
    func open() throws -> SQLiteDatabase {
        do {
            var options = SQLiteDatabase.Options()
            options.migrates = false
            return try SQLiteDatabase(
                path: self.path, options: options,
                logger: Logger(label: "a2a.store", factory: { _ in SwiftLogNoOpLogHandler() }))
        } catch let error as A2AError {
            throw ToolError(code: .internal, message: error.message, hint: nil)
        }
    }
}

/// The keys of the secrets in a store, for who looks at it: without them most of it can be seen too.
struct StoreKeyLookUp: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file with the agent's keys, to see which push notification configurations it can read. (default: A2A_STORE_KEY, or "
                + "STORE.key)", valueName: "file"))
    var storeKeyFile: String?

    /// The keys; `nil` if none are found and nobody has named a file.
    ///
    /// - Throws: ``ToolError`` if the file that was named has no keys.
    func keys(_ file: StoreFile, _ tool: Tool) throws -> StoreKeys? {
        do {
            return try StoreKeys.find(
                environment: tool.invocation.environment,
                file: self.storeKeyFile.map { AgentConnection.absolute($0, tool) }, beside: file.path,
                mayMakeFile: false)
        } catch {
            guard self.storeKeyFile != nil else { return nil }
            throw ToolError(code: .internal, message: error.description)
        }
    }
}
