import A2ASQLite
import A2AServer
import ArgumentParser
import Logging

/// Where tasks are kept.
struct StoreOptions: ParsableArguments {
    /// A place for tasks.
    enum Place: Equatable, CustomStringConvertible {
        case memory
        case sqlite(String)

        var description: String {
            switch self {
            case .memory: "memory"
            case .sqlite(let path): "sqlite:\(path)"
            }
        }
    }

    @Option(
        help: ArgumentHelp(
            "Where tasks are kept: sqlite:FILE, in which they outlive the agent, or memory.", valueName: "store"),
        transform: Self.place)
    var store: Place = .sqlite(".a2a/agent.db")

    @Flag(
        help: """
            Answers before the disk has confirmed what was written. A power failure can then take the newest tasks and events; the \
            end of the process cannot.
            """)
    var storeNoSync = false

    /// The file of the store, opened; `nil` for memory.
    ///
    /// - Throws: ``A2AError`` that says what is wrong with it.
    func open(logger: Logger) throws -> SQLiteDatabase? {
        guard case .sqlite(let path) = self.store else { return nil }
        var options = SQLiteDatabase.Options()
        if self.storeNoSync { options.synchronous = .normal }
        let database = try SQLiteDatabase(path: path, options: options, logger: logger)
        try database.requireWritable()
        return database
    }

    static func place(_ text: String) throws -> Place {
        if text == "memory" { return .memory }
        guard text.hasPrefix("sqlite:"), text.utf8.count > 7 else {
            throw ValidationError("'\(text)' is no store; write sqlite:FILE, or memory.")
        }
        return .sqlite(String(text.dropFirst(7)))
    }
}
