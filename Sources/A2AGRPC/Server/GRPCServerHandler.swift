import A2A
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SwiftProtobuf

/// Answers the calls of all services on the port.
///
/// It works on the streams of the transport: that leaves out the task groups and the writes that a generic server adds
/// to each call, and lets every error say what would be right, those of gRPC itself included.
struct GRPCServerHandler: Sendable {
    typealias Stream = RPCStream<HTTP2ServerTransport.Posix.Inbound, HTTP2ServerTransport.Posix.Outbound>
    typealias Bytes = GRPCNIOTransportBytes

    private enum Route {
        case operation(A2AOperation)
        case healthCheck, healthWatch
        case reflection
    }

    private let service: any A2AService
    private let configuration: GRPCServerConfiguration
    private let status: ServingStatus
    private let routes: [MethodDescriptor: Route]

    init(service: any A2AService, configuration: GRPCServerConfiguration, status: ServingStatus) {
        self.service = service
        self.configuration = configuration
        self.status = status
        var routes: [MethodDescriptor: Route] = [:]
        for operation in A2AOperation.allCases { routes[operation.descriptor] = .operation(operation) }
        routes[Grpc_Health_V1_Health.Method.Check.descriptor] = .healthCheck
        routes[Grpc_Health_V1_Health.Method.Watch.descriptor] = .healthWatch
        if configuration.reflection {
            for method in Reflection.methods { routes[method] = .reflection }
        }
        self.routes = routes
    }

    /// What is served; the transport wants to know.
    var methods: [MethodDescriptor] { Array(self.routes.keys) }

    /// Answers one call; never fails, since there is nobody but the caller to tell.
    func handle(_ stream: Stream, _ server: ServerContext) async {
        do {
            switch self.routes[stream.descriptor] {
            case .operation(let operation): try await self.perform(operation, stream, server)
            case .healthCheck: try await self.checkHealth(stream)
            case .healthWatch: try await self.watchHealth(stream, server)
            case .reflection: try await self.reflect(stream, server)
            case nil: throw self.unknownMethod(stream.descriptor)
            }
        } catch {
            let (status, trailers) = A2AError(wrapping: error).grpcStatus
            try? await stream.outbound.write(.status(status, trailers))
        }
        await stream.outbound.finish()
    }

    // MARK: A2A

    private func perform(_ operation: A2AOperation, _ stream: Stream, _ server: ServerContext) async throws {
        let (metadata, message) = try await self.request(of: stream)
        let request = GRPCRequestMetadata(metadata)
        let context = try request.context(self.configuration)
        let call = GRPCCall(message: message, context: context)
        let service = self.service
        let answer = try await self.whileCalled(server) {
            guard context.deadline != nil else { return try await service.perform(operation, of: call) }
            return try await withDeadline(context.deadline) { try await service.perform(operation, of: call) }
        }
        switch answer {
        case .message(let bytes):
            try await stream.outbound.write(contentsOf: [
                .metadata(Metadata(answering: context)), .message(bytes), .status(Self.ok, [:]),
            ])
        case .events(let events):
            // The headers go first: who subscribes to a task that is silent wants to know that it may wait.
            try await stream.outbound.write(.metadata(Metadata(answering: context)))
            try await self.untilCancelled(server, deadline: context.deadline) {
                try await Self.send(events, withGenerations: request.wantsGenerations, to: stream)
            }
            try await stream.outbound.write(.status(Self.ok, [:]))
        }
    }

    /// Writes events as it pulls them: what the caller does not read is not produced.
    private static func send(_ events: EventStream, withGenerations: Bool, to stream: Stream) async throws {
        let serializer = ProtobufSerializer<A2AStreamResponse>()
        for try await event in events {
            // A source that always has another event would not notice that the caller has left.
            try Task.checkCancellation()
            var response = event.response
            if withGenerations, let generation = event.generation { response.setGeneration(generation) }
            try await stream.outbound.write(.message(try serializer.serialize(response)))
        }
    }

    /// The metadata and the only message of a request.
    private func request(of stream: Stream) async throws -> (Metadata, Bytes) {
        var inbound = stream.inbound.makeAsyncIterator()
        guard case .metadata(let metadata) = try await inbound.next() else { throw Self.noMessage(stream.descriptor) }
        guard case .message(let message) = try await inbound.next() else { throw Self.noMessage(stream.descriptor) }
        guard message.count <= self.configuration.maxMessageBytes else {
            throw A2AError(
                .requestTooLarge,
                "The request has \(message.count) bytes; this agent accepts \(self.configuration.maxMessageBytes).")
        }
        guard try await inbound.next() == nil else {
            throw A2AError(
                .invalidRequest, "\(stream.descriptor.method) takes one message; the call has more than one.")
        }
        return (metadata, message)
    }

