/// The events of a stream as assertions see them (conformance/format.md).
///
/// `statusUpdate` and `artifactUpdate` have the names of ACTS beside their own. A `status_update` has the `final` that the draft
/// speaks of and A2A 1.0 does not have: whether it is the last event. The final event has a `task`: the task as it is then.
struct EventView: Sendable {
    private static let names = [("statusUpdate", "status_update"), ("artifactUpdate", "artifact_update")]

    private let events: [JSONValue]

    init(_ events: [StreamedEvent]) { self.events = events.map(\.value) }

    /// All events.
    var all: [JSONValue] { self.events.indices.map { self.event($0) } }

    /// The last event.
    var final: JSONValue? {
        guard let last = self.events.indices.last, case .object(var members) = self.event(last) else { return nil }
        if members["task"] == nil, let task = self.task { members["task"] = task }
        return .object(members)
    }

    private func event(_ index: Int) -> JSONValue {
        guard case .object(var members) = self.events[index] else { return self.events[index] }
        for (name, alias) in Self.names {
            // A member that the agent itself wrote so is a mistake of the agent, and must not pass for the right one.
            if let wrong = members.removeValue(forKey: alias) { members["\(alias) (as sent)"] = wrong }
            guard var update = members[name] else { continue }
            if name == "statusUpdate", update["final"] == nil {
                update["final"] = .bool(index == self.events.count - 1)
            }
            members[alias] = update
        }
        return .object(members)
    }

    /// The task that the events lead to, `nil` if they begin with none.
    private var task: JSONValue? {
        var task: JSONValue?
        for event in self.events {
            if let snapshot = event["task"] {
                task = snapshot
            } else if let update = event["statusUpdate"] {
                task?["status"] = update["status"]
            } else if let update = event["artifactUpdate"], let artifact = update["artifact"] {
                var artifacts = task?["artifacts"]?.elements ?? []
                let index = artifacts.firstIndex { $0["artifactId"] == artifact["artifactId"] }
                if let index, update["append"] == true {
                    let parts = (artifacts[index]["parts"]?.elements ?? []) + (artifact["parts"]?.elements ?? [])
                    artifacts[index]["parts"] = .array(parts)
                } else if let index {
                    artifacts[index] = artifact
                } else {
                    artifacts.append(artifact)
                }
                task?["artifacts"] = .array(artifacts)
            }
        }
        return task
    }

    /// What an event is, in a word or two: `status WORKING`.
    static func summary(_ event: JSONValue) -> String {
        if let task = event["task"] { return "task " + Self.state(task["status"]) }
        if let update = event["statusUpdate"] { return "status " + Self.state(update["status"]) }
        if let update = event["artifactUpdate"] {
            return "artifact " + (update["artifact"]?["artifactId"]?.string ?? "without id")
        }
        return event["message"] == nil ? "an event of no kind: \(Mismatch.text(event))" : "message"
    }

    private static func state(_ status: JSONValue?) -> String {
        let state = status?["state"]?.textOrJSON ?? "without state"
        return state.hasPrefix("TASK_STATE_") ? String(state.dropFirst(11)) : state
    }
}
