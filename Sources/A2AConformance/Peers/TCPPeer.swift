import A2A
import A2AClient
import A2ATCP
import SwiftProtobuf

/// An agent over TCP. Here our own client is in between, since nobody else has one: frames are not shown.
struct TCPPeer: AgentBinding {
    let binding = TransportBinding.tcp
    let url: String
    let tenant: String
    private let service: any A2AService

    /// - Throws: ``A2AError`` that says what is wrong with the address.
    init(url: String, tenant: String, configuration: RunConfiguration) throws {
        self.url = url
        self.tenant = tenant
        var options = TCPClientOptions()
        options.insecurelyAcceptAnyCertificate = configuration.acceptsAnyCertificate
        options.additionalTrustRootsPEM = configuration.trustRootsPEM
        options.connectTimeout = HTTPWire.connectTimeout
        self.service = try TCPTransportFactory(options: options).makeTransport(
            for: A2AAgentInterface(url: url, binding: .tcp), card: A2AAgentCard())
    }

    func call(_ call: WireCall, events: EventLog, trace: WireTrace) async -> Exchange {
        guard let operation = call.operation.operation else {
            return Exchange(.inexpressible("\(call.operation.rawValue) is no operation of TCP"))
        }
        guard let context = Self.context(call) else {
            return Exchange(.inexpressible("a call over TCP always says a version of A2A"))
        }
        trace.add(.sent, "\(operation.rawValue) (A2A \(context.version), Protocol Buffers shown as JSON)")
        trace.add(.sent, call.params.description)
        do {
            if call.operation.isStreaming {
                return try await self.stream(call, context, events, trace)
            }
            let service = self.service
            let value = try await withDeadline(call.deadline) {
                try await Self.answer(operation, call.params, context, service)
            }
            trace.add(.received, value.description)
            return Exchange(.answer(value))
        } catch let error as Inexpressible {
            return Exchange(.inexpressible(error.reason))
        } catch {
            return Exchange(Self.outcome(A2AError(wrapping: error), trace))
        }
    }

    private func stream(
        _ call: WireCall, _ context: CallContext, _ events: EventLog, _ trace: WireTrace
    ) async throws -> Exchange {
        let service = self.service
        do {
            let end = try await withDeadline(call.deadline) { () async throws -> StreamEnd in
                let stream: EventStream =
                    if call.operation == .subscribeToTask {
                        try await service.subscribeToTask(try Self.request(call.params), context: context)
                    } else {
                        try await service.sendStreamingMessage(try Self.request(call.params), context: context)
                    }
                for try await event in stream {
                    let value = try Self.json(event.response)
                    trace.add(.received, value.description)
                    if let end = events.end(adding: value, stopAfter: call.stopAfter) { return end }
                    if await events.hold() { return .stopped }
                }
                return .closed
            }
            return Exchange(.stream(events.events, end))
        } catch let error as A2AError {
            let outcome = Self.outcome(error, trace)
            guard !events.events.isEmpty else { return Exchange(outcome) }
            let end: StreamEnd =
                switch outcome {
                case .error(let error): .error(error)
                case .invalid(let reason): .invalid(reason)
                default: error.code == .deadlineExceeded ? .timedOut : .broken(error.message)
                }
            return Exchange(.stream(events.events, end))
        }
    }

    // MARK: Calls

    private struct Inexpressible: Error { let reason: String }

    private static func context(_ call: WireCall) -> CallContext? {
        var context = CallContext(deadline: nil)
        var hasVersion = false
        for (name, value) in call.headers {
            switch name.lowercased() {
            case "a2a-version":
                guard let version = ProtocolVersion(value) else { return nil }
                context.version = version
                hasVersion = true
            case "a2a-extensions": context.requestedExtensions = ExtensionNegotiation.parse(value)
            default: context.parameters[name] = value
            }
        }
        return hasVersion ? context : nil
    }

    private static func request<M: Message>(_ params: JSONValue) throws -> M {
        do {
            return try ModelJSON.decode(M.self, from: params.bytes[...])
        } catch {
            throw Inexpressible(reason: "Protocol Buffers have no form for the request: \(error.message)")
        }
    }

    private static func json(_ message: some Message) throws -> JSONValue {
        try JSONValue(parsing: try ModelJSON.encode(message))
    }

    private static func answer(
        _ operation: A2AOperation, _ params: JSONValue, _ context: CallContext, _ service: any A2AService
    ) async throws -> JSONValue {
        switch operation {
        case .sendMessage, .sendStreamingMessage:
            try Self.json(try await service.sendMessage(try Self.request(params), context: context))
        case .getTask: try Self.json(try await service.getTask(try Self.request(params), context: context))
        case .listTasks: try Self.json(try await service.listTasks(try Self.request(params), context: context))
        case .cancelTask, .subscribeToTask:
            try Self.json(try await service.cancelTask(try Self.request(params), context: context))
        case .createTaskPushNotificationConfig:
            try Self.json(
                try await service.createTaskPushNotificationConfig(try Self.request(params), context: context))
        case .getTaskPushNotificationConfig:
            try Self.json(try await service.getTaskPushNotificationConfig(try Self.request(params), context: context))
        case .listTaskPushNotificationConfigs:
            try Self.json(try await service.listTaskPushNotificationConfigs(try Self.request(params), context: context))
        case .deleteTaskPushNotificationConfig:
            try await Self.nothing(service.deleteTaskPushNotificationConfig(try Self.request(params), context: context))
        case .getExtendedAgentCard:
            try Self.json(try await service.getExtendedAgentCard(try Self.request(params), context: context))
        }
    }

    private static func nothing(_: Void) -> JSONValue { .object([:]) }

    private static func outcome(_ error: A2AError, _ trace: WireTrace) -> Exchange.Outcome {
        trace.add(.received, error.description)
        if let failure = error.transportFailure {
            return failure.mayHaveBeenSent ? .noAnswer(failure.reason) : .unreachable(failure.reason)
        }
        switch error.code {
        case .deadlineExceeded where error.details.isEmpty: return .noAnswer("no answer came in time")
        case .invalidAgentResponse where error.details.isEmpty: return .invalid(error.message)
        default: break
        }
        var json: [UInt8] = []
        ErrorDetailJSON.append(error.wireDetails, to: &json)
        let details = (try? JSONValue(parsing: json))?.elements ?? []
        return .error(WireError(code: error.code.jsonRPC, message: error.message, details: details))
    }
}
