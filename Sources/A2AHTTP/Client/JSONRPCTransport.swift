public import A2A
import A2AClient
import AsyncHTTPClient
import NIOHTTP1
import Synchronization

/// An agent over JSON-RPC 2.0 (§9): an ``A2AService`` whose calls are requests to one URL.
public final class JSONRPCTransport: A2AService {
    /// The interface that this transport reaches.
    public let interface: A2AAgentInterface

    private let exchange: HTTPExchange
    private let cards: HTTPAgentCardFetcher
    private let nextID = Atomic<Int64>(1)

    package init(interface: A2AAgentInterface, exchange: HTTPExchange) {
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

    private func stream(
        _ operation: A2AOperation, _ params: some RESTRequest, _ context: CallContext
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

    // MARK: Operations

    public func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        let answer = try await self.result(.sendMessage, request, context)
        return try ModelJSON.decodeAnswer(A2ASendMessageResponse.self, from: answer)
    }

    public func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.stream(.sendStreamingMessage, request, context)
    }

    public func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        let answer = try await self.result(.getTask, request, context)
        return try ModelJSON.decodeAnswer(A2ATask.self, from: answer)
    }

    public func listTasks(
        _ request: A2AListTasksRequest, context: CallContext
    ) async throws -> A2AListTasksResponse {
        let answer = try await self.result(.listTasks, request, context)
        return try ModelJSON.decodeAnswer(A2AListTasksResponse.self, from: answer)
    }

    public func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        let answer = try await self.result(.cancelTask, request, context)
        return try ModelJSON.decodeAnswer(A2ATask.self, from: answer)
    }

    public func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.stream(.subscribeToTask, request, context)
    }

    public func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        let answer = try await self.result(.createTaskPushNotificationConfig, request, context)
        return try ModelJSON.decodeAnswer(A2ATaskPushNotificationConfig.self, from: answer)
    }

    public func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        let answer = try await self.result(.getTaskPushNotificationConfig, request, context)
        return try ModelJSON.decodeAnswer(A2ATaskPushNotificationConfig.self, from: answer)
    }

    public func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        let answer = try await self.result(.listTaskPushNotificationConfigs, request, context)
        return try ModelJSON.decodeAnswer(A2AListTaskPushNotificationConfigsResponse.self, from: answer)
    }

    public func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        _ = try await self.result(.deleteTaskPushNotificationConfig, request, context)
    }

    public func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        let answer = try await self.result(.getExtendedAgentCard, request, context)
        return try ModelJSON.decodeAnswer(A2AAgentCard.self, from: answer)
    }

    /// The card at the well-known path of the interface's host (§8.2).
    public func getAgentCard(context: CallContext) async throws -> A2AAgentCard {
        try await self.cards.card(ofHost: self.interface.url, context: context)
    }
}
