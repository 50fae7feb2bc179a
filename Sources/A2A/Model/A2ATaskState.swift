extension A2ATaskState {
    /// Whether a task in this state changes no more: completed, failed, canceled or rejected (§4.1.3).
    public var isTerminal: Bool {
        switch self {
        case .completed, .failed, .canceled, .rejected: true
        case .unspecified, .submitted, .working, .inputRequired, .authRequired, .UNRECOGNIZED: false
        }
    }

    /// Whether the task waits for its caller: input or authentication required (§4.1.3).
    public var isInterrupted: Bool { self == .inputRequired || self == .authRequired }

    /// Whether the agent has the task in hand: submitted or working.
    public var isActive: Bool { self == .submitted || self == .working }

    /// Whether a stream ends with this state: a terminal one, or input required, since the answer is a new call.
    ///
    /// Authentication happens beside the protocol, so a stream goes on through `authRequired` (§3.1.2, §7.6.1).
    public var closesStream: Bool { self.isTerminal || self == .inputRequired }

    /// The state's name in JSON, such as `TASK_STATE_WORKING`; its number if we do not know it.
    public var name: String {
        switch self {
        case .unspecified: "TASK_STATE_UNSPECIFIED"
        case .submitted: "TASK_STATE_SUBMITTED"
        case .working: "TASK_STATE_WORKING"
        case .completed: "TASK_STATE_COMPLETED"
        case .failed: "TASK_STATE_FAILED"
        case .canceled: "TASK_STATE_CANCELED"
        case .inputRequired: "TASK_STATE_INPUT_REQUIRED"
        case .rejected: "TASK_STATE_REJECTED"
        case .authRequired: "TASK_STATE_AUTH_REQUIRED"
        case .UNRECOGNIZED(let number): "\(number)"
        }
    }

    /// The state with a name such as `TASK_STATE_WORKING`.
    public init?(name: String) {
        guard let state = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = state
    }
}
