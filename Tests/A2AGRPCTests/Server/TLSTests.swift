import A2A
import A2AClient
import A2AGRPC
import A2AServer
import A2ATesting
import TestSupport
import Testing

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
    private static func server(mutual: Bool = false) -> GRPCServerConfiguration {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"),
            clientTrustRoots: mutual ? certificate("ca.pem") : nil)
        return configuration
    }

    private static func options(
        _ change: (inout GRPCClientOptions) throws -> Void = { _ in }
    ) throws -> GRPCClientOptions {
        var options = GRPCClientOptions()
        options.security = .tls
        options.additionalTrustRootsPEM = try pem("ca.pem")
        try change(&options)
        return options
    }

    @Test("calls and streams over TLS, by IP address and by name", arguments: ["", "localhost:", "grpcs://localhost:"])
    func tls(_ prefix: String) async throws {
        try await withGRPCAgent(configuration: Self.server()) { address in
            let port = address.split(separator: ":").last ?? ""
            let target = prefix.isEmpty ? address : prefix + port
            var options = try Self.options()
            if prefix.hasPrefix("grpcs") { options.security = .automatic }
            let service = try transport(target, options: options)
            #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
            let events = try await service.sendStreamingMessage(.text("stream a"), context: CallContext()).all()
            #expect(events.last?.response.state == .completed)
        }
    }

    @Test("a certificate that is not trusted is refused, unless everything is accepted")
    func untrusted() async throws {
        try await withGRPCAgent(configuration: Self.server()) { address in
            let strict = try Self.options { $0.additionalTrustRootsPEM = [] }
            let error = await #expect(throws: A2AError.self) {
                try await transport(address, options: strict).sendMessage(.text("Hello"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.isSurelyNotSent == true)
            #expect(error?.message.contains("not trusted") == true, "\(String(describing: error))")
            let lenient = try Self.options {
                $0.additionalTrustRootsPEM = []
                $0.insecurelyAcceptAnyCertificate = true
            }
            _ = try await transport(address, options: lenient).sendMessage(.text("Hello"), context: CallContext())
        }
    }

    @Test("mTLS takes a client with a certificate, and refuses one without")
    func mutual() async throws {
        try await withGRPCAgent(configuration: Self.server(mutual: true)) { address in
            let known = try Self.options {
                $0.clientCertificatePEM = try pem("client.pem")
                $0.clientKeyPEM = try pem("client-key.pem")
            }
            let service = try transport(address, options: known)
            #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
            let error = await #expect(throws: A2AError.self) {
                try await transport(address, options: Self.options()).sendMessage(
                    .text("Hello"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("plaintext to a server with TLS, and TLS to one without, are told")
    func mixedUp() async throws {
        try await withGRPCAgent(configuration: Self.server()) { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport(address).sendMessage(.text("Hello"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
        }
        try await withGRPCAgent { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport(address, options: Self.options()).sendMessage(
                    .text("Hello"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.isSurelyNotSent == true)
        }
    }

    @Test("a certificate that is not there is an error at the start, not a server without TLS")
    func missing() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.tls = .init(certificateChain: "/nowhere.pem", privateKey: "/nowhere.pem")
        let error = await #expect(throws: A2AError.self) {
            try await withGRPCAgent(configuration: configuration) { _ in }
        }
        #expect(error?.message.contains("/nowhere.pem") == true)
    }

    @Test("a port that is taken, or an address that is not here, is an error at the start")
    func taken() async throws {
        try await withGRPCAgent { address in
            var configuration = GRPCServerConfiguration()
            configuration.port = Int(address.split(separator: ":").last ?? "") ?? 0
            await #expect(throws: (any Error).self) { try await withGRPCAgent(configuration: configuration) { _ in } }
        }
        var elsewhere = GRPCServerConfiguration.ephemeral
        elsewhere.host = "192.0.2.1"
        await #expect(throws: (any Error).self) { try await withGRPCAgent(configuration: elsewhere) { _ in } }
        elsewhere.host = "nowhere.invalid"
        await #expect(throws: (any Error).self) { try await withGRPCAgent(configuration: elsewhere) { _ in } }
        elsewhere.host = "127.0.0.1"
        elsewhere.port = 70000
        await #expect(throws: (any Error).self) { try await withGRPCAgent(configuration: elsewhere) { _ in } }
    }

    @Test("the card says where the agent is reached")
    func endpoint() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.publicAddress = "agent.example.com:443"
        let endpoint = try await withBindings([.grpc(configuration)], of: StubService(), logger: .silent) { $0[0] }
        #expect(endpoint.address == "agent.example.com:443")
        #expect(endpoint.interfaces == [A2AAgentInterface(url: "agent.example.com:443", binding: .grpc)])
    }
}
