import A2A
package import A2AConformance
import A2AServer

/// One thing that an agent does wrong, and the requirement that forbids it.
///
/// A judge is right about a fault if it passes our agent without it, and fails it with it in a case that names the requirement.
package struct Fault: Sendable {
    /// The agent that the fault is in.
    package enum Setting: String, Sendable {
        /// Everything that the reference agent has.
        case usual
        /// Without streams, push notifications and extended card.
        case bare
        /// For two callers with tokens.
        case token
        /// With an extension that callers must name.
        case requiredExtension
        /// With a signed card.
        case signed
    }

    /// Its name, such as `lost-event`.
    package var name: String
    /// What is wrong, in one sentence.
    package var summary: String
    /// The requirement that it breaks, by its id in spec/requirements.yaml.
    package var requirement: String
    /// Over what it can be seen.
    package var bindings: Set<TransportBinding> = Set(TransportBinding.allCases)
    package var setting = Setting.usual

    var service: (@Sendable (any A2AService) -> any ServiceMiddleware)?
    var http: HTTPFilter?
    var grpc: GRPCFilter?
    var push: (@Sendable (any PushNotificationSender) -> any PushNotificationSender)?
    /// What calls without a version are taken for.
    var assumedVersion = ProtocolVersion.v0_3
    /// Nobody is asked who they are.
    var isOpen = false
    /// What a card's signature is over.
    var signed: (@Sendable (A2AAgentCard) throws -> [UInt8])?

    init(_ name: String, _ requirement: String, _ summary: String) {
        self.name = name
        self.requirement = requirement
        self.summary = summary
    }

    /// All faults, in the order of what they are about.
    package static let all: [Fault] =
        Self.sending + Self.tasks + Self.listing + Self.streams + Self.subscriptions + Self.errors + Self.versions
        + Self.jsonRPC + Self.rest + Self.grpcCalls + Self.model + Self.cards + Self.pushNotifications + Self.callers
        + Self.concurrency + Self.signatures

    package static func named(_ name: String) -> Fault? { Self.all.first { $0.name == name } }
}

// MARK: - Making them

extension Fault {
    func over(_ bindings: TransportBinding...) -> Fault {
        var fault = self
        fault.bindings = Set(bindings)
        return fault
    }

    func with(_ setting: Setting) -> Fault {
        var fault = self
        fault.setting = setting
        return fault
    }

    /// Requests of one type are changed before they reach the agent.
    func request<Request: Sendable>(
        _: Request.Type = Request.self, _ change: @escaping @Sendable (inout Request) -> Void
    ) -> Fault {
        self.calls { _ in RequestChange(change: change) }
    }

    /// Answers of one type are changed on their way back.
    func answer<Response: Sendable>(
        _: Response.Type = Response.self, _ change: @escaping @Sendable (inout Response) -> Void
    ) -> Fault {
        self.calls { _ in AnswerChange(change: change) }
    }

    /// Every event of a stream is changed, or left out.
    func event(_ change: @escaping @Sendable (inout A2AStreamResponse) -> Void) -> Fault {
        self.streams { events, _ in
            MappedEvents(events) { event in
                change(&event.response)
                return [event]
            }
        }
    }

    /// Streams are replaced; told apart by their operation.
    func streams(
        _ change: @escaping @Sendable (EventStream, StreamCall) -> any EventSource
    ) -> Fault {
        self.calls { _ in StreamChange(change: change) }
    }

    /// Errors become others.
    func error(_ change: @escaping @Sendable (inout A2AError) -> Void) -> Fault {
        self.calls { _ in ErrorChange(change: change) }
    }

    /// Calls go through a middleware that may use the agent itself.
    func calls(_ make: @escaping @Sendable (any A2AService) -> any ServiceMiddleware) -> Fault {
        var fault = self
        fault.service = make
        return fault
    }

    func http(_ filter: HTTPFilter) -> Fault {
        var fault = self
        fault.http = filter
        if fault.bindings.count == TransportBinding.allCases.count { fault.bindings = [.jsonrpc, .rest] }
        return fault
    }

    func grpc(_ filter: GRPCFilter) -> Fault {
        var fault = self
        fault.grpc = filter
        fault.bindings = [.grpc]
        return fault
    }

    func push(_ change: @escaping @Sendable (any PushNotificationSender) -> any PushNotificationSender) -> Fault {
        var fault = self
        fault.push = change
        return fault
    }

    func assuming(_ version: ProtocolVersion) -> Fault {
        var fault = self
        fault.assumedVersion = version
        return fault
    }

    func open() -> Fault {
        var fault = self
        fault.isOpen = true
        return fault
    }
}
