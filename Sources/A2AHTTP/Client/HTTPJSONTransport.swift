import A2A
import A2AClient
import AsyncHTTPClient
import HTTPTypes
import NIOHTTP1
import SwiftProtobuf

/// An agent over HTTP and JSON (§11): calls are requests to paths below one URL.
final class HTTPJSONTransport: OperationTransport {
    /// The media type of the bodies (§11.1).
    static let contentType = "application/a2a+json"

    /// The interface that this transport reaches.
    let interface: A2AAgentInterface

    private let base: String
    private let exchange: HTTPExchange
    private let cards: HTTPAgentCardFetcher

    init(interface: A2AAgentInterface, exchange: HTTPExchange) {
        self.interface = interface
        self.exchange = exchange
        self.cards = HTTPAgentCardFetcher(exchange: exchange)
        var base = interface.url[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        self.base = String(base)
    }

    // MARK: Calls

    private func request(
        _ operation: A2AOperation, _ request: some RESTRequest, _ context: CallContext
    ) throws -> HTTPClientRequest {
        let call = try RESTCall(operation, request)
        return self.exchange.request(
            NIOHTTP1.HTTPMethod(rawValue: call.method.rawValue), self.base + call.path, body: call.body,
            contentType: Self.contentType,
            accept: operation.isStreaming
                ? "text/event-stream, \(Self.contentType), application/json"
                : "\(Self.contentType), application/json",
            context: context)
    }

    private func body(
        _ operation: A2AOperation, _ request: some RESTRequest, _ context: CallContext
    ) async throws -> [UInt8] {
        let answer = try await self.exchange.call(
            try self.request(operation, request, context), deadline: context.deadline)
        context.response.noteExtensions(answer.headers)
        return try Self.body(answer)
    }

    private static func body(_ answer: HTTPExchange.Answer) throws -> [UInt8] {
        guard answer.isSuccess else {
            throw RESTError.decode(status: answer.status, body: answer.body)
                .completed(status: answer.status, headers: answer.headers)
        }
        return answer.body
    }

    func call<Request: RESTRequest, Answer: Message>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> Answer {
        try ModelJSON.decodeAnswer(Answer.self, from: try await self.body(operation, request, context)[...])
    }

    func stream<Request: RESTRequest>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> EventStream {
        var request = try self.request(operation, request, context)
        request.setLastEventID(operation, context)
        let response = try await self.exchange.open(request, deadline: context.deadline)
        context.response.noteExtensions(response.headers)
        guard HTTPExchange.contentType(response.headers) == "text/event-stream", response.status == .ok else {
            let limit = self.exchange.options.maxResponseBytes
            let answer = try await withDeadline(context.deadline) {
                try await HTTPExchange.collect(response, limit: limit)
            }
            let only = try ModelJSON.decodeAnswer(A2AStreamResponse.self, from: try Self.body(answer)[...])
            guard only.payload != nil else { throw HTTPExchange.notAStream(answer) }
            return EventStream([StreamEvent(only)])
        }
        let exchange = self.exchange
        return EventStream {
            SSEEventSource(response, exchange: exchange, deadline: context.deadline) { event in
                let response = try ModelJSON.decodeAnswer(A2AStreamResponse.self, from: event.data[...])
                if response.payload == nil, event.name == "error" || event.data.starts(with: Array("{\"error\"".utf8)) {
                    throw RESTError.decode(status: 500, body: event.data)
                }
                return response
            }
        }
    }

    /// The card at the well-known path of the interface's host (§8.2).
    func card(_ context: CallContext) async throws -> A2AAgentCard {
        try await self.cards.card(ofHost: self.interface.url, context: context)
    }
}
