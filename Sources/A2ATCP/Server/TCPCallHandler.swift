import A2A
import SwiftProtobuf

/// Answers the calls of connections with a service.
struct TCPCallHandler: Sendable {
    let service: any A2AService
    let requiresAuthentication: Bool
    /// Decides about agents that want to be called; `nil` for a listener that is no hub.
    let registrar: (any TCPAgentRegistrar)?
    /// Whether somebody wants to know over which connection a call came (``TCPCaller``).
    let notesCallers: Bool

    init(service: any A2AService, registrar: (any TCPAgentRegistrar)? = nil, notesCallers: Bool = false) {
        self.service = service
        self.registrar = registrar
        self.notesCallers = notesCallers
        self.requiresAuthentication = service.requiresAuthentication
    }

    /// Answers one call; never fails, since there is nobody but the caller to tell.
    func handle(_ call: TCPServerCall) async {
        guard self.notesCallers else { return await self.respond(to: call) }
        await TCPCaller.$link.withValue(call.link) { await self.respond(to: call) }
    }

    private func respond(to call: TCPServerCall) async {
        await call.run {
            var context = CallContext(call.frame, credentials: call.credentials, principal: call.principal)
            context.evidence = call.slot
            if self.requiresAuthentication { context = try await self.admit(call, context) }
            let octets = try await call.request()
            let message = TCPOperationCall(octets: octets, encoding: call.frame.encoding, context: context)
            switch call.frame.method {
            case .getAgentCard:
                let request: A2AGetExtendedAgentCardRequest = try message.decoded()
                context.tenant = request.tenant
                let card = try await self.service.getAgentCard(context: context)
                self.answer(try call.frame.encoding.encode(card), call, context)
            case .resumeStream: try await self.resume(message, call)
            case .named:
                self.answer(try await self.perform(named: call, message), call, context)
            case let method:
                guard let operation = method.operation else { throw Self.unknown(method) }
                switch try await self.service.perform(operation, of: message) {
                case .message(let octets): self.answer(octets, call, context)
                case .events(let events): try await self.send(events, call, context)
                }
            }
        }
    }

    /// Has the service look at the call before its request is there (spec/bindings/tcp.md §10.3).
    private func admit(_ call: TCPServerCall, _ context: CallContext) async throws -> CallContext {
        let method = call.frame.method
        // Who registers an agent is the registrar's question.
        guard method != .getAgentCard, method != .named || self.registrar == nil else { return context }
        guard let operation = method == .resumeStream ? .subscribeToTask : method.operation else {
            throw Self.unknown(method)
        }
        let admitted = try await self.service.admit(operation, context: context)
        if !admitted.principal.isAnonymous { call.noteCallerIsKnown() }
        return admitted
    }

    private static func unknown(_ method: TCPMethod) -> A2AError {
        A2AError(.methodNotFound, "There is no method \(method.rawValue) here, and none of an extension.")
    }

    // MARK: Answers

    private static func reply(epoch: UInt64, _ context: CallContext) -> TCPReply? {
        let activated = context.response.activatedExtensions
        guard epoch != 0 || !activated.isEmpty else { return nil }
        var reply = TCPReply(epoch: epoch)
        if !activated.isEmpty { reply.parameters[TCPParameterName.extensions] = activated.joined(separator: ",") }
        return reply
    }

    private func answer(_ octets: [UInt8], _ call: TCPServerCall, _ context: CallContext) {
        if let reply = Self.reply(epoch: 0, context) { call.reply(reply) }
        call.answer(octets)
    }

    /// Writes events as it pulls them: what the caller does not read is not produced.
    private func send(_ events: EventStream, _ call: TCPServerCall, _ context: CallContext) async throws {
        var iterator = events.makeAsyncIterator()
        var event = try await iterator.next()
        // Whether the events are those of a task's log, the first one says.
        let isNumbered = event.flatMap(Self.sequence) != nil
        if let reply = Self.reply(epoch: isNumbered ? Self.epoch(call, context) : 0, context) { call.reply(reply) }
        while let next = event {
            let octets = try call.frame.encoding.encode(next.response)
            try await call.send(octets, sequence: isNumbered ? Self.sequence(next) : nil)
            event = try await iterator.next()
        }
        call.end()
    }

    /// The log that numbers belong to: that of an agent behind the service, or else the service's own.
    private static func epoch(_ call: TCPServerCall, _ context: CallContext) -> UInt64 {
        context.response.logEpoch ?? call.epoch
    }

    private static func sequence(_ event: StreamEvent) -> UInt64? {
        guard let generation = event.generation, generation > 0 else { return nil }
        return UInt64(generation)
    }

    // MARK: ResumeStream