    private static func noMessage(_ method: MethodDescriptor) -> A2AError {
        A2AError(.invalidRequest, "The call of \(method.method) ended without a message; it takes one.")
    }

    private func unknownMethod(_ method: MethodDescriptor) -> A2AError {
        let service = A2AA2AService.descriptor.fullyQualifiedService
        let methods = A2AOperation.allCases.map(\.rawValue).joined(separator: ", ")
        let name = method.fullyQualifiedMethod.prefix(200)
        return A2AError(
            .methodNotFound, "There is no method '\(name)' here. The service \(service) has: \(methods).")
    }

    static let ok = Status(code: .ok, message: "")

    // MARK: Ends of calls

    /// Runs an operation that is cancelled when its caller leaves.
    private func whileCalled<Result>(
        _ server: ServerContext, _ operation: @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = CallTask()
        let status = self.status
        return try await task.run {
            try await withRPCCancellationHandler {
                if server.cancellation.isCancelled, status.isServing { task.cancel() }
                return try await operation()
            } onCancelRPC: {
                // The transport says the same on graceful shutdown; then calls may end by themselves.
                if status.isServing { task.cancel() }
            }
        }
    }

    /// Runs an operation until it ends, its caller leaves, its deadline comes or the server shuts down.
    func untilCancelled(
        _ server: ServerContext, deadline: ContinuousClock.Instant? = nil,
        _ operation: @escaping @Sendable () async throws -> Void
    ) async throws {
        let status = self.status
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await server.cancellation.cancelled
                throw status.isServing
                    ? A2AError(.canceled, "The caller left.")
                    : A2AError(
                        .unavailable, "The server is shutting down. Subscribe again when it is back.",
                        details: [.retryInfo(.seconds(1))])
            }
            if let deadline {
                group.addTask {
                    try await Task.sleep(until: deadline, clock: .continuous)
                    throw A2AError(.deadlineExceeded, "The stream was open as long as its deadline allows.")
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: Health

    private func checkHealth(_ stream: Stream) async throws {
        let (_, message) = try await self.request(of: stream)
        let request: Grpc_Health_V1_HealthCheckRequest = try GRPCCall.decode(message)
        guard let status = self.status.status(of: request.service) else {
            throw A2AError(
                A2AError.Code(name: "NotFoundError", reason: "NOT_FOUND", jsonRPC: -32601, http: 404, grpc: 5),
                "There is no service '\(request.service.prefix(200))' here; an empty name asks about the server.")
        }
        try await stream.outbound.write(contentsOf: [
            .metadata([:]), .message(try Self.healthAnswer(status)), .status(Self.ok, [:]),
        ])
    }

    private func watchHealth(_ stream: Stream, _ server: ServerContext) async throws {
        let (_, message) = try await self.request(of: stream)
        let request: Grpc_Health_V1_HealthCheckRequest = try GRPCCall.decode(message)
        try await stream.outbound.write(.metadata([:]))
        let changes = self.status.watch(request.service)
        try await self.untilCancelled(server) {
            for await status in changes {
                try await stream.outbound.write(.message(try Self.healthAnswer(status)))
            }
            // The stream of changes ends with the last one; the shutdown tells the rest.
            try await server.cancellation.cancelled
        }
    }

    private static func healthAnswer(_ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus) throws -> Bytes {
        var response = Grpc_Health_V1_HealthCheckResponse()
        response.status = status
        return try ProtobufSerializer().serialize(response)
    }

    // MARK: Reflection

    private func reflect(_ stream: Stream, _ server: ServerContext) async throws {
        let limit = self.configuration.maxMessageBytes
        try await self.untilCancelled(server) {
            var isFirst = true
            for try await part in stream.inbound {
                guard case .message(let bytes) = part else { continue }
                guard bytes.count <= limit else { throw A2AError(.requestTooLarge, "The question is too large.") }
                let answer = Reflection.shared.answer(try GRPCCall.decode(bytes))
                if isFirst { try await stream.outbound.write(.metadata([:])) }
                isFirst = false
                try await stream.outbound.write(.message(try ProtobufSerializer().serialize(answer)))
            }
            if isFirst { try await stream.outbound.write(.metadata([:])) }
        }
        try await stream.outbound.write(.status(Self.ok, [:]))
    }
}
