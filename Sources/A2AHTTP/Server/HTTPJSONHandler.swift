import A2A
import Hummingbird
import SwiftProtobuf

/// Serves an ``A2AService`` over HTTP+JSON (§11).
struct HTTPJSONHandler: Sendable {
    static let contentType = "application/a2a+json"

    let service: any A2AService
    let configuration: HTTPServerConfiguration

    /// - Parameter path: The percent-encoded path below the binding's prefix.
    func respond(to request: Request, path: Substring, caller: CallerWatch? = nil) async -> Response {
        let call = HTTPCall(configuration: self.configuration, request: request, caller: caller)
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
                return try await self.service.perform(
                    match.operation, of: HTTPJSONCall(match: match, call: call, context: context))
            }
        } catch let refusal as HTTPRefusal {
            var response = self.response(refusal.error, status: refusal.status)
            refusal.addAllow(to: &response.headers)
            return response
        } catch {
            return self.response(A2AError(wrapping: error))
        }
    }

    private func response(_ error: A2AError, status: HTTPResponse.Status? = nil) -> Response {
        var response = HTTPCall.response(
            status ?? HTTPResponse.Status(error), RESTError.encode(error), contentType: Self.contentType)
        HTTPCall.addFields(for: error, to: &response.headers)
        return response
    }
}

/// One call over HTTP+JSON.
private struct HTTPJSONCall: OperationCall {
    let match: RESTMatch
    let call: HTTPCall
    let context: CallContext

    private func input<Input: RESTRequest>() async throws -> Input {
        if self.call.request.method == .post { try self.call.checkContentType() }
        let body = try await self.call.body()
        return try Input(
            self.match, query: self.call.request.uri.query?[...], body: body[...], version: self.context.version)
    }

    func unary<Input: RESTRequest, Output: Message>(
        _ perform: (Input, CallContext) async throws -> Output
    ) async throws -> Response {
        let input: Input = try await self.input()
        return try await self.call.perform {
            let output = try await perform(input, self.context)
            let body = try ModelJSON.encode(output)
            var response = HTTPCall.response(
                .ok, body, contentType: HTTPJSONHandler.contentType, context: self.context)
            guard self.match.operation == .getExtendedAgentCard else { return response }
            AgentCardHandler.addCaching(body, self.call.configuration, to: &response.headers)
            if AgentCardHandler.isUnchanged(response.headers[.eTag], self.call.request.headers) {
                return Response(status: .notModified, headers: response.headers)
            }
            return response
        }
    }

    func stream<Input: RESTRequest>(
        _ perform: (Input, CallContext) async throws -> EventStream
    ) async throws -> Response {
        let input: Input = try await self.input()
        return try await self.call.perform {
            let events = try await perform(input, self.context)
            return try await EventStreamResponse(
                call: self.call,
                encodeEvent: { try ModelJSON.encode($0) },
                encodeError: { RESTError.encode($0) }
            ).response(for: events, context: self.context)
        }
    }
}