    /// The events after a cursor (spec/bindings/tcp.md §8.3).
    ///
    /// The service says by a snapshot that it cannot begin after a number; the caller of this method wants to hear of the gap
    /// instead.
    private func resume(_ message: TCPOperationCall, _ call: TCPServerCall) async throws {
        let request: A2ASubscribeToTaskRequest = try message.decoded()
        guard let cursor = TCPCursor(call.frame.parameters[TCPParameterName.resumeCursor] ?? "") else {
            throw A2AError(
                .invalidParams,
                "ResumeStream takes the parameter 'resume-cursor': the epoch in 16 hexadecimal digits, ':', and the number of "
                    + "the last event.")
        }
        var context = message.context
        guard let number = Int64(exactly: cursor.number) else { return try await self.gap(request, call, context) }
        context.resumeAfter = number
        context.resumeEpoch = cursor.epoch
        let events: EventStream
        do {
            events = try await self.service.subscribeToTask(request, context: context)
        } catch let error as A2AError where error.code == .unsupportedOperation {
            // The task has ended. At its last event there is nothing more to say; anything else is a gap.
            let epoch = Self.epoch(call, context)
            guard cursor.epoch == epoch, try await self.isLast(number, request, context) else {
                return try await self.gap(request, call, message.context)
            }
            if let reply = Self.reply(epoch: epoch, context) { call.reply(reply) }
            return call.end()
        }
        // Whose log it is shows only now: it may be that of an agent behind the service.
        let epoch = Self.epoch(call, context)
        guard epoch == cursor.epoch else { return try await self.gap(request, call, message.context) }
        var iterator = events.makeAsyncIterator()
        var hasReplied = false
        while let event = try await iterator.next() {
            if !hasReplied {
                if case .task = event.response.payload { return try await self.gap(request, call, message.context) }
                guard Self.sequence(event) != nil else { return try await self.gap(request, call, message.context) }
                if let reply = Self.reply(epoch: epoch, context) { call.reply(reply) }
                hasReplied = true
            }
            try await call.send(try call.frame.encoding.encode(event.response), sequence: Self.sequence(event))
        }
        if !hasReplied, let reply = Self.reply(epoch: epoch, context) { call.reply(reply) }
        call.end()
    }

    /// Whether a number is that of the last event of a task that has ended: the stream after the one before it has this one
    /// event.
    private func isLast(
        _ number: Int64, _ request: A2ASubscribeToTaskRequest, _ context: CallContext
    ) async throws -> Bool {
        guard number > 1 else { return false }
        var context = context
        context.resumeAfter = number - 1
        do {
            var events = try await self.service.subscribeToTask(request, context: context).makeAsyncIterator()
            return try await events.next()?.generation == number
        } catch let error as A2AError where error.code == .unsupportedOperation {
            return false
        }
    }

    /// Says that the events after a cursor are not all there, and what is (spec/bindings/tcp.md §8.4).
    private func gap(
        _ request: A2ASubscribeToTaskRequest, _ call: TCPServerCall, _ context: CallContext
    ) async throws {
        var context = context
        context.resumeAfter = nil
        context.resumeEpoch = nil
        var metadata: [String: String] = [:]
        do {
            var events = try await self.service.subscribeToTask(request, context: context).makeAsyncIterator()
            if let snapshot = try await events.next() {
                if let number = snapshot.generation {
                    // What a new subscription begins with is all that is certain to be had.
                    metadata["firstSeq"] = "\(number)"
                    metadata["lastSeq"] = "\(number)"
                }
                metadata["taskState"] = snapshot.response.state?.name
            }
        } catch let error as A2AError where error.code == .unsupportedOperation {
            var get = A2AGetTaskRequest()
            get.tenant = request.tenant
            get.id = request.id
            metadata["taskState"] = try await self.service.getTask(get, context: context).status.state.name
        }
        metadata["epoch"] = TCPCursor.hex(Self.epoch(call, context))
        let error = A2AError(
            .resumeGap, "The events after the cursor are not all there any more. Subscribe anew, or get the task.",
            details: [.errorInfo(reason: A2AError.Code.resumeGap.reason, metadata: metadata)])
        call.reset(TCPReset(error, encoding: call.frame.encoding, code: .resumeGap))
    }
}

/// Where a stream was when it broke: `resume-cursor` (spec/bindings/tcp.md §8.3).
struct TCPCursor: Sendable, Hashable {
    var epoch: UInt64
    /// Of the last event that the caller has.
    var number: UInt64

    init(epoch: UInt64, number: UInt64) {
        self.epoch = epoch
        self.number = number
    }

    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16,
            parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let epoch = UInt64(parts[0], radix: 16), let number = UInt64(parts[1])
        else { return nil }
        self.init(epoch: epoch, number: number)
    }

    var text: String { "\(Self.hex(self.epoch)):\(self.number)" }

    static func hex(_ epoch: UInt64) -> String {
        let digits = String(epoch, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What a call is answered with.
enum TCPAnswer: Sendable {
    case message([UInt8])
    case events(EventStream)
}

/// One call over TCP.
struct TCPOperationCall: OperationCall, Sendable {
    let octets: [UInt8]
    let encoding: TCPEncoding
    let context: CallContext

    func decoded<M: Message>() throws -> M { try self.encoding.decode(M.self, from: self.octets) }

    private func request<Request: RESTRequest>() throws -> Request {
        switch self.encoding {
        case .json: try ModelJSON.decode(Request.self, from: self.octets[...], version: self.context.version)
        case .protobuf: try (self.decoded() as Request).read(in: self.context.version)
        }
    }

    func unary<Request: RESTRequest, Output: Message>(
        _ perform: (Request, CallContext) async throws -> Output
    ) async throws -> TCPAnswer {
        .message(try self.encoding.encode(try await perform(try self.request(), self.context)))
    }

    func stream<Request: RESTRequest>(
        _ perform: (Request, CallContext) async throws -> EventStream
    ) async throws -> TCPAnswer {
        .events(try await perform(try self.request(), self.context))
    }
}
