import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Foundation
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@testable import A2ACommand

@Suite("a2a certificate", .timeLimit(.minutes(1)))
struct CertificateTests {
    private static let all = ["ca.pem", "server.pem", "server-key.pem", "client.pem", "client-key.pem"]

    /// An empty directory, while `body` runs.
    private func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let directory = NSTemporaryDirectory() + "/a2a-certificate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await body(directory)
    }

    private func make(_ arguments: String..., in directory: String) async throws {
        let result = await runTool(["certificate"] + arguments, directory: directory)
        try #require(result.status == .success, "\(result.notes)")
        #expect(result.notes.hasPrefix("Warning: these certificates are for development only."))
    }

    private func read(_ path: String) throws -> Certificate {
        try Certificate(pemEncoded: try String(contentsOfFile: path, encoding: .utf8))
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    // MARK: The files

    @Test("the files are there, keys for their owner only, the authority's key nowhere")
    func files() async throws {
        try await self.withDirectory { directory in
            try await self.make("--client", "me.example.com", in: directory)
            let made = "\(directory)/.a2a/tls"
            #expect(try Set(FileManager.default.contentsOfDirectory(atPath: made)) == Set(Self.all))
            for name in Self.all {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(made)/\(name)")
                let mode = try #require(attributes[.posixPermissions] as? NSNumber).intValue
                if name.hasSuffix("key.pem") { #expect(mode == 0o600, "\(name)") }
                let text = try String(contentsOfFile: "\(made)/\(name)", encoding: .utf8)
                #expect(text.contains("PRIVATE KEY") == name.hasSuffix("key.pem"), "\(name)")
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: made)
            #expect(try #require(attributes[.posixPermissions] as? NSNumber).intValue & 0o077 == 0)
        }
    }

    @Test("names, uses and expiry are what was asked for")
    func contents() async throws {
        try await self.withDirectory { directory in
            try await self.make(
                "--out", "x/y", "--host", "agent.example.com", "--host", "192.0.2.7", "--host", "localhost", "--client",
                "spiffe://example.com/me", "--days", "3", in: directory)
            let server = try self.read("\(directory)/x/y/server.pem")
            let names = try #require(try server.extensions.subjectAlternativeNames)
            #expect(
                Array(names) == [
                    .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                    .dnsName("agent.example.com"), .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 7])),
                ])
            let days = server.notValidAfter.timeIntervalSinceNow / 86_400
            #expect(abs(days - 3) < 0.01)
            #expect(server.notValidBefore < Date())
            #expect(try server.extensions.extendedKeyUsage == ExtendedKeyUsage([.serverAuth]))
            #expect(try server.extensions.basicConstraints == .notCertificateAuthority)

            let client = try self.read("\(directory)/x/y/client.pem")
            let clientNames = try #require(try client.extensions.subjectAlternativeNames)
            #expect(Array(clientNames) == [.uniformResourceIdentifier("spiffe://example.com/me")])
            #expect(try client.extensions.extendedKeyUsage == ExtendedKeyUsage([.clientAuth]))

            let authority = try self.read("\(directory)/x/y/ca.pem")
            #expect(try authority.extensions.basicConstraints == .isCertificateAuthority(maxPathLength: 0))
            for leaf in [server, client] {
                #expect(authority.publicKey.isValidSignature(leaf.signature, for: leaf))
                #expect(leaf.issuer == authority.subject)
            }
        }
    }

    @Test("thirty days unless told otherwise, and no client unless told so")
    func standard() async throws {
        try await self.withDirectory { directory in
            try await self.make(in: directory)
            let made = "\(directory)/.a2a/tls"
            let days = try self.read("\(made)/server.pem").notValidAfter.timeIntervalSinceNow / 86_400
            #expect(abs(days - 30) < 0.01)
            #expect(!FileManager.default.fileExists(atPath: "\(made)/client.pem"))
        }
    }

    @Test("what is there is not overwritten, unless forced; then nothing of the old authority stays")
    func force() async throws {
        try await self.withDirectory { directory in
            try await self.make("--client", "me.example.com", in: directory)
            let made = "\(directory)/.a2a/tls"
            let before = try self.bytes("\(made)/server-key.pem")
            let refused = await runTool(["certificate"], directory: directory)
            #expect(refused.status == .usage)
            #expect(refused.notes.contains("--force"))
            #expect(try self.bytes("\(made)/server-key.pem") == before)
            try await self.make("--force", in: directory)
            #expect(try self.bytes("\(made)/server-key.pem") != before)
            #expect(!FileManager.default.fileExists(atPath: "\(made)/client.pem"))
            #expect(!FileManager.default.fileExists(atPath: "\(made)/client-key.pem"))
        }
    }

    @Test("the report names the files, as JSON too")
    func report() async throws {
        try await self.withDirectory { directory in
            let text = await runTool(["certificate"], directory: directory)
            #expect(text.output.contains("Server Names: localhost, 127.0.0.1, ::1\n"))
            #expect(
                text.output.contains(
                    "Serve: a2a-agent --tls-certificate .a2a/tls/server.pem --tls-key .a2a/tls/server-key.pem\n"))
            let json = await runTool(["certificate", "--force", "-o", "json"], directory: directory)
            #expect(json.output.contains(#""server-key":".a2a/tls/server-key.pem""#))
        }
    }

    @Test(
        "bad options are usage errors, and nothing is written",
        arguments: [
            ["--days", "0"], ["--days", "826"], ["--days", "x"], ["--host", "a b"], ["--host", "-x.example"],
            ["--host", ""], ["--host", "*.com"], ["--host", "münchen.example"], ["--client", "no scheme"],
            ["--client", "://x"], ["--client", "127.0.0.1"],
        ])
    func usage(_ arguments: [String]) async throws {
        try await self.withDirectory { directory in
            let result = await runTool(["certificate"] + arguments, directory: directory)
            #expect(result.status == .usage, "\(result.notes)")
            let written = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(written.isEmpty)
        }
    }

    @Test("a directory that cannot be written to is told")
    func unwritable() async {
        let result = await runTool(["certificate", "--out", "/proc/x"])
        #expect(result.status == .failure)
        #expect(result.notes.contains("/proc/x"))
    }

    // MARK: In use

    @Test("they serve HTTPS, gRPC and TCP to clients that trust the authority, and to no others")
    func serve() async throws {
        try await self.withDirectory { directory in
            try await self.make(in: directory)
            let made = "\(directory)/.a2a/tls"
            let (chain, key) = ("\(made)/server.pem", "\(made)/server-key.pem")
            var http = HTTPServerConfiguration.ephemeral
            http.tls = .init(certificateChain: chain, privateKey: key)
            var grpc = GRPCServerConfiguration.ephemeral
            grpc.tls = .init(certificateChain: chain, privateKey: key)
            var tcp = TCPServerConfiguration.ephemeral
            tcp.tls = .init(certificateChain: chain, privateKey: key)
            let trusted = try self.transports(roots: try self.bytes("\(made)/ca.pem"))
            let untrusted = try self.transports(roots: try pem("ca.pem"))
            try await withTestAgent(bindings: [.http(http), .grpc(grpc), .tcp(tcp)]) { endpoints in
                for interface in endpoints.flatMap(\.interfaces) {
                    for host in ["127.0.0.1", "localhost"] {
                        var interface = interface
                        interface.url = interface.url.replacing("127.0.0.1", with: host)
                        var card = ReferenceAgent.card()
                        card.supportedInterfaces = [interface]
                        let client = try Client(card: card, transports: trusted)
                        #expect(try await client.send("Hello").text == "Hello", "\(interface.url)")
                        var impatient = ClientConfiguration()
                        impatient.retry = .never
                        let stranger = try Client(card: card, transports: untrusted, configuration: impatient)
                        await #expect(throws: A2AError.self) { try await stranger.send("Hello") }
                    }
                }
            }
        }
    }

    private func transports(roots: [UInt8]) throws -> [any TransportFactory] {
        var http = HTTPClientOptions()
        http.additionalTrustRootsPEM = roots
        var grpc = GRPCClientOptions()
        grpc.additionalTrustRootsPEM = roots
        var tcp = TCPClientOptions()
        tcp.additionalTrustRootsPEM = roots
        return [
            try HTTPTransportFactory(options: http), try GRPCTransportFactory(options: grpc),
            try TCPTransportFactory(options: tcp),
        ]
    }

    @Test(
        "the caller's certificate gives its name to the agent over TCP",
        arguments: ["spiffe://example.com/me", "me.example.com"])
    func client(_ name: String) async throws {
        try await self.withDirectory { directory in
            try await self.make("--client", name, in: directory)
            let made = "\(directory)/.a2a/tls"
            var tcp = TCPServerConfiguration.ephemeral
            tcp.tls = .init(
                certificateChain: "\(made)/server.pem", privateKey: "\(made)/server-key.pem",
                clientTrustRoots: "\(made)/ca.pem", requiresClientCertificate: true)
            let seen = Mutex<[Principal]>([])
            let stub = StubService(onSend: { _, context in
                seen.withLock { $0.append(context.principal) }
                return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
            })
            var options = TCPClientOptions()
            options.additionalTrustRootsPEM = try self.bytes("\(made)/ca.pem")
            options.clientCertificatePEM = try self.bytes("\(made)/client.pem")
            options.clientKeyPEM = try self.bytes("\(made)/client-key.pem")
            try await withBindings([.tcp(tcp)], of: stub, logger: .silent) { [options] endpoints in
                let service = try TCPTransportFactory(options: options).makeTransport(
                    for: endpoints[0].interfaces[0], card: ReferenceAgent.card())
                _ = try await service.sendMessage(.text("Hello"), context: CallContext())
            }
            #expect(seen.withLock { $0 } == [Principal(id: name)])
        }
    }

    @Test("a certificate that has expired is refused")
    func expired() async throws {
        try await self.withDirectory { directory in
            let made = try DevelopmentCertificates(
                hosts: [.dns("localhost"), .address("127.0.0.1", [127, 0, 0, 1])], client: nil, validity: -1)
            #expect(made.expiry < Date())
            for (text, name) in [(made.server.certificate, "server.pem"), (made.server.key, "server-key.pem")] {
                try KeyFile.write(text, to: "\(directory)/\(name)", mode: KeyFile.ownerOnly)
            }
            var tcp = TCPServerConfiguration.ephemeral
            tcp.tls = .init(
                certificateChain: "\(directory)/server.pem", privateKey: "\(directory)/server-key.pem")
            var options = TCPClientOptions()
            options.additionalTrustRootsPEM = Array(made.authority.utf8)
            try await withTestAgent(bindings: [.tcp(tcp)]) { [options] endpoints in
                let service = try TCPTransportFactory(options: options).makeTransport(
                    for: endpoints[0].interfaces[0], card: ReferenceAgent.card())
                let error = await #expect(throws: A2AError.self) {
                    try await service.sendMessage(.text("Hello"), context: CallContext())
                }
                #expect(error?.message.contains("certificate") == true, "\(String(describing: error))")
            }
        }
    }
}
