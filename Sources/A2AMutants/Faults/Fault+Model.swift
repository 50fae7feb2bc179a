import A2A
import A2AConformance
import HTTPTypes

extension Fault {
    /// Faults of the data model and its JSON.
    static let model: [Fault] = [
        Fault("timestamps-without-z", "DM-SERIAL-003", "Timestamps have no Z.")
            .http(.members { name, value in if name == "timestamp" { value.dropSuffix("Z") } }),
        Fault("timestamps-with-offset", "DM-TIME-004", "Timestamps have the offset +00:00.")
            .http(
                .members { name, value in
                    if name == "timestamp", let text = value.string, text.hasSuffix("Z") {
                        value = .string(text.dropLast() + "+00:00")
                    }
                }),
        Fault("timestamps-as-numbers", "DM-SERIAL-003", "Timestamps are seconds since 1970.")
            .http(.members { name, value in if name == "timestamp" { value = 1_700_000_000 } }),
        Fault("timestamps-in-seconds", "DM-TIME-001", "Timestamps have no milliseconds.")
            .http(
                .members { name, value in
                    if name == "timestamp", let text = value.string, let dot = text.firstIndex(of: ".") {
                        value = .string(text[..<dot] + "Z")
                    }
                }),
        Fault("enums-in-lower-case", "DM-SERIAL-002", "States are written in lower case, as in version 0.3.")
            .http(
                .members { name, value in
                    if name == "state", let text = value.string, text.hasPrefix("TASK_STATE_") {
                        value = .string(text.dropFirst(11).lowercased().replacing("_", with: "-"))
                    }
                }),
        Fault("enums-as-numbers", "DM-SERIAL-002", "Roles are numbers.")
            .http(
                .members { name, value in
                    if name == "role" { value = value == "ROLE_USER" ? 1 : 2 }
                }),
        Fault("snake-case", "DM-SERIAL-001", "Names are in snake case.")
            .http(
                .payload { json in
                    json.walkObjects { members in
                        for (name, alias) in [("contextId", "context_id"), ("artifactId", "artifact_id")] {
                            if let value = members.removeValue(forKey: name) { members[alias] = value }
                        }
                    }
                }),
        Fault("kind-members", "MIG-SERVER-003", "Objects have a member kind, as in version 0.3.")
            .http(.payload { $0.walkObjects { if $0["artifactId"] != nil { $0["kind"] = "artifact" } } }),
        Fault("unknown-members-refused", "DM-SERIAL-005", "A request with an unknown member is refused.")
            .http(
                HTTPFilter(instead: { request in
                    let body = request.json
                    let message = (body?["params"] ?? body)?["message"]?.members.map { Set($0.keys) } ?? []
                    let known: Set = [
                        "messageId", "contextId", "taskId", "role", "parts", "metadata", "extensions",
                        "referenceTaskIds",
                    ]
                    guard !message.isSubset(of: known) else { return nil }
                    let error: JSONValue = [
                        "code": request.route == .rest ? 400 : -32602, "message": "There is an unknown member.",
                        "status": "INVALID_ARGUMENT",
                    ]
                    var json: JSONValue = ["error": error]
                    if request.route == .jsonRPC { json["jsonrpc"] = "2.0" }
                    if request.route == .jsonRPC { json["id"] = body?["id"] ?? .null }
                    return .init(
                        status: request.route == .rest ? 400 : 200, headers: [.contentType: "application/json"],
                        body: json.bytes, isStream: false)
                })),
        Fault("raw-not-base64", "DM-PART-002", "raw is written as text.")
            .http(.members { name, value in if name == "raw" { value = "not base64!" } }),
        Fault("data-as-text", "DM-PART-003", "data is JSON in a text.")
            .http(.members { name, value in if name == "data" { value = .string(value.description) } }),
        Fault("two-kinds-of-part", "DM-PART-001", "A part of data has a text too.")
            .http(.payload { $0.walkObjects { if $0["data"] != nil { $0["text"] = "data" } } }),
        Fault("part-loses-names", "DM-PART-004", "Parts lose their file name.")
            .answer { (answer: inout A2ASendMessageResponse) in
                answer.changeTask { $0.changeParts { $0.filename = "" } }
                answer.changeMessage { for index in $0.parts.indices { $0.parts[index].filename = "" } }
            },
        Fault("artifact-without-id", "DM-ART-001", "Artifacts have no id.")
            .answer { (answer: inout A2ASendMessageResponse) in
                answer.changeTask { for index in $0.artifacts.indices { $0.artifacts[index].clearArtifactID() } }
            },
        Fault("artifact-without-parts", "DM-ART-001", "Artifacts have no parts.")
            .answer { (answer: inout A2ASendMessageResponse) in
                answer.changeTask { for index in $0.artifacts.indices { $0.artifacts[index].parts = [] } }
            },
        Fault("same-artifact-id", "DM-ART-002", "All artifacts of a task have one id.")
            .answer { (answer: inout A2ASendMessageResponse) in
                answer.changeTask { for index in $0.artifacts.indices { $0.artifacts[index].artifactID = "artifact" } }
            },
        Fault("no-state", "DM-STATE-001", "Listed tasks are in the state UNSPECIFIED.")
            .answer { (answer: inout A2AListTasksResponse) in
                for index in answer.tasks.indices { answer.tasks[index].status.state = .unspecified }
            },
        Fault("metadata-as-texts", "CORE-META-001", "Values of metadata become texts.")
            .http(
                .members { name, value in
                    guard name == "metadata", let members = value.members else { return }
                    value = .object(members.mapValues { .string($0.string ?? $0.description) })
                }),
        Fault("message-without-role-taken", "DM-PRES-002", "A message without a role is taken.")
            .request { (request: inout A2ASendMessageRequest) in request.message.role = .user },
    ]
}

extension A2ATask {
    mutating func changeParts(_ change: (inout A2APart) -> Void) {
        for artifact in self.artifacts.indices {
            for part in self.artifacts[artifact].parts.indices { change(&self.artifacts[artifact].parts[part]) }
        }
    }
}

extension JSONValue {
    mutating func dropSuffix(_ suffix: String) {
        if let text = self.string, text.hasSuffix(suffix) { self = .string(String(text.dropLast(suffix.count))) }
    }
}
