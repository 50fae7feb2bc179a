import A2A
import A2AClient
import SwiftProtobuf

/// An agent over TCP (spec/bindings/tcp.md).
final class TCPTransport: OperationTransport {
    private let connection: any TCPCallOpener
    /// Names of header fields, in lower case, that the card says carry API keys.
    private let keyNames: Set<String>

    init(connection: any TCPCallOpener, card: A2AAgentCard) {
        self.connection = connection
        // The usual name counts even where a card keeps silent, so that a key never travels as a parameter.
        var names: Set<String> = [Self.usualKeyName]
        for scheme in card.securitySchemes.values {
            guard case .apiKeySecurityScheme(let key) = scheme.scheme, key.location.lowercased() == "header" else {
                continue
            }
            names.insert(key.name.lowercased())
        }
        self.keyNames = names
    }

    /// The header field that API keys are usually in.
    static let usualKeyName = "x-api-key"

    // MARK: Calls

    func call<Request: RESTRequest, Answer: Message>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> Answer {
        try await self.unary(TCPMethod(operation), request, context, encoding: self.connection.encoding)
    }

    /// The public card of the agent at the other end. In JSON, so that a signature stays valid.
    func card(_ context: CallContext) async throws -> A2AAgentCard {
        try TCPEncoding.json.decodeAnswer(A2AAgentCard.self, from: try await self.cardJSON(context))
    }

    /// The public card as the agent wrote it.
    func cardJSON(_ context: CallContext) async throws -> [UInt8] {
        var request = A2AGetExtendedAgentCardRequest()
        request.tenant = context.tenant
        return try await self.octets(.getAgentCard, request, context, encoding: .json)
    }

    private func unary<Answer: Message>(
        _ method: TCPMethod, _ request: some Message, _ context: CallContext, encoding: TCPEncoding
    ) async throws -> Answer {
        let answer = try await self.octets(method, request, context, encoding: encoding)
        return try encoding.decodeAnswer(Answer.self, from: answer)
    }

    /// Makes a call and gives the one message of its answer.
    private func octets(
        _ method: TCPMethod, _ request: some Message, _ context: CallContext, encoding: TCPEncoding
    ) async throws -> [UInt8] {
        let opened = try await self.connection.open(
            method, try Self.encode(request, encoding), encoding: encoding, context, keyNames: self.keyNames,
            cursor: nil)
        return try await Self.answer(opened.call, opened.first, context)
    }

    /// The one message of a unary answer.
    static func answer(
        _ call: TCPClientCall, _ first: TCPClientCall.Item, _ context: CallContext
    ) async throws -> [UInt8] {
        var item = first
        var answer: [UInt8]?
        while true {
            switch item {
            case .reply(let reply): context.response.noteExtensions(reply)
            case .message(let octets, _, let isLast, _):
                guard answer == nil else {
                    call.cancel()
                    throw Self.wrongCount
                }
                answer = octets
                if isLast { return octets }
            case .end:
                guard let answer else { throw Self.wrongCount }
                return answer
            case .failure(let error): throw error
            case .notTaken: throw A2AError.unreachable("The call was not taken.", mayHaveBeenSent: false)
            }
            item = await call.next()
        }
    }

    private static var wrongCount: A2AError {
        A2AError(.invalidAgentResponse, "The agent answered with another number of messages than one.")
    }

    private static func encode(_ request: some Message, _ encoding: TCPEncoding) throws -> [UInt8] {
        do {
            return try encoding.encode(request)
        } catch {
            throw A2AError(.invalidParams, "The request cannot be written: \(error.message)", cause: error)
        }
    }

    // MARK: Streams

    func stream<Request: RESTRequest>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> EventStream {
        let encoding = self.connection.encoding
        let octets = try Self.encode(request, encoding)
        var context = context
        var lost: UInt64?
        if let subscription = request as? A2ASubscribeToTaskRequest {
            do {
                if let source = try await self.resume(subscription, octets, context) { return EventStream { source } }
            } catch let error as A2AError where error.code == .resumeGap {
                // The number is of no use any more: the stream begins with the task as it is.
                lost = context.resumeAfter.flatMap { UInt64(exactly: $0) }
                context.resumeAfter = nil
            }
        }
        let opened = try await self.connection.open(
            TCPMethod(operation), octets, encoding: encoding, context, keyNames: self.keyNames, cursor: nil)
        let source = try TCPEventSource(
            opened.call, self.connection, first: opened.first, after: nil, lost: lost, context)
        return EventStream { source }
    }

    /// The events after ``CallContext/resumeAfter``; `nil` if there is no cursor to ask for them with.
    ///
    /// - Throws: ``A2AError`` with `.resumeGap` if they are not all there any more.
    private func resume(
        _ request: A2ASubscribeToTaskRequest, _ octets: [UInt8], _ context: CallContext
    ) async throws -> TCPEventSource? {
        guard let after = context.resumeAfter, let number = UInt64(exactly: after) else { return nil }
        let epoch: UInt64
        if let told = context.resumeEpoch {
            epoch = told
        } else {
            switch self.connection.withEpochs({ $0.find(request.id, at: number) }) {
            case .epoch(let known): epoch = known
            case .unknown: return nil
            case .ambiguous: throw A2AError(.resumeGap, "The log of the task has changed since event \(number).")
            }
        }
        do {
            let opened = try await self.connection.open(
                .resumeStream, octets, encoding: self.connection.encoding, context, keyNames: self.keyNames,
                cursor: TCPCursor(epoch: epoch, number: number))
            return try TCPEventSource(
                opened.call, self.connection, first: opened.first, after: number, context, task: request.id)
        } catch let error as A2AError where error.code == .methodNotFound {
            // No ResumeStream there; the subscription says where it would like to begin.
            return nil
        }
    }
}

extension ResponseParameters {
    /// Notes the extensions that an answer says were activated (§4.6).
    func noteExtensions(_ reply: TCPReply) {
        guard let list = reply.parameters[TCPParameterName.extensions] else { return }
        self.activatedExtensions = ExtensionNegotiation.parse(list)
    }
}

extension TCPTransport: CredentialKeeper {
    func renew(_ context: CallContext) {
        guard let identity = context.credentialIdentity,
            let made = try? TCPCall.make(
                .init(.getTask), encoding: self.connection.encoding, context: context, keyNames: self.keyNames)
        else { return }
        self.connection.renew(made.credentials, identity: identity)
    }
}
