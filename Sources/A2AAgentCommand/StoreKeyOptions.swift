import A2AHTTP
import A2ASQLite
import A2AServer
import ArgumentParser
import Foundation
import Logging

/// What belongs to a database file beside the task logs: the keys of its secrets, and the admin socket.
struct StoreKeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with the keys that encrypt the secrets in the store: 32 bytes in Base64, one a line, the current one first. "
                + "(default: the environment variable A2A_STORE_KEY, or STORE.key, which is made)", valueName: "file"))
    var storeKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "A Unix domain socket, for this user only, on which 'a2a push status' asks how the agent fares. (default: STORE.admin)",
            valueName: "file"))
    var adminSocket: String?

    /// The configurations in a database. Those whose key is missing wait until it is there.
    ///
    /// - Throws: `ValidationError` if there are no keys, ``A2AError`` if the database fails.
    func pushStore(in database: SQLiteDatabase, logger: Logger) async throws -> SQLitePushNotificationStore {
        do {
            let keys = try StoreKeys.find(
                environment: ProcessInfo.processInfo.environment, file: self.storeKeyFile, beside: database.path)
            return try await SQLitePushNotificationStore(database, keys: keys, logger: logger)
        } catch let failure as StoreKeys.Failure {
            throw ValidationError(failure.description)
        }
    }

    /// The socket; `nil` for none.
    ///
    /// - Parameter database: The file of the store, if it has one.
    func admin(of runtime: TaskRuntime, database: String?) -> [AdminSocket] {
        if let path = self.adminSocket { return [AdminSocket(path: path, runtime: runtime)] }
        guard let path = database.flatMap({ AdminSocket.path(beside: $0) }) else { return [] }
        // Where it is, nobody has asked for it: another agent on the same store may have it.
        return [AdminSocket(path: path, runtime: runtime, isRequired: false)]
    }
}
