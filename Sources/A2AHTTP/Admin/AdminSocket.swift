public import A2A
public import A2AServer
import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// What those who operate an agent may ask it, on a Unix domain socket that only its owner can open.
///
/// | path | answer |
/// |---|---|
/// | `GET /push?state=&pageSize=&pageToken=` | a ``PushNotificationStatusPage`` in JSON, without secrets |
/// | `POST /push/retry?taskId=&configId=&destination=` | `{"count": n}`: so many that were given up are tried again |
/// | `POST /push/drop?taskId=&configId=&destination=` | `{"count": n}`: so many that were given up are removed |
///
/// Of several agents on one path one has the socket, and a lock on the file `FILE.lock` beside it; the next one gets both when it ends.
///
/// There is no password: the file system says who may connect. The socket has mode 0600 from its first moment, and directories that are
/// made for it 0700. ``AdminClient`` asks, and so does `curl --unix-socket FILE http://agent/push`.
public struct AdminSocket: ServerBinding {
    /// The longest path, in bytes: what the system's addresses have room for.
    public static let maxPathBytes = 103

    /// Where an agent with a database file has its socket, if nobody says otherwise: beside the file. `nil` if that path is too long.
    public static func path(beside database: String) -> String? {
        let path = database + ".admin"
        return Self.fits(path) ? path : nil
    }

    /// Whether the system has room for the path, and for that of the socket before it gets its name.
    private static func fits(_ path: String) -> Bool {
        max(path.utf8.count, Self.template(path).utf8.count + Self.first.utf8.count) <= Self.maxPathBytes
    }

    /// The directory in which a socket begins, that only its owner can look into: beside its place, with six letters to be chosen.
    private static func template(_ path: String) -> String {
        let directory = (path as NSString).deletingLastPathComponent
        return (directory.isEmpty ? "." : directory == "/" ? "" : directory) + "/." + String(repeating: "X", count: 6)
    }

    /// What a socket is called there.
    private static let first = "/s"

    /// What the name of the file has behind that of the socket on which its agent holds a lock.
    private static let lockSuffix = ".lock"

    private let path: String
    private let runtime: TaskRuntime
    private let isRequired: Bool
    private let retryInterval: Duration
    private let first: String

    /// The most connections at a time.
    private static let maxConnections = 64

    /// - Parameters:
    ///   - path: Where the socket is made. One that is left over is replaced, one that somebody listens on is not.
    ///   - isRequired: Whether the agent does not start without it. Otherwise it goes without as long as it must, and logs why.
    public init(path: String, runtime: TaskRuntime, isRequired: Bool = true) {
        self.init(path: path, runtime: runtime, isRequired: isRequired, retryInterval: .seconds(5))
    }

    /// - Parameters:
    ///   - retryInterval: How often an agent that goes without looks whether it still must.
    ///   - first: What the socket is called in the directory in which it begins, with a slash.
    init(
        path: String, runtime: TaskRuntime, isRequired: Bool, retryInterval: Duration, first: String = Self.first
    ) {
        self.path = path
        self.runtime = runtime
        self.isRequired = isRequired
        self.retryInterval = retryInterval
        self.first = first
    }

    public func serve(
        _ service: any A2AService, logger: Logger, onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let endpoint = BindingEndpoint(address: "unix:\(self.path)", interfaces: [])
        let hasSaidSo = Atomic(false)
        let announce: @Sendable () async -> Void = {
            if !hasSaidSo.exchange(true, ordering: .relaxed) { await onListening(endpoint) }
        }
        guard !self.isRequired else { return try await self.serveOnce(logger, onListening: announce) }
        var reason: String?
        while true {
            do {
                return try await self.serveOnce(logger, onListening: announce)
            } catch {
                if Task.isCancelled { throw error }
                let problem = (error as? A2AError)?.message ?? "\(error)"
                if problem != reason { logger.notice("there is no admin socket", metadata: ["reason": "\(problem)"]) }
                reason = problem
                await announce()
                // Who has it may end before this agent does.
                guard await self.pause() else { return }
            }
        }
    }

