import A2A
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Foundation
import Synchronization
import Testing

@testable import A2AConformance

/// The suite that judges A2A over TCP by its frames: it passes against our agent, and every case of it fails when the wire
/// between them breaks in some way.
@Suite("The frames of A2A over TCP", .timeLimit(.minutes(3)))
struct FrameSuiteTests {
    private let plan: TestPlan

    init() throws {
        self.plan = try TestPlan(
            files: [ReferenceAgentTests.root.appendingPathComponent("conformance/suites/tcp.acts.yaml").path])
    }

    /// Cases that wait for the times of the specification.
    private static let slow = ["TCP-080a", "TCP-080b", "TCP-080c", "TCP-168"]

    private static func interface(_ address: String) -> A2AAgentInterface {
        A2AAgentInterface(url: "a2a+tcp://\(address)", binding: "https://swift-a2a.github.io/bindings/tcp/v1")
    }

    private func run(
        _ fault: WireFault?, token: Bool = false, others: [String] = [], only: [String]
    ) async throws -> RunReport {
        try await FaultyWire.with(fault) { wire in
            var card = ReferenceAgent.card(requiresToken: token)
            // Callers come through the wire.
            card.supportedInterfaces =
                ["127.0.0.1:\(wire.port)"].map { Self.interface($0) } + others.map { Self.interface($0) }
            var tcp = TCPServerConfiguration.ephemeral
            tcp.deduplicationWindow = .seconds(600)
            var settings = RuntimeConfiguration()
            settings.shutdownGrace = .milliseconds(10)
            let runtime = TaskRuntime(
                agent: ReferenceAgent(), card: card, push: PushNotifications(senders: []), configuration: settings,
                logger: .silent,
                extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
            let callers = ["first-1234": Principal(id: "1"), "second-1234": Principal(id: "2")]
            return try await withAgentServer(
                runtime, bindings: [.http(.ephemeral), .tcp(tcp)],
                middleware: token ? [AuthenticationMiddleware(StaticTokenAuthenticator(callers))] : [], logger: .silent
            ) { endpoints in
                wire.upstream.withLock { $0 = Int(endpoints[1].address.split(separator: ":").last ?? "") ?? 0 }
                var configuration = RunConfiguration()
                configuration.bindings = [.tcp]
                configuration.only = only
                configuration.jobs = 100
                if fault != nil { configuration.callTimeout = .seconds(1) }
                if token {
                    configuration.headers = [("Authorization", "Bearer first-1234")]
                    configuration.environment["A2A_AUTHORIZATION_2"] = "Bearer second-1234"
                }
                return await Runner(plan: self.plan, configuration: configuration).run(endpoints[0].address)
            }
        }
    }

    var quick: [String] {
        self.plan.suites.flatMap(\.tests).map(\.id).filter { !Self.slow.contains($0) }
    }

    @Test("our agent passes every case", arguments: [false, true])
    func passes(_ token: Bool) async throws {
        let report = try await self.run(nil, token: token, only: self.quick)
        #expect(report.verdict(strict: true) == .conformant, "\(TextReport.text(report, strict: true))")
        #expect(report.results.filter { $0.outcome == .pass }.count > 60)
    }

    @Test("every case fails over a wire that breaks in some way")
    func fails() async throws {
        let quick = self.quick
        var found: Set<String> = []
        var tried: Set<String> = []
        func note(_ report: RunReport) {
            for result in report.results where result.outcome != .skip {
                tried.insert(result.test.id)
                if result.outcome == .fail { found.insert(result.test.id) }
            }
        }
        note(try await self.run(nil, others: ["127.0.0.1:1/x"], only: ["TCP-102"]))
        // The first finds nearly all; the others are for the rest, which expects silence and the like.
        note(try await self.run(.wrongCodes, only: quick))
        note(try await self.run(.wrongCodes, token: true, only: ["security"]))
        let rest = Array(tried.subtracting(found))
        let security = self.plan.suites.flatMap(\.tests).filter { $0.tags.contains("security") }.map(\.id)
        let reports = try await withThrowingTaskGroup(of: RunReport.self) { group in
            for fault in WireFault.allCases where fault != .wrongCodes {
                group.addTask { try await self.run(fault, only: rest) }
            }
            group.addTask { try await self.run(.noMessages, token: true, only: security) }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for report in reports { note(report) }
        #expect(tried.subtracting(found) == [])
        // What needs TLS, or an extension of the agent, is not here.
        #expect(Set(quick).subtracting(tried) == ["TCP-035", "TCP-070", "TCP-091"])
    }

    @Test("a failure shows the frames, one to a line, and no credentials")
    func trace() async throws {
        let report = try await self.run(.wrongCodes, token: true, only: ["TCP-076"])
        let lines = report.results.flatMap(\.steps).flatMap(\.trace).map { "\($0.mark) \($0.text)" }
        #expect(lines.contains { $0.hasPrefix("> CALL stream=1 flags=0x00 length=12") })
        #expect(lines.contains { $0.hasPrefix("< RESET stream=1") && $0.contains("code=\"0x1234\"") })
        #expect(lines.contains { $0.hasPrefix("> AUTH stream=0") })
        #expect(!lines.joined().contains("first-1234"))
    }
}
