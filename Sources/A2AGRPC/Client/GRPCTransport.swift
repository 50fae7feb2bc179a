import A2A
import A2AClient
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SwiftProtobuf

/// An agent over gRPC (§10).
final class GRPCTransport: OperationTransport {
    typealias Bytes = GRPCNIOTransportBytes

    private let connection: GRPCConnection
    /// The card that the transport was made for: gRPC has no operation for the public one.
    private let publicCard: A2AAgentCard

    init(connection: GRPCConnection, card: A2AAgentCard) {
        self.connection = connection
        self.publicCard = card
    }

    private func request(
        _ operation: A2AOperation, _ message: some Message, _ context: CallContext
    ) throws -> [RPCRequestPart<Bytes>] {
        [
            .metadata(Metadata(calling: operation, context)),
            .message(try Self.serialize(message)),
        ]
    }

    private static func serialize<M: Message>(_ message: M) throws -> Bytes {
        do {
            return try ProtobufSerializer<M>().serialize(message)
        } catch {
            throw A2AError(.invalidParams, "The request cannot be written: \(error)", cause: error)
        }
    }

    // MARK: Calls

    func call<Request: RESTRequest, Answer: Message>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> Answer {
        let parts = try self.request(operation, request, context)
        let connection = self.connection
        let outcome = try await withDeadline(context.deadline) {
            try await connection.withStream(operation.descriptor) { await Self.exchange(parts, on: $0) }
        }
        context.response.noteExtensions(outcome.initial)
        if let status = outcome.status,
            let error = GRPCFailure.error(
                status, outcome.trailers, connection.address, limit: connection.maxMessageBytes)
        {
            throw error
        }
        guard outcome.status != nil else { throw GRPCFailure.broken(outcome.failure, connection.address) }
        guard let message = outcome.message, outcome.count == 1 else {
            throw A2AError(
                .invalidAgentResponse,
                "The agent answered \(operation.rawValue) with \(outcome.count) messages, not one.")
        }
        return try Self.decode(message, limit: connection.maxMessageBytes)
    }

    /// What came for a call.
    private struct Outcome: Sendable {
        var initial = Metadata()
        var message: Bytes?
        var count = 0
        var status: Status?
        var trailers = Metadata()
        var failure: (any Error)?
    }

    private static func exchange(
        _ request: [RPCRequestPart<Bytes>], on stream: GRPCConnection.Stream
    ) async -> Outcome {
        var outcome = Outcome()
        // A peer that refuses a request before it has read it closes the stream; why, its status says.
        do { try await stream.outbound.write(contentsOf: request) } catch { outcome.failure = error }
        await stream.outbound.finish()
        do {
            for try await part in stream.inbound {
                switch part {
                case .metadata(let metadata): outcome.initial = metadata
                case .message(let bytes):
                    outcome.message = bytes
                    outcome.count += 1
                case .status(let status, let trailers):
                    outcome.status = status
                    outcome.trailers = trailers
                    return outcome
                }
            }
        } catch {
            outcome.failure = error
        }
        return outcome
    }

    static func decode<M: Message>(_ bytes: Bytes, limit: Int) throws -> M {
        guard bytes.count <= limit else { throw GRPCFailure.tooLarge(limit) }
        do {
            return try ProtobufDeserializer<M>().deserialize(bytes)
        } catch {
            throw A2AError(
                .invalidAgentResponse,
                "The agent's answer is not a \(M.protoMessageName) in the Protocol Buffers encoding.",
                cause: error)
        }
    }

    // MARK: Streams

    func stream<Request: RESTRequest>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> EventStream {
        let parts = try self.request(operation, request, context)
        let connection = self.connection
        let source = try await withDeadline(context.deadline) {
            let lease = try await connection.open(operation.descriptor, parts, deadline: context.deadline)
            let source = GRPCEventSource(lease, try await lease.stream(), version: context.version)
            context.response.noteExtensions(try await source.begin())
            return source
        }
        return EventStream { source }
    }

    func card(_ context: CallContext) async throws -> A2AAgentCard { self.publicCard }
}
