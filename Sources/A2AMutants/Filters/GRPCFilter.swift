import A2A
import A2AGRPC
import A2AServer
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import ServiceLifecycle

/// What goes wrong on the way over gRPC.
struct GRPCFilter: Sendable {
    var request: (@Sendable (inout Metadata) -> Void)?
    /// The metadata before the first message.
    var answer: (@Sendable (inout Metadata) -> Void)?
    var status: (@Sendable (inout Status, inout Metadata) -> Void)?

    static let details = "grpc-status-details-bin"
}

/// gRPC with something wrong on the way: a proxy in front of our own server.
struct FilteredGRPCBinding: ServerBinding {
    let inner: GRPCBinding
    let filter: GRPCFilter

    private typealias Server = HTTP2ServerTransport.Posix
    private typealias Client = HTTP2ClientTransport.Posix

    func serve(
        _ service: any A2AService, logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let (addresses, input) = AsyncStream<String>.makeStream()
        let server = Server(
            address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext, config: .defaults)
        let name = ServiceDescriptor(fullyQualifiedService: "lf.a2a.v1.A2AService")
        var context = GRPCServerContext()
        context.methods = A2AOperation.allCases.map { MethodDescriptor(service: name, method: $0.rawValue, type: nil) }
        server.configure(context: context)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { input.finish() }
                try await self.inner.serve(service, logger: logger) { input.yield($0.address) }
            }
            group.addTask {
                for await address in addresses { try await self.proxy(server, to: address) }
            }
            group.addTask {
                guard let port = try? await server.listeningAddress.ipv4?.port else { return }
                let address = "127.0.0.1:\(port)"
                await onListening(
                    BindingEndpoint(
                        address: address,
                        interfaces: GRPCBinding.interfaces(address: address, self.inner.configuration)))
            }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }
                server.beginGracefulShutdown()
            }
            // The server behind the proxy ends last, in its own time.
            try await group.next()
            try await group.next()
            group.cancelAll()
        }
    }

    private func proxy(_ server: Server, to address: String) async throws {
        let port = Int(address.split(separator: ":").last ?? "") ?? 0
        let client = try Client(
            target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext, config: .defaults)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.connect() }
            try await server.listen { stream, _ in await self.pass(stream, client) }
            client.beginGracefulShutdown()
            group.cancelAll()
        }
    }

    private func pass(_ stream: RPCStream<Server.Inbound, Server.Outbound>, _ client: Client) async {
        do {
            try await client.withStream(descriptor: stream.descriptor, options: .defaults) { upstream, _ in
                for try await part in stream.inbound {
                    switch part {
                    case .metadata(var metadata):
                        self.filter.request?(&metadata)
                        // The transport writes its own.
                        for key in ["content-type", "te", "user-agent"] { metadata.removeAllValues(forKey: key) }
                        try await upstream.outbound.write(.metadata(metadata))
                    case .message(let bytes): try await upstream.outbound.write(.message(bytes))
                    }
                }
                await upstream.outbound.finish()
                for try await part in upstream.inbound { try await stream.outbound.write(self.changed(part)) }
            }
        } catch {
            // The caller has left, or the agent has: then there is a status of the transport.
            let status = Status(code: .unavailable, message: "\(error)")
            try? await stream.outbound.write(.status(status, [:]))
        }
        await stream.outbound.finish()
    }

    private func changed(
        _ part: RPCResponsePart<GRPCNIOTransportBytes>
    ) -> RPCResponsePart<GRPCNIOTransportBytes> {
        switch part {
        case .metadata(var metadata):
            metadata.removeAllValues(forKey: "content-type")
            self.filter.answer?(&metadata)
            return .metadata(metadata)
        case .message: return part
        case .status(var status, var trailers):
            self.filter.status?(&status, &trailers)
            return .status(status, trailers)
        }
    }

    var description: String { "gRPC(filtered)" }
}
