import A2A
import A2AClient

/// The exit statuses of the tool (command-line specification §11.6).
enum ToolStatus: Int32, Sendable {
    case success = 0
    case failure = 1
    case usage = 2
    case unreachable = 3
    case authentication = 4
    case timeout = 5
}

/// A failure of the tool's own, with a code of the specification's registry (appendix D).
struct ToolError: Error, Sendable, Equatable {
    enum Code: String, Sendable {
        case usage = "A2ACLI_ERR_USAGE"
        case cardNotFound = "A2ACLI_ERR_CARD_NOT_FOUND"
        case cardInvalid = "A2ACLI_ERR_CARD_INVALID"
        case unreachable = "A2ACLI_ERR_UNREACHABLE"
        case credentialsMissing = "A2ACLI_ERR_CREDENTIALS_MISSING"
        case authFailed = "A2ACLI_ERR_AUTH_FAILED"
        case timeout = "A2ACLI_ERR_TIMEOUT"
        case `internal` = "A2ACLI_ERR_INTERNAL"

        var status: ToolStatus {
            switch self {
            case .usage: .usage
            case .cardNotFound, .unreachable: .unreachable
            case .credentialsMissing, .authFailed: .authentication
            case .timeout: .timeout
            case .cardInvalid, .internal: .failure
            }
        }
    }

    var code: Code
    var message: String
    var hint: String?

    static func usage(_ message: String, hint: String? = nil) -> ToolError {
        ToolError(code: .usage, message: message, hint: hint)
    }
}

/// A failure while something is known that helps to go on: the task that was waited for.
struct InterruptedTask: Error {
    var taskID: String
    var error: any Error
}

/// What is reported of a failure: the error envelope of the specification (appendix B).
struct ErrorEnvelope: Sendable, Equatable {
    var code: String
    var message: String
    var hint: String?
    /// The JSON-RPC code of a protocol error, on every binding; `nil` for the tool's own.
    var a2aCode: Int?
    var status: ToolStatus
}

extension ErrorEnvelope {
    /// What a run of the tool knows that helps to explain a failure.
    struct Circumstances: Sendable {
        var agentCard: String?
        var hasCredentials = false
        var taskIDFlag: String?
        var hints = ResumeHints(agentCard: nil)
    }

    init(_ error: any Error, _ circumstances: Circumstances) {
        switch error {
        case let error as InterruptedTask:
            self.init(error.error, circumstances)
            self.hint =
                "Task \(error.taskID) goes on. Ask for it with: \(circumstances.hints.poll(taskID: error.taskID))"
        case let error as ToolError:
            self.init(
                code: error.code.rawValue, message: error.message, hint: error.hint, a2aCode: nil,
                status: error.code.status)
            if error.code == .usage, self.hint == nil { self.hint = "See 'a2a help'." }
        case let error as A2AError:
            self.init(error, circumstances)
        default:
            let wrapped = A2AError(wrapping: error)
            self.init(
                code: ToolError.Code.internal.rawValue, message: "\(wrapped.message) (\(error))",
                hint: "Run it again with --debug to see what the tool does.", a2aCode: nil, status: .failure)
        }
    }

    private init(_ error: A2AError, _ circumstances: Circumstances) {
        if let local = Self.localCode(error, circumstances) {
            self.init(
                code: local.rawValue, message: error.message, hint: Self.hint(local, error, circumstances),
                a2aCode: nil,
                status: local.status)
        } else {
            self.init(
                code: error.code.name, message: error.message, hint: Self.hint(error, circumstances),
                a2aCode: error.code.jsonRPC, status: .failure)
        }
    }

    /// The tool's own code for conditions that the protocol has no name for.
    private static func localCode(_ error: A2AError, _ circumstances: Circumstances) -> ToolError.Code? {
        switch error.code {
        case .unauthenticated: return circumstances.hasCredentials ? .authFailed : .credentialsMissing
        case .permissionDenied: return circumstances.hasCredentials ? .authFailed : .credentialsMissing
        case .deadlineExceeded: return .timeout
        case .unavailable: return .unreachable
        default: break
        }
        switch error.cause as? AgentCardFailure {
        case .notFound: return .cardNotFound
        case .invalid: return .cardInvalid
        case nil: return error.transportFailure == nil ? nil : .unreachable
        }
    }

    private static func hint(
        _ code: ToolError.Code, _ error: A2AError, _ circumstances: Circumstances
    ) -> String? {
        switch code {
        case .cardNotFound:
            "Check --agent-card: a host, an origin such as http://127.0.0.1:9900, the URL of a card, an a2a+tls address, or a "
                + "path."
        case .unreachable where error.code == .unavailable && error.transportFailure == nil:
            "The agent is there and cannot do it now. Run it again in a while."
        case .unreachable:
            "Is the agent running? Try: a2a card get --agent-card \(circumstances.agentCard ?? "<agent>")"
        case .credentialsMissing:
            "Give --bearer <token> or --api-key <key>, or set A2ACLI_BEARER or A2ACLI_API_KEY."
                + (error.challenge.map { " The agent asks for: \($0)" } ?? "")
        case .authFailed: "The agent refused the credentials given. Check --bearer and --api-key."
        case .timeout:
            "Wait longer with --timeout, or do not wait: --async. Work that was begun goes on: see a2a task list"
        case .usage, .cardInvalid, .internal: nil
        }
    }

    private static func hint(_ error: A2AError, _ circumstances: Circumstances) -> String? {
        if let taskID = circumstances.taskIDFlag {
            return "The message was meant for task \(taskID) and no new task was made. "
                + "Run it again with --debug to see the protocol error."
        }
        switch error.code {
        case .versionNotSupported: return "Leave --a2a-version away to speak the highest version that both sides know."
        case .taskNotFound: return "List the tasks that you may see: a2a task list"
        case .unsupportedOperation, .invalidParams, .contentTypeNotSupported:
            return "What the agent supports is on its card: a2a card get"
        default: return nil
        }
    }
}
