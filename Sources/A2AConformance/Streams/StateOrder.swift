/// `ordering: monotonic_state` (ACTS §7.1): no state comes after a terminal one, none goes back to SUBMITTED.
///
/// A2A itself has no other rule: a task may be COMPLETED without ever having been WORKING. The same state may come again.
enum StateOrder {
    static let terminal: Set<String> = [
        "TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED",
    ]

    /// The first illegal step of any task in the stream.
    static func violation(in events: [JSONValue]) -> (index: Int, from: String, to: String)? {
        var states: [String: String] = [:]
        for (index, event) in events.enumerated() {
            guard let source = event["task"] ?? event["statusUpdate"],
                let state = source["status"]?["state"]?.string
            else { continue }
            let task = (event["task"]?["id"] ?? event["statusUpdate"]?["taskId"])?.string ?? ""
            if let before = states[task], before != state,
                self.terminal.contains(before) || state == "TASK_STATE_SUBMITTED"
            {
                return (index, before, state)
            }
            states[task] = state
        }
        return nil
    }
}
