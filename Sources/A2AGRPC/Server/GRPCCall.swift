import A2A
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SwiftProtobuf

/// What a call is answered with.
enum GRPCAnswer: Sendable {
    case message(GRPCNIOTransportBytes)
    case events(EventStream)
}

/// One call over gRPC.
struct GRPCCall: OperationCall, Sendable {
    let message: GRPCNIOTransportBytes
    let context: CallContext

    func unary<Request: RESTRequest, Output: Message>(
        _ perform: (Request, CallContext) async throws -> Output
    ) async throws -> GRPCAnswer {
        let output = try await perform(try self.request(), self.context)
        return .message(try ProtobufSerializer<Output>().serialize(output))
    }

    func stream<Request: RESTRequest>(
        _ perform: (Request, CallContext) async throws -> EventStream
    ) async throws -> GRPCAnswer {
        .events(try await perform(try self.request(), self.context))
    }

    private func request<Request: RESTRequest>() throws -> Request {
        let request: Request = try Self.decode(self.message)
        return request.read(in: self.context.version)
    }

    /// - Throws: ``A2AError`` with `.invalidRequest` if the bytes are not such a message.
    static func decode<M: Message>(_ bytes: GRPCNIOTransportBytes) throws -> M {
        do {
            return try ProtobufDeserializer<M>().deserialize(bytes)
        } catch {
            throw A2AError(
                .invalidRequest,
                "The request cannot be read; send a \(M.protoMessageName) in the Protocol Buffers encoding.",
                cause: error)
        }
    }
}
