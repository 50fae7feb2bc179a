import A2A
import A2ASQLite
import FoundationEssentials
import Logging

/// The database file that a command is about: `sqlite:FILE`, or the path alone. It is there; commands make none.
struct StoreFile: Sendable {
    let path: String

    /// - Throws: ``ToolError`` if there is no such file.
    init(_ text: String, _ tool: Tool) throws {
        let path = text.hasPrefix("sqlite:") ? String(text.dropFirst("sqlite:".count)) : text
        guard !path.isEmpty, text != "memory" else {
            throw ToolError.usage(
                "A store is sqlite:FILE here, not '\(text)'.",
                hint: "What an agent keeps in memory, only the agent can show: --admin-socket")
        }
        self.path = AgentConnection.absolute(path, tool)
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: self.path, isDirectory: &isDirectory), !isDirectory else {
            throw ToolError(
                code: .internal, message: "There is no store '\(path)'.",
                hint: "Give the file that the agent was started with: a2a-agent --store sqlite:FILE")
        }
    }

    /// Opens the file, while an agent uses it or not.
    ///
    /// - Throws: ``ToolError`` that says what is wrong with the file.
    func open() throws -> SQLiteDatabase {
        do {
            return try SQLiteDatabase(
                path: self.path, logger: Logger(label: "a2a.store", factory: { _ in SwiftLogNoOpLogHandler() }))
        } catch let error as A2AError {
            throw ToolError(code: .internal, message: error.message, hint: nil)
        }
    }
}
