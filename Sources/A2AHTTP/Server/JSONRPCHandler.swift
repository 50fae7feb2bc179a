import A2A
import Hummingbird
import SwiftProtobuf

/// Serves an ``A2AService`` over JSON-RPC 2.0 (§9).
struct JSONRPCHandler: Sendable {
    static let contentType = "application/json"

    let service: any A2AService
    let configuration: HTTPServerConfiguration

    func respond(to request: Request, caller: CallerWatch? = nil) async -> Response {
        let call = HTTPCall(configuration: self.configuration, request: request, caller: caller)
        do {
            guard request.method == .post else {
                throw HTTPRefusal(
                    .methodNotAllowed, A2AError(.invalidRequest, "JSON-RPC takes POST only."), allowed: [.post])
            }
            try call.checkContentType()
            let rpc = try JSONRPC.decodeRequest(try await call.body())
            return await self.answer(rpc, call)
        } catch let failure as JSONRPC.RequestFailure {
            return self.response(failure.error, id: failure.id)
        } catch let refusal as HTTPRefusal {
            var response = self.response(refusal.error, id: .null, status: refusal.status)
            refusal.addAllow(to: &response.headers)
            return response
        } catch {
            return self.response(A2AError(wrapping: error), id: .null)
        }
    }

    private func answer(_ rpc: JSONRPC.Request, _ call: HTTPCall) async -> Response {
        let response: Response
        do {
            let context = try call.context(
                binding: .jsonRPC,
                versionParameter: call.request.uri.queryParameters["A2A-Version"].map(String.init))
            guard let operation = rpc.operation else {
                throw A2AError(
                    .methodNotFound,
                    "There is no method '\(rpc.method.prefix(100))'. A2A 1.0 methods are named like SendMessage.")
            }
            let made = JSONRPCCall(call: call, rpc: rpc, context: context)
            // Who sends a notification does not wait for its answer, and may leave.
            response =
                rpc.id == nil
                ? try await self.service.perform(operation, of: made)
                : try await call.perform { try await self.service.perform(operation, of: made) }
        } catch {
            response = self.response(A2AError(wrapping: error), id: rpc.id ?? .null)
        }
        // A notification is carried out, but not answered.
        return rpc.id == nil ? Response(status: .noContent) : response
    }

    /// Errors of readable requests come with status 200; only authentication has a status of its own.
    private func response(
        _ error: A2AError, id: JSONRPC.ID, status: HTTPResponse.Status? = nil
    ) -> Response {
        let status = status ?? (error.code == .unauthenticated ? .unauthorized : .ok)
        var response = HTTPCall.response(status, JSONRPC.encodeError(id: id, error), contentType: Self.contentType)
        HTTPCall.addFields(for: error, to: &response.headers)
        return response
    }
}

/// One call over JSON-RPC.
private struct JSONRPCCall: OperationCall {
    let call: HTTPCall
    let rpc: JSONRPC.Request
    let context: CallContext

    func unary<Input: RESTRequest, Output: Message>(
        _ perform: (Input, CallContext) async throws -> Output
    ) async throws -> Response {
        let input = try ModelJSON.decode(
            Input.self, from: self.rpc.paramsOrEmpty, version: self.context.version)
        let output = try await perform(input, self.context)
        let body = try JSONRPC.encodeResult(id: self.rpc.id ?? .null, message: output)
        return HTTPCall.response(.ok, body, contentType: JSONRPCHandler.contentType, context: self.context)
    }

    func stream<Input: RESTRequest>(
        _ perform: (Input, CallContext) async throws -> EventStream
    ) async throws -> Response {
        let input = try ModelJSON.decode(
            Input.self, from: self.rpc.paramsOrEmpty, version: self.context.version)
        let events = try await perform(input, self.context)
        let id = self.rpc.id ?? .null
        return try await EventStreamResponse(
            call: self.call,
            encodeEvent: { try JSONRPC.encodeResult(id: id, message: $0) },
            encodeError: { JSONRPC.encodeError(id: id, $0) }
        ).response(for: events, context: self.context)
    }
}
