import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import A2ATCP

@Suite("TLS over TCP", .timeLimit(.minutes(1)))
struct TLSTests {
    private static func server(mutual: Bool = false, required: Bool = false) -> TCPServerConfiguration {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"),
            clientTrustRoots: mutual ? certificate("ca.pem") : nil, requiresClientCertificate: required)
        return configuration
    }

    private static func options(
        _ change: (inout TCPClientOptions) throws -> Void = { _ in }
    ) throws -> TCPClientOptions {
        var options = TCPClientOptions()
        options.additionalTrustRootsPEM = try pem("ca.pem")
        try change(&options)
        return options
    }

    @Test("calls and streams over TLS, by IP address and by name", arguments: ["127.0.0.1", "localhost"])
    func tls(_ host: String) async throws {
        try await withTCPAgent(configuration: Self.server()) { address in
            #expect(address.hasPrefix("a2a+tls://127.0.0.1:"))
            let service = try transport("a2a+tls://\(host):\(port(address))", options: Self.options())
            #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
            let events = try await service.sendStreamingMessage(.text("stream a"), context: CallContext()).all()
            #expect(events.last?.response.state == .completed)
        }
    }

    @Test("a certificate that is not trusted is refused, unless everything is accepted")
    func untrusted() async throws {
        try await withTCPAgent(configuration: Self.server()) { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport(address).sendMessage(.text("Hello"), context: CallContext())
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

    @Test("a client certificate is verified where it comes, and its name is the principal")
    func mutual() async throws {
        let seen = Mutex<[Principal]>([])
        let stub = StubService(onSend: { _, context in
            seen.withLock { $0.append(context.principal) }
            return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
        })
        let known = try Self.options {
            $0.clientCertificatePEM = try pem("client.pem")
            $0.clientKeyPEM = try pem("client-key.pem")
        }
        try await withTCPService(stub, configuration: Self.server(mutual: true)) { address in
            _ = try await transport(address, options: known).sendMessage(.text("Hello"), context: CallContext())
            _ = try await transport(address, options: Self.options()).sendMessage(
                .text("Hello"), context: CallContext())
        }
        #expect(seen.withLock { $0 } == [Principal(id: "spiffe://example.com/client"), .anonymous])

        try await withTCPService(stub, configuration: Self.server(mutual: true, required: true)) { address in
            _ = try await transport(address, options: known).sendMessage(.text("Hello"), context: CallContext())
            let error = await #expect(throws: A2AError.self) {
                try await transport(address, options: Self.options()).sendMessage(
                    .text("Hello"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.isSurelyNotSent == true)
        }
    }

    @Test("new certificates are for the connections that come then; broken ones are logged, and the former stay")
    func reload() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "a2a-tcp-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (chain, key) = (folder.appending(path: "chain.pem"), folder.appending(path: "key.pem"))
        // Renamed into place, as tools do that renew certificates.
        func install(_ certificate: [UInt8], _ privateKey: [UInt8]?) throws {
            if let privateKey { try Data(privateKey).write(to: key, options: .atomic) }
            try Data(certificate).write(to: chain, options: .atomic)
        }
        // At first it has another's certificate, which is not for this host.
        try install(pem("client.pem"), pem("client-key.pem"))
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(certificateChain: chain.path, privateKey: key.path)
        configuration.tls?.checkInterval = .zero
        let logged = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in LineRecorder { line in logged.withLock { $0.append(line) } } }
        let runtime = TaskRuntime(agent: ReferenceAgent(), card: ReferenceAgent.card(), logger: .silent)
        try await withAgentServer(runtime, bindings: [.tcp(configuration)], logger: logger) { endpoints in
            let address = endpoints[0].address
            func call(_ options: TCPClientOptions) async throws {
                _ = try await transport(address, options: options).sendMessage(.text("Hello"), context: CallContext())
            }
            let lenient = try transport(
                address, options: Self.options { $0.insecurelyAcceptAnyCertificate = true })
            _ = try await lenient.sendMessage(.text("Hello"), context: CallContext())
            let strict = try Self.options()
            await #expect(throws: A2AError.self) { try await call(strict) }

            try install(pem("server.pem"), pem("server-key.pem"))
            try await call(strict)
            // The connection that was there stays.
            _ = try await lenient.sendMessage(.text("Hello"), context: CallContext())

            try install(Array("no certificate".utf8), nil)
            try await call(strict)
            // Of another key.
            try install(pem("client.pem"), nil)
            try await call(strict)
            try await call(strict)
        }
        #expect(logged.withLock { $0.filter { $0.contains("former") } }.count == 2)
    }

    @Test("files are looked at no more often than once in a while")
    func checkInterval() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "a2a-tcp-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (chain, key) = (folder.appending(path: "chain.pem"), folder.appending(path: "key.pem"))
        try Data(pem("server.pem")).write(to: chain)
        try Data(pem("server-key.pem")).write(to: key)
        let certificates = try TCPCertificates(
            .init(certificateChain: chain.path, privateKey: key.path), logger: .silent)
        let first = certificates.context()
        try Data(pem("client-key.pem")).write(to: key, options: .atomic)
        try Data(pem("client.pem")).write(to: chain, options: .atomic)
        #expect(certificates.context(now: .now.advanced(by: .seconds(5))) === first)
        let second = certificates.context(now: .now.advanced(by: .seconds(11)))
        #expect(second !== first)
        #expect(certificates.context(now: .now.advanced(by: .seconds(30))) === second, "nothing has changed")
    }

    @Test("plaintext to a server with TLS, and TLS to one without, are told")
    func mixedUp() async throws {
        try await withTCPAgent(configuration: Self.server()) { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport("a2a+tcp://127.0.0.1:\(port(address))").sendMessage(
                    .text("Hello"), context: CallContext())
            }
            #expect(error?.isSurelyNotSent == true)
        }
        try await withTCPAgent { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport("a2a+tls://127.0.0.1:\(port(address))", options: Self.options()).sendMessage(
                    .text("Hello"), context: CallContext())
            }
            #expect(error?.isSurelyNotSent == true)
        }
    }

    @Test("a certificate that is not there, a port that is taken, an address that is not here are errors at the start")
    func missing() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(certificateChain: "/nowhere.pem", privateKey: "/nowhere.pem")
        let error = await #expect(throws: A2AError.self) {
            try await withTCPAgent(configuration: configuration) { _ in }
        }
        #expect(error?.message.contains("/nowhere.pem") == true)
        configuration = .ephemeral
        try await withTCPAgent { address in
            var configuration = TCPServerConfiguration()
            configuration.port = port(address)
            await #expect(throws: A2AError.self) { try await withTCPAgent(configuration: configuration) { _ in } }
        }
        configuration.host = "nowhere.invalid"
        await #expect(throws: A2AError.self) { try await withTCPAgent(configuration: configuration) { _ in } }
        configuration.host = "127.0.0.1"
        configuration.port = 70000
        await #expect(throws: A2AError.self) { try await withTCPAgent(configuration: configuration) { _ in } }
    }
}

/// Gives the lines of a log away.
private struct LineRecorder: LogHandler {
    let onLine: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(_ onLine: @escaping @Sendable (String) -> Void) { self.onLine = onLine }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) { self.onLine("\(event.message)") }
}
