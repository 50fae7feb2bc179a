import A2A
import Hummingbird
import SwiftProtobuf

/// Serves an ``A2AService`` over HTTP+JSON (§11).
struct HTTPJSONHandler: Sendable {
    static let contentType = "application/a2a+json"

    let service: any A2AService
    let configuration: HTTPServerConfiguration

    /// - Parameter path: The percent-encoded path below the binding's prefix.
    func respond(to request: Request, path: Substring) async -> Response {
        let call = HTTPCall(configuration: self.configuration, request: request)
        do {
            switch try RESTRouter.match(method: request.method, path: path) {
            case .notFound:
                throw RESTRouter.notFound
            case .methodNotAllowed(let allowed):
                throw HTTPRefusal(.methodNotAllowed, RESTRouter.methodNotAllowed(allowed), allowed: allowed)
            case .matched(let match):
                let context = try call.context(
                    binding: .httpJSON, tenant: match.tenant,
                    versionParameter: request.uri.query.flatMap { query in
                        try? RESTQuery(query[...]).first(ignoringCase: ServiceParameters.Name.version)
                    })
                return try await self.perform(match, call, context)
            }
        } catch let refusal as HTTPRefusal {
            var response = self.response(refusal.error, status: refusal.status)
            refusal.addAllow(to: &response.headers)
            return response
        } catch {
            return self.response(A2AError(wrapping: error))
        }
    }

    private func perform(_ match: RESTMatch, _ call: HTTPCall, _ context: CallContext) async throws -> Response {
        let service = self.service
        switch match.operation {
        case .sendMessage: return try await self.unary(match, call, context, service.sendMessage)
        case .getTask: return try await self.unary(match, call, context, service.getTask)
        case .listTasks: return try await self.unary(match, call, context, service.listTasks)
        case .cancelTask: return try await self.unary(match, call, context, service.cancelTask)
        case .createTaskPushNotificationConfig:
            return try await self.unary(match, call, context, service.createTaskPushNotificationConfig)
        case .getTaskPushNotificationConfig:
            return try await self.unary(match, call, context, service.getTaskPushNotificationConfig)
        case .listTaskPushNotificationConfigs:
            return try await self.unary(match, call, context, service.listTaskPushNotificationConfigs)
        case .deleteTaskPushNotificationConfig:
            return try await self.unary(match, call, context) { request, context in
                try await service.deleteTaskPushNotificationConfig(request, context: context)
                return Google_Protobuf_Empty()
            }
        case .getExtendedAgentCard: return try await self.unary(match, call, context, service.getExtendedAgentCard)
        case .sendStreamingMessage: return try await self.stream(match, call, context, service.sendStreamingMessage)
        case .subscribeToTask: return try await self.stream(match, call, context, service.subscribeToTask)
        }
    }

    private func input<Input: RESTRequest>(_ match: RESTMatch, _ call: HTTPCall) async throws -> Input {
        if call.request.method == .post { try call.checkContentType() }
        let body = try await call.body()
        return try Input(match, query: call.request.uri.query?[...], body: body[...])
    }

    private func unary<Input: RESTRequest, Output: Message>(
        _ match: RESTMatch, _ call: HTTPCall, _ context: CallContext,
        _ perform: (Input, CallContext) async throws -> Output
    ) async throws -> Response {
        let output = try await perform(try await self.input(match, call), context)
        return HTTPCall.response(
            .ok, try ModelJSON.encode(output), contentType: Self.contentType, context: context)
    }

    private func stream<Input: RESTRequest>(
        _ match: RESTMatch, _ call: HTTPCall, _ context: CallContext,
        _ perform: (Input, CallContext) async throws -> EventStream
    ) async throws -> Response {
        let events = try await perform(try await self.input(match, call), context)
        return try await EventStreamResponse(
            configuration: self.configuration,
            encodeEvent: { try ModelJSON.encode($0) },
            encodeError: { RESTError.encode($0) }
        ).response(for: events, context: context)
    }

    private func response(_ error: A2AError, status: HTTPResponse.Status? = nil) -> Response {
        var response = HTTPCall.response(
            status ?? HTTPResponse.Status(error), RESTError.encode(error), contentType: Self.contentType)
        HTTPCall.addFields(for: error, to: &response.headers)
        return response
    }
}
