package import HTTPTypes

/// Finds the operation that a method and a path name on the HTTP+JSON binding (§5.3, §11.3).
///
/// Every path may have a tenant before it: `/{tenant}/tasks/{id}`. Names that belong to the protocol (`tasks`,
/// `message:send`, the suffix `:cancel`) count only where they stand unencoded, and segments are decoded once, after
/// the path was split; so identifiers and tenants may contain anything, encoded where need be.
///
/// Some paths can be read with and without a tenant, such as `/tasks/tasks`. The reading without a tenant is taken
/// unless only the other one has the method: `GET /tasks/tasks` is the task "tasks", `GET /tasks/tasks/x` the task "x"
/// of the tenant "tasks", `POST /tasks/message:send` a message to that tenant. A tenant written `%74asks` is never
/// taken for the protocol's `tasks`; ``RESTCall`` writes it so.
package enum RESTRouter {
    /// What a path names.
    package enum Outcome: Sendable {
        case matched(RESTMatch)
        /// There is nothing at the path: HTTP 404, and ``notFound``.
        case notFound
        /// The path exists, but not with this method: HTTP 405 with `Allow`, and ``methodNotAllowed(_:)``.
        case methodNotAllowed(allowed: [HTTPRequest.Method])
    }

    /// The error for a path that names nothing.
    package static var notFound: A2AError {
        A2AError(.methodNotFound, "There is no operation at this path.")
    }

    /// The error for a path that exists with other methods.
    package static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> A2AError {
        A2AError(
            .methodNotFound,
            "This path does not have this method. Use \(allowed.map(\.rawValue).joined(separator: " or ")).")
    }

    /// Reads a method and a path.
    ///
    /// - Parameter path: The percent-encoded path below the prefix where the binding is mounted, without its query.
    /// - Throws: ``A2AError`` with `.invalidParams` if a segment is not well encoded.
    package static func match(
        method: HTTPRequest.Method, path: Substring
    ) throws(A2AError) -> Outcome {
        guard path.utf8.first == UInt8(ascii: "/") else { return .notFound }
        let segments = path.dropFirst().split(
            separator: "/", maxSplits: Self.maxSegments, omittingEmptySubsequences: false)
        guard segments.count <= Self.maxSegments, segments.allSatisfy({ !$0.isEmpty }) else { return .notFound }

        let plain = Resource(segments[...])
        if let plain, let operation = plain.operation(method) {
            return .matched(try plain.match(operation, tenant: nil))
        }
        let tenanted = Resource(segments.dropFirst())
        if let tenanted, let operation = tenanted.operation(method) {
            return .matched(try tenanted.match(operation, tenant: segments.first))
        }
        var allowed: [HTTPRequest.Method] = []
        for (method, _) in (plain?.operations ?? []) + (tenanted?.operations ?? []) where !allowed.contains(method) {
            allowed.append(method)
        }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed: allowed)
    }

    /// Reads a method and a path.
    package static func match(method: HTTPRequest.Method, path: String) throws(A2AError) -> Outcome {
        try Self.match(method: method, path: path[...])
    }

    /// `/{tenant}/tasks/{id}/pushNotificationConfigs/{configId}` is the longest path.
    private static let maxSegments = 5
}

/// An operation and what its path says.
package struct RESTMatch: Sendable, Hashable {
    package var operation: A2AOperation
    /// The tenant; empty for none.
    package var tenant: String
    /// The task's id; empty where the path has none.
    package var taskID: String
    /// The id of the push notification configuration; empty where the path has none.
    package var configID: String

    package init(operation: A2AOperation, tenant: String = "", taskID: String = "", configID: String = "") {
        self.operation = operation
        self.tenant = tenant
        self.taskID = taskID
        self.configID = configID
    }
}

/// What the segments after the tenant name, still encoded.
private struct Resource {
    private(set) var operations: [(HTTPRequest.Method, A2AOperation)] = []
    private var taskID: Substring?
    private var configID: Substring?

    init?(_ segments: ArraySlice<Substring>) {
        let (first, count) = (segments.startIndex, segments.count)
        guard count > 0 else { return nil }
        guard count > 1 else {
            switch segments[first] {
            case "tasks": self.operations = [(.get, .listTasks)]
            case "message:send": self.operations = [(.post, .sendMessage)]
            case "message:stream": self.operations = [(.post, .sendStreamingMessage)]
            case "extendedAgentCard": self.operations = [(.get, .getExtendedAgentCard)]
            default: return nil
            }
            return
        }
        guard count <= 4, segments[first] == "tasks" else { return nil }
        guard count > 2 else {
            guard self.setTask(segments[first + 1]) else { return nil }
            return
        }
        guard segments[first + 2] == "pushNotificationConfigs" else { return nil }
        self.taskID = segments[first + 1]
        if count == 3 {
            self.operations = [
                (.get, .listTaskPushNotificationConfigs), (.post, .createTaskPushNotificationConfig),
            ]
        } else {
            self.configID = segments[first + 3]
            self.operations = [
                (.get, .getTaskPushNotificationConfig), (.delete, .deleteTaskPushNotificationConfig),
            ]
        }
    }

    /// Reads the last segment of `/tasks/{id}`, `/tasks/{id}:cancel` or `/tasks/{id}:subscribe`.
    private mutating func setTask(_ segment: Substring) -> Bool {
        if let id = Self.drop(":cancel", from: segment) {
            self.operations = [(.post, .cancelTask)]
            self.taskID = id
        } else if let id = Self.drop(":subscribe", from: segment) {
            // The text says POST (§11.3.2), the annotation in upstream's proto GET: both are served.
            self.operations = [(.post, .subscribeToTask), (.get, .subscribeToTask)]
            self.taskID = id
        } else {
            self.operations = [(.get, .getTask)]
            self.taskID = segment
        }
        return self.taskID?.isEmpty == false
    }

    private static func drop(_ suffix: StaticString, from segment: Substring) -> Substring? {
        let (utf8, length) = (segment.utf8, suffix.utf8CodeUnitCount)
        let bytes = UnsafeBufferPointer(start: suffix.utf8Start, count: length)
        guard utf8.suffix(length).elementsEqual(bytes) else { return nil }
        return Substring(utf8.dropLast(length))
    }

    func operation(_ method: HTTPRequest.Method) -> A2AOperation? {
        self.operations.first { $0.0 == method }?.1
    }

    func match(_ operation: A2AOperation, tenant: Substring?) throws(A2AError) -> RESTMatch {
        RESTMatch(
            operation: operation,
            tenant: try Self.decode(tenant, "tenant"),
            taskID: try Self.decode(self.taskID, "id"),
            configID: try Self.decode(self.configID, "configId")
        )
    }

    private static func decode(_ segment: Substring?, _ field: String) throws(A2AError) -> String {
        guard let segment else { return "" }
        guard let decoded = PercentEncoding.decode(segment) else {
            throw .invalidParams(field: field, "must be UTF-8, percent-encoded, in the path")
        }
        return decoded
    }
}
