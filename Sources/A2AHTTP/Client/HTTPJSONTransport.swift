public import A2A
import A2AClient
import AsyncHTTPClient
import HTTPTypes
import NIOHTTP1

/// An agent over HTTP and JSON (§11): an ``A2AService`` whose calls are requests to paths below one URL.
public final class HTTPJSONTransport: A2AService {
    /// The media type of the bodies (§11.1).
    static let contentType = "application/a2a+json"

    /// The interface that this transport reaches.
    public let interface: A2AAgentInterface

    private let base: String
    private let exchange: HTTPExchange
    private let cards: HTTPAgentCardFetcher

    package init(interface: A2AAgentInterface, exchange: HTTPExchange) {
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

    private func stream(
        _ operation: A2AOperation, _ request: some RESTRequest, _ context: CallContext
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

    // MARK: Operations

    public func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        let answer = try await self.body(.sendMessage, request, context)
        return try ModelJSON.decodeAnswer(A2ASendMessageResponse.self, from: answer[...])
    }

    public func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.stream(.sendStreamingMessage, request, context)
    }

    public func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        let answer = try await self.body(.getTask, request, context)
        return try ModelJSON.decodeAnswer(A2ATask.self, from: answer[...])
    }

    public func listTasks(
        _ request: A2AListTasksRequest, context: CallContext
    ) async throws -> A2AListTasksResponse {
        let answer = try await self.body(.listTasks, request, context)
        return try ModelJSON.decodeAnswer(A2AListTasksResponse.self, from: answer[...])
    }

    public func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        let answer = try await self.body(.cancelTask, request, context)
        return try ModelJSON.decodeAnswer(A2ATask.self, from: answer[...])
    }

    public func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.stream(.subscribeToTask, request, context)
    }

    public func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        let answer = try await self.body(.createTaskPushNotificationConfig, request, context)
        return try ModelJSON.decodeAnswer(A2ATaskPushNotificationConfig.self, from: answer[...])
    }

    public func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        let answer = try await self.body(.getTaskPushNotificationConfig, request, context)
        return try ModelJSON.decodeAnswer(A2ATaskPushNotificationConfig.self, from: answer[...])
    }

    public func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        let answer = try await self.body(.listTaskPushNotificationConfigs, request, context)
        return try ModelJSON.decodeAnswer(A2AListTaskPushNotificationConfigsResponse.self, from: answer[...])
    }

    public func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        _ = try await self.body(.deleteTaskPushNotificationConfig, request, context)
    }

    public func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        let answer = try await self.body(.getExtendedAgentCard, request, context)
        return try ModelJSON.decodeAnswer(A2AAgentCard.self, from: answer[...])
    }

    /// The card at the well-known path of the interface's host (§8.2).
    public func getAgentCard(context: CallContext) async throws -> A2AAgentCard {
        try await self.cards.card(ofHost: self.interface.url, context: context)
    }
}
