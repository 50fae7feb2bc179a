package import HTTPTypes

/// A request of the HTTP+JSON binding as a client sends it (§11.3 to §11.5).
package struct RESTCall: Sendable, Hashable {
    package var method: HTTPRequest.Method
    /// The path below the URL of the interface, and the query if there is one; percent-encoded.
    package var path: String
    /// The body in JSON, or `nil` for none.
    package var body: [UInt8]?

    /// Lays out the request for an operation.
    ///
    /// A tenant goes into the path, and stays in the body.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` if an id that belongs into the path is missing.
    package init<Request: RESTRequest>(_ operation: A2AOperation, _ request: Request) throws(A2AError) {
        let parameters = request.pathParameters
        var path = parameters.tenant.isEmpty ? "" : "/" + Self.encode(tenant: parameters.tenant)
        if let taskID = parameters.taskID {
            guard !taskID.isEmpty else {
                throw .invalidParams(field: Self.taskField(operation), "must name a task")
            }
            path += "/tasks/" + PercentEncoding.encode(taskID)
        }
        switch operation {
        case .sendMessage: path += "/message:send"
        case .sendStreamingMessage: path += "/message:stream"
        case .listTasks: path += "/tasks"
        case .getTask: break
        case .cancelTask: path += ":cancel"
        case .subscribeToTask: path += ":subscribe"
        case .getExtendedAgentCard: path += "/extendedAgentCard"
        case .createTaskPushNotificationConfig, .listTaskPushNotificationConfigs: path += "/pushNotificationConfigs"
        case .getTaskPushNotificationConfig, .deleteTaskPushNotificationConfig:
            guard let configID = parameters.configID, !configID.isEmpty else {
                throw .invalidParams(field: "id", "must name a push notification configuration")
            }
            path += "/pushNotificationConfigs/" + PercentEncoding.encode(configID)
        }
        let json = try ModelJSON.encode(request)
        if operation.hasRESTBody {
            self.method = .post
            self.body = json
        } else {
            self.method = operation == .deleteTaskPushNotificationConfig ? .delete : .get
            path += Self.query(json[...], without: parameters)
        }
        self.path = path
    }

    /// A tenant named as the protocol's own segment is written so that no router mistakes it.
    private static func encode(tenant: String) -> String {
        tenant == "tasks" ? "%74asks" : PercentEncoding.encode(tenant)
    }

    private static func taskField(_ operation: A2AOperation) -> String {
        switch operation {
        case .getTask, .cancelTask, .subscribeToTask: "id"
        default: "taskId"
        }
    }

    /// The members of a request that its path does not have, as a query.
    private static func query(_ json: ArraySlice<UInt8>, without parameters: RESTPathParameters) -> String {
        var inPath: Set<String> = ["tenant"]
        if parameters.taskID != nil { inPath.formUnion(["id", "taskId"]) }
        var query = ""
        var scanner = JSONScanner(json)
        try? scanner.enter()
        while let member = try? scanner.nextMember() {
            let name = String(decoding: json[member.name], as: UTF8.self)
            let value = json[member.value]
            guard !inPath.contains(name) else { continue }
            // Strings lose their quotes; numbers and booleans look the same in a query.
            let text = JSONText.string(value) ?? String(decoding: value, as: UTF8.self)
            query += (query.isEmpty ? "?" : "&") + "\(name)=\(PercentEncoding.encode(text))"
        }
        return query
    }
}
