import A2A
import A2AClient
import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// The events of a stream over gRPC, one message at a time. Letting it go resets the stream.
// Unchecked: an event source has one reader, which does not ask again before it has its answer; the task that opens it
// hands it over before it is read.
final class GRPCEventSource: EventSource, @unchecked Sendable {
    private let address: GRPCAddress
    private let maxMessageBytes: Int
    private let hasGenerations: Bool
    private var lease: StreamLease?
    private var inbound: GRPCConnection.Transport.Inbound.AsyncIterator?

    /// - Parameter version: The one of the call. Before 1.1 a generation in an event is only its number.
    init(_ lease: StreamLease, _ stream: GRPCConnection.Stream, version: ProtocolVersion) {
        self.address = lease.address
        self.hasGenerations = version.hasGenerations
        self.maxMessageBytes = lease.maxMessageBytes
        self.lease = lease
        self.inbound = stream.inbound.makeAsyncIterator()
    }

    /// Waits until the agent has accepted the call.
    ///
    /// - Returns: The metadata before the first event.
    /// - Throws: ``A2AError`` if it has not.
    func begin() async throws -> Metadata {
        switch try await self.read() {
        case .metadata(let metadata): return metadata
        case .status(let status, let trailers):
            self.finish()
            if let error = self.error(status, trailers) { throw error }
            return [:]
        case .message:
            self.finish()
            throw A2AError(.invalidAgentResponse, "The agent sent an event before the headers of its answer.")
        }
    }

    func next() async throws -> StreamEvent? {
        while self.inbound != nil {
            switch try await self.read() {
            case .metadata: continue
            case .message(let bytes):
                do {
                    var response: A2AStreamResponse = try GRPCTransport.decode(bytes, limit: self.maxMessageBytes)
                    let generation = self.hasGenerations ? response.generation : response.takeGeneration()
                    return StreamEvent(response, generation: generation)
                } catch {
                    self.finish()
                    throw error
                }
            case .status(let status, let trailers):
                let error = self.error(status, trailers)
                self.finish()
                if let error { throw error }
            }
        }
        return nil
    }

    private func finish() {
        self.inbound = nil
        self.lease = nil
    }

    private func error(_ status: Status, _ trailers: Metadata) -> A2AError? {
        if status.code != .ok, self.lease?.state.isExpired == true { return Self.expired }
        return GRPCFailure.error(status, trailers, self.address, limit: self.maxMessageBytes)
    }

    private static var expired: A2AError { A2AError(.deadlineExceeded, "The call took longer than its deadline.") }

    private func read() async throws -> RPCResponsePart<GRPCNIOTransportBytes> {
        do {
            if let part = try await self.inbound?.next() { return part }
            throw GRPCFailure.broken(nil, self.address)
        } catch {
            let isExpired = self.lease?.state.isExpired == true
            self.finish()
            throw isExpired ? Self.expired : GRPCFailure.broken(error, self.address)
        }
    }
}
