import A2A
import A2AGRPC
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import A2AConformance

/// The runner and agents with TLS; all certificates are made here.
@Suite("TLS", .timeLimit(.minutes(2)))
struct TLSTests {
    private static func suites(_ names: String...) throws -> TestPlan {
        try TestPlan(
            files: names.map { ReferenceAgentTests.root.appendingPathComponent("conformance/suites/\($0)").path })
    }

    /// Runs the suites against our agent with a certificate.
    private func run(
        _ certificates: TestCertificates, _ plan: TestPlan, _ change: (inout RunConfiguration) throws -> Void
    ) async throws -> RunReport {
        var configuration = RunConfiguration()
        try change(&configuration)
        let runner = Runner(plan: plan, configuration: configuration)
        var http = HTTPServerConfiguration.ephemeral
        http.tls = .init(certificateChain: certificates.chain, privateKey: certificates.key)
        var grpc = GRPCServerConfiguration.ephemeral
        grpc.tls = .init(certificateChain: certificates.chain, privateKey: certificates.key)
        var tcp = TCPServerConfiguration.ephemeral
        tcp.tls = .init(certificateChain: certificates.chain, privateKey: certificates.key)
        let runtime = TaskRuntime(agent: ReferenceAgent(), card: ReferenceAgent.card(), logger: .silent)
        return try await withAgentServer(
            runtime, bindings: [.http(http), .grpc(grpc), .tcp(tcp)], logger: .silent
        ) { endpoints in await runner.run(endpoints[0].address) }
    }

    @Test("an agent with TLS passes over all four bindings for who trusts its authority")
    func trusted() async throws {
        try await TestCertificates.with { certificates async throws in
            let report = try await self.run(certificates, try Self.suites("core.acts.yaml", "tls.acts.yaml")) {
                try $0.trust(pem: Array(certificates.authority.utf8))
                $0.only = ["BASE-*", "TLS-*"]
            }
            let bad = report.results.filter { $0.outcome == .fail || $0.outcome == .error }
            #expect(bad.isEmpty, "\(TextReport.text(report, strict: true))")
            let passed = Set(report.results.filter { $0.outcome == .pass }.map(\.name))
            #expect(
                passed.isSuperset(of: TransportBinding.allCases.flatMap { ["\($0)/TLS-OLD-001", "\($0)/TLS-NEW-001"] }))
            #expect(passed.count > 60)
        }
    }

    @Test(
        "a certificate that nobody signed, of another host or out of date means that nothing can be tested, and says so"
    )
    func untrusted() async throws {
        let plan = try Self.suites("tls.acts.yaml")
        let unknown = try await TestCertificates.with { try await self.run($0, plan) { _ in } }
        let otherHost = try await TestCertificates.with(names: ["agent.example.com"]) { certificates in
            try await self.run(certificates, plan) { try $0.trust(pem: Array(certificates.authority.utf8)) }
        }
        let expired = try await TestCertificates.with(validity: -3600 ... -60) { certificates in
            try await self.run(certificates, plan) { try $0.trust(pem: Array(certificates.authority.utf8)) }
        }
        for report in [unknown, otherHost, expired] {
            #expect(report.verdict(strict: false) == .couldNotTest)
            #expect(report.unreachable?.contains("certificate") == true, "\(report.unreachable ?? "reached")")
        }
        let accepted = try await TestCertificates.with(validity: -3600 ... -60) {
            try await self.run($0, plan) { $0.acceptsAnyCertificate = true }
        }
        #expect(accepted.verdict(strict: true) == .conformant)
    }

    @Test("an interface without TLS skips the cases of TLS")
    func plain() async throws {
        let runtime = TaskRuntime(agent: ReferenceAgent(), card: ReferenceAgent.card(), logger: .silent)
        let runner = Runner(plan: try Self.suites("tls.acts.yaml"), configuration: RunConfiguration())
        let report = try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), .grpc(.ephemeral), .tcp(.ephemeral)], logger: .silent
        ) { endpoints in await runner.run(endpoints[0].address) }
        #expect(Set(report.results.map(\.outcome)) == [.skip])
    }

    @Test("a server that speaks TLS 1.1 is found out, and one that is not there was not tested")
    func handshakes() async throws {
        try await TestCertificates.with { certificates async throws in
            let chain = try NIOSSLCertificate.fromPEMFile(certificates.chain).map {
                NIOSSLCertificateSource.certificate($0)
            }
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain,
                privateKey: .privateKey(try NIOSSLPrivateKey(file: certificates.key, format: .pem)))
            tls.minimumTLSVersion = .tlsv1
            let context = try NIOSSLContext(configuration: tls)
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                }.bind(host: "127.0.0.1", port: 0).get()
            let url = "https://127.0.0.1:\(server.localAddress?.port ?? 0)"
            let offer = try TLSHandshake.Offer(try YAMLNode(parsing: "{max: \"1.1\"}", file: "t"), "t", file: "t")
            let exchange = { (url: String) in
                await TLSHandshake.run(
                    offer, with: url, over: .rest, deadline: .now + .seconds(10),
                    trace: WireTrace(Redactor(headers: [])))
            }
            guard case .answer(let answer) = await exchange(url).outcome else {
                Issue.record("no answer")
                return
            }
            #expect(answer == ["outcome": "established", "version": "1.1", "protocol": ""])
            try await server.close()
            guard case .unreachable = await exchange(url).outcome else {
                Issue.record("it was reached")
                return
            }
        }
    }
}
