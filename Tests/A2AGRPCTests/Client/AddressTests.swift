import A2A
import A2AGRPC
import A2AReferenceAgent
import Testing

@testable import A2AGRPC

@Suite("Addresses")
struct AddressTests {
    @Test(
        "every form names a host, a port and whether to encrypt",
        arguments: [
            ("agent.example.com:9901", "agent.example.com", 9901, true),
            ("127.0.0.1:9901", "127.0.0.1", 9901, false),
            ("localhost:1", "localhost", 1, false),
            ("[::1]:65535", "::1", 65535, false),
            ("[2001:db8::1]:443", "2001:db8::1", 443, true),
            ("dns:///agent:80", "agent", 80, true),
            ("dns:agent:80", "agent", 80, true),
            ("grpc://agent:80", "agent", 80, false),
            ("grpcs://localhost:80", "localhost", 80, true),
            ("HTTP://agent:9901/", "agent", 9901, false),
            ("https://agent", "agent", 443, true),
            ("http://agent", "agent", 80, false),
            ("https://[::1]", "::1", 443, true),
        ])
    func forms(_ text: String, _ host: String, _ port: Int, _ isSecure: Bool) throws {
        let address = try GRPCAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.isSecure(.automatic) == isSecure)
        #expect(address.isSecure(.tls))
        #expect(!address.isSecure(.plaintext))
    }

    @Test(
        "what is of no use is refused with what would be right",
        arguments: [
            "", "agent", ":80", "agent:", "agent:0", "agent:65536", "agent:-1", "agent:+80", "agent:http", "::1:80",
            "[::1]", "[::1", "[::1]80", "[agent]:80", "agent:80/path", "https://agent:80/a2a", "ftp://agent:80",
            "https://", "user@agent:80", "dns://server/agent:80", "a gent:80", "agént:80", "agent:99999999999999999999",
            "grpc://agent", "unix:/socket", "https://agent:80?x=1",
        ])
    func refused(_ text: String) throws {
        let factory = GRPCTransportFactory()
        let interface = A2AAgentInterface(url: text, binding: .grpc)
        #expect(factory.supports(interface))
        let error = #expect(throws: A2AError.self) {
            try factory.makeTransport(for: interface, card: ReferenceAgent.card())
        }
        #expect(error?.code == .invalidParams)
        #expect(error?.message.contains("host:port") == true)
    }

    @Test("interfaces of other bindings are not for gRPC")
    func otherBinding() {
        let interface = A2AAgentInterface(url: "http://127.0.0.1:1", binding: .jsonRPC)
        #expect(!GRPCTransportFactory().supports(interface))
        #expect(throws: A2AError.self) {
            try GRPCTransportFactory().makeTransport(for: interface, card: ReferenceAgent.card())
        }
    }

    @Test("certificates that cannot be read are refused at once")
    func certificates() {
        var options = GRPCClientOptions()
        options.additionalTrustRootsPEM = Array("nonsense".utf8)
        #expect(throws: A2AError.self) { try GRPCTransportFactory(options: options) }
        options.additionalTrustRootsPEM = []
        options.clientCertificatePEM = Array("nonsense".utf8)
        #expect(throws: A2AError.self) { try GRPCTransportFactory(options: options) }
        options.clientKeyPEM = Array("nonsense".utf8)
        #expect(throws: A2AError.self) { try GRPCTransportFactory(options: options) }
    }
}
