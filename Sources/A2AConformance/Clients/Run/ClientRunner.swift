import A2AHTTP
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs the tests of a plan that are for clients (`a2a-conformance client`). The report is the same as that of ``Runner``: the
/// client stands where the agent would.
package struct ClientRunner: Sendable {
    package let plan: TestPlan
    package let configuration: RunConfiguration

    /// So many failures of the harness one after the other end the run.
    private static let maxHarnessFailures = 3

    private let limits: HarnessLimits

    package init(plan: TestPlan, configuration: RunConfiguration, limits: HarnessLimits = .init()) {
        self.plan = plan
        self.configuration = configuration
        self.limits = limits
    }

    /// Runs a harness that is started by a command, one process for each of the jobs.
    ///
    /// - Parameter command: A program, looked for in PATH unless it is a path, and its arguments.
    package func run(_ command: [String], progress: @escaping Runner.Progress = { _, _ in }) async -> RunReport {
        let start = ContinuousClock.now
        let name = command.joined(separator: " ")
        var report = RunReport(url: name, started: Date())
        do {
            let hello = try await HarnessProcess.run(command, limits: self.limits) { _, hello in hello }
            report.agent = Self.client(hello, name)
            let queue = self.queue(hello, start, progress)
            report.untested = queue.untested
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, min(self.configuration.jobs, queue.count)) {
                    group.addTask { await self.work(command, queue) }
                }
            }
            report.results = queue.results("the run ended before")
            report.notes += report.untested
        } catch {
            report.unreachable = error.description
        }
        report.duration = ContinuousClock.now - start
        return report
    }

    /// Runs a harness in this process.
    package func run(
        _ hello: HarnessHello, _ harness: any ClientHarness, progress: @escaping Runner.Progress = { _, _ in }
    ) async -> RunReport {
        let start = ContinuousClock.now
        var report = RunReport(url: hello.name, started: Date())
        report.agent = Self.client(hello, hello.name)
        let queue = self.queue(hello, start, progress)
        report.untested = queue.untested
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, min(self.configuration.jobs, queue.count)) {
                group.addTask { await self.work(harness, queue) }
            }
        }
        report.results = queue.results("the run ended before")
        report.notes += report.untested
        report.duration = ContinuousClock.now - start
        return report
    }

    private static func client(_ hello: HarnessHello, _ name: String) -> AgentUnderTest {
        AgentUnderTest(client: hello.name, version: hello.version, command: name)
    }

    private func queue(
        _ hello: HarnessHello, _ start: ContinuousClock.Instant, _ progress: @escaping Runner.Progress
    ) -> ClientQueue {
        ClientQueue(
            plan: self.plan, configuration: self.configuration, hello: hello,
            deadline: start.advanced(by: self.configuration.runTimeout), progress: progress)
    }

    /// One process after the other, until there is nothing left to do.
    private func work(_ command: [String], _ queue: ClientQueue) async {
        var failures = 0
        while queue.isOpen, failures < Self.maxHarnessFailures {
            do {
                let count = try await HarnessProcess.run(command, limits: self.limits) { harness, _ in
                    await self.work(harness, queue)
                }
                failures = count > 0 ? 1 : failures + 1
            } catch {
                failures += 1
                queue.note(error)
            }
        }
    }

    /// - Returns: How many cases were run before the harness failed.
    @discardableResult
    private func work(_ harness: any ClientHarness, _ queue: ClientQueue) async -> Int {
        var count = 0
        while let one = queue.next() {
            if let reason = one.skipReason {
                queue.skip(one, reason)
                continue
            }
            let execution = ClientExecution(
                suite: one.suite, test: one.test, binding: one.binding, harness: harness,
                configuration: self.configuration, notifier: HTTPNotifier())
            let (result, failure) = await execution.run()
            queue.finish(one, result)
            if let failure {
                queue.note(failure)
                return count
            }
            count += 1
        }
        return count
    }
}

/// Sends push notifications by HTTP.
private struct HTTPNotifier: Notifier {
    func notify(
        _ url: String, method: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> Int {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if !request.headers.contains(name: "content-type") {
            request.headers.add(name: "Content-Type", value: "application/a2a+json")
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        return Int(try await HTTPConnections.shared.execute(request, deadline: .now() + .seconds(10)).status.code)
    }
}
