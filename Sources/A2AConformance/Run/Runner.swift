import AsyncHTTPClient
import NIOCore
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs the tests of a plan against an agent.
package struct Runner: Sendable {
    package let plan: TestPlan
    package let configuration: RunConfiguration

    package init(plan: TestPlan, configuration: RunConfiguration) {
        self.plan = plan
        self.configuration = configuration
    }

    /// Told of each result as it comes, with how many there will be.
    package typealias Progress = @Sendable (_ result: CaseResult, _ total: Int) -> Void

    /// Runs everything that was asked for. Ends within the time limit of the run, whatever the agent does.
    ///
    /// - Parameter url: The agent's base URL, or that of its card.
    package func run(_ url: String, progress: @escaping Progress = { _, _ in }) async -> RunReport {
        let start = ContinuousClock.now
        var report = RunReport(url: url, started: Date())
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: self.httpConfiguration)
        let http = HTTPWire(client: client)
        let redactor = Redactor(headers: self.configuration.headers)
        let deadline = start.advanced(by: self.configuration.runTimeout)
        let discovery = Discovery(http: http, headers: self.configuration.headers, redactor: redactor)
        do {
            let agent = try await discovery.find(
                url, deadline: min(start.advanced(by: self.configuration.callTimeout), deadline))
            report.agent = agent
            report.notes = agent.notes
            let run = AgentRun(
                plan: self.plan, configuration: self.configuration, agent: agent, http: http, redactor: redactor,
                deadline: deadline)
            (report.results, report.untested) = await run.run(progress)
            report.notes += report.untested
        } catch {
            report.unreachable = error.reason
        }
        // Nothing is left to be sent; what its connections say in parting is of no interest.
        try? await client.shutdown()
        report.duration = ContinuousClock.now - start
        return report
    }

    private var httpConfiguration: HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if self.configuration.acceptsAnyCertificate { tls.certificateVerification = .none }
        // They were read before.
        if let roots = try? NIOSSLCertificate.fromPEMBytes(self.configuration.trustRootsPEM), !roots.isEmpty {
            tls.additionalTrustRoots = [.certificates(roots)]
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(HTTPWire.connectTimeout)), ignoreUncleanSSLShutdown: true,
            decompression: .disabled)
        // Shorter than servers keep theirs, so that none closes a connection just as it is taken again.
        configuration.connectionPool = .init(
            idleTimeout: .seconds(1), concurrentHTTP1ConnectionsPerHostSoftLimit: 256)
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
