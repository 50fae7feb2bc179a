import A2A
import A2AClient
import AsyncHTTPClient
import NIOHTTP1
import SwiftProtobuf
import Synchronization

/// An agent over JSON-RPC 2.0 (§9): calls are requests to one URL.
final class JSONRPCTransport: OperationTransport {
    /// The interface that this transport reaches.
    let interface: A2AAgentInterface

    private let exchange: HTTPExchange
    private let cards: HTTPAgentCardFetcher
    private let nextID = Atomic<Int64>(1)

    init(interface: A2AAgentInterface, exchange: HTTPExchange) {
        self.interface = interface
        self.exchange = exchange
        self.cards = HTTPAgentCardFetcher(exchange: exchange)
    }

    // MARK: Calls

    private func request(
        _ operation: A2AOperation, _ params: some RESTRequest, _ context: CallContext
    ) throws -> (request: HTTPClientRequest, id: Int64) {
        let id = self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
        let body = try JSONRPC.encodeRequest(id: id, operation: operation, params: params)
        let request = self.exchange.request(
            .POST, self.interface.url, body: body, contentType: "application/json",
            accept: operation.isStreaming ? "text/event-stream, application/json" : "application/json",
            context: context)
        return (request, id)
    }

    private func result(
        _ operation: A2AOperation, _ params: some RESTRequest, _ context: CallContext
    ) async throws -> ArraySlice<UInt8> {
        let (request, id) = try self.request(operation, params, context)
        let answer = try await self.exchange.call(request, deadline: context.deadline)
        context.response.noteExtensions(answer.headers)
        return try Self.result(answer, id: id)
    }

    /// What an answer that is no stream says.
    private static func result(_ answer: HTTPExchange.Answer, id: Int64) throws -> ArraySlice<UInt8> {
        let response: JSONRPC.Response
        do {
            response = try JSONRPC.decodeResponse(answer.body)
        } catch {
            guard !answer.isSuccess else { throw error }
            // Something on the way answered, not the agent.
            throw RESTError.decode(status: answer.status, body: answer.body)
                .completed(status: answer.status, headers: answer.headers)
        }
        do {
            let result = try response.result()
            try Self.check(response.id, id)
            return result
        } catch {
            throw error.completed(status: answer.status, headers: answer.headers)
        }
    }

    private static func check(_ answered: JSONRPC.ID, _ asked: Int64) throws(A2AError) {
        guard answered.int64 == asked else {
            throw A2AError(
                .invalidAgentResponse, "The agent answered request \(answered.description) instead of \(asked).")
        }
    }

    func call<Request: RESTRequest, Answer: Message>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> Answer {
        try ModelJSON.decodeAnswer(Answer.self, from: try await self.result(operation, request, context))
    }

    func stream<Request: RESTRequest>(
        _ operation: A2AOperation, _ params: Request, _ context: CallContext
    ) async throws -> EventStream {
        let (made, id) = try self.request(operation, params, context)
        var request = made
        request.setLastEventID(operation, context)
        let response = try await self.exchange.open(request, deadline: context.deadline)
        context.response.noteExtensions(response.headers)
        guard HTTPExchange.contentType(response.headers) == "text/event-stream", response.status == .ok else {
            let limit = self.exchange.options.maxResponseBytes
            let answer = try await withDeadline(context.deadline) {
                try await HTTPExchange.collect(response, limit: limit)
            }
            // An agent that has only one thing to say may say it without a stream.
            let result = try Self.result(answer, id: id)
            let only = try ModelJSON.decodeAnswer(A2AStreamResponse.self, from: result)
            guard only.payload != nil else { throw HTTPExchange.notAStream(answer) }
            return EventStream([StreamEvent(only)])
        }
        let exchange = self.exchange
        return EventStream {
            SSEEventSource(response, exchange: exchange, deadline: context.deadline) { event in
                let response = try JSONRPC.decodeResponse(event.data)
                let result = try response.result()
                try Self.check(response.id, id)
                return try ModelJSON.decodeAnswer(A2AStreamResponse.self, from: result)
            }
        }
    }

    /// The card at the well-known path of the interface's host (§8.2).
    func card(_ context: CallContext) async throws -> A2AAgentCard {
        try await self.cards.card(ofHost: self.interface.url, context: context)
    }
}