    /// Has the socket until the agent ends.
    ///
    /// - Throws: An error if it cannot be had, or is lost.
    private func serveOnce(_ logger: Logger, onListening: @escaping @Sendable () async -> Void) async throws {
        let lock = try self.lock()
        // It is the system that lets go of it if the process is killed.
        defer { close(lock) }
        let directory = try await self.prepare()
        let number = Atomic<UInt64>(0)
        let misplaced = Atomic<Int32>(0)
        // Made where nobody else can reach it, closed to others, and only then put in its place.
        let first = directory + self.first
        let application = Application(
            router: self.router(),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: first),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maxConnections)),
            onServerRunning: { channel in
                chmod(first, 0o600)
                number.store(Self.number(first), ordering: .relaxed)
                guard rename(first, self.path) == 0 else {
                    misplaced.store(errno, ordering: .relaxed)
                    try? await channel.close()
                    return
                }
                rmdir(directory)
                await onListening()
            },
            logger: logger)
        defer {
            let own = number.load(ordering: .relaxed)
            if own != 0, Self.number(self.path) == own { unlink(self.path) }
            unlink(first)
            rmdir(directory)
        }
        do {
            try await application.run()
        } catch {
            throw self.failure(misplaced) ?? error
        }
        if let failure = self.failure(misplaced) { throw failure }
    }

    /// Why the socket is not in its place, if it is not.
    private func failure(_ error: borrowing Atomic<Int32>) -> A2AError? {
        let code = error.load(ordering: .relaxed)
        return code == 0 ? nil : self.cannotBeMade(code)
    }

    private func cannotBeMade(_ code: Int32) -> A2AError {
        A2AError(.invalidParams, "The admin socket \(self.path) cannot be made: \(String(cString: strerror(code))).")
    }

    private var isTaken: A2AError {
        A2AError(.unavailable, "Another agent listens on the admin socket \(self.path).")
    }

    /// The file system's number of a file; 0 if there is none.
    private static func number(_ path: String) -> UInt64 {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// - Returns: Whether the agent still runs after a while.
    private func pause() async -> Bool {
        do {
            return try await cancelWhenGracefulShutdown { [retryInterval = self.retryInterval] in
                try await Task.sleep(for: retryInterval)
                return true
            }
        } catch {
            return false
        }
    }

    /// Takes the lock beside the socket's place, that one agent at a time has: between a look at the place and the moment in which a
    /// socket is put there, nobody else can do the same. The file stays, since the next one may be about to lock it.
    ///
    /// - Returns: A descriptor to be closed.
    private func lock() throws(A2AError) -> Int32 {
        guard Self.fits(self.path) else {
            throw A2AError(
                .invalidParams, "The path of the admin socket is longer than \(Self.maxPathBytes) bytes: \(self.path)")
        }
        let directory = (self.path as NSString).deletingLastPathComponent
        do {
            if !directory.isEmpty {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw A2AError(
                .invalidParams, "The directory of the admin socket cannot be made: \(directory)", cause: error)
        }
        let descriptor = open(self.path + Self.lockSuffix, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw self.cannotBeMade(errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw code == EWOULDBLOCK ? self.isTaken : self.cannotBeMade(code)
        }
        return descriptor
    }

    /// Makes room for the socket; the lock is held.
    ///
    /// - Returns: The directory in which it begins.
    private func prepare() async throws(A2AError) -> String {
        // One that holds no lock may listen all the same.
        do {
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(unixDomainSocketPath: self.path).get()
            try? await channel.close()
            throw self.isTaken
        } catch let error as A2AError {
            throw error
        } catch {
            let code = (error as? IOError)?.errnoCode
            guard code == ECONNREFUSED || code == ENOENT else {
                throw A2AError(
                    .unavailable, "It is not clear whether another agent listens on the admin socket \(self.path).",
                    cause: error)
            }
        }
        var status = stat()
        guard lstat(self.path, &status) != 0 || status.st_mode & S_IFMT == S_IFSOCK else {
            throw A2AError(.invalidParams, "There is a file in the place of the admin socket: \(self.path)")
        }
        var template = Self.template(self.path).utf8CString.map { $0 }
        guard mkdtemp(&template) != nil else {
            throw self.cannotBeMade(errno)
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("push") { request, _ in
            let query = request.uri.queryParameters
            return await Self.answer {
                try await self.runtime.pushNotificationStatus(
                    state: try Self.state(query["state"].map(String.init)),
                    pageSize: try Self.pageSize(query["pageSize"].map(String.init)),
                    pageToken: query["pageToken"].map(String.init))
            }
        }
        router.post("push/retry") { request, _ in
            await Self.answer { ["count": try await self.runtime.retryPushNotifications(Self.selection(request.uri))] }
        }
        router.post("push/drop") { request, _ in
            await Self.answer { ["count": try await self.runtime.dropPushNotifications(Self.selection(request.uri))] }
        }
        return router
    }

    private static func answer(_ body: () async throws -> some Encodable) async -> Response {
        do {
            return HTTPCall.response(
                .ok, Array(try JSONEncoder().encode(try await body())), contentType: "application/json")
        } catch {
            let error = A2AError(wrapping: error)
            return HTTPCall.response(
                HTTPResponse.Status(error), RESTError.encode(error), contentType: HTTPJSONHandler.contentType)
        }
    }

    private static func selection(_ uri: URI) -> PushNotificationSelection {
        let query = uri.queryParameters
        return PushNotificationSelection(
            taskID: query["taskId"].map(String.init), id: query["configId"].map(String.init),
            destination: query["destination"].map(String.init))
    }

    private static func state(_ name: String?) throws -> PushProgress.State? {
        guard let name, !name.isEmpty else { return nil }
        guard let state = PushProgress.State(rawValue: name) else {
            let known = PushProgress.State.allCases.map(\.rawValue).joined(separator: ", ")
            throw A2AError.invalidParams(field: "state", "is one of \(known), not '\(name.prefix(100))'")
        }
        return state
    }

    private static func pageSize(_ text: String?) throws -> Int {
        guard let text else { return 100 }
        guard let size = Int(text), (1...1000).contains(size) else {
            throw A2AError.invalidParams(field: "pageSize", "is 1 to 1000, not '\(text.prefix(100))'")
        }
        return size
    }

    public var description: String { "Admin(\(self.path))" }
}
