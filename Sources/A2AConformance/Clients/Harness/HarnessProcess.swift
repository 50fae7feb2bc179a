import A2A
import Subprocess
import Synchronization

/// How long a harness may take (conformance/client-harness.md).
package struct HarnessLimits: Sendable {
    /// For its first line. Default 30 s.
    package var hello: Duration = .seconds(30)
    /// For an answer, beyond the time that the client itself has. Default 5 s.
    package var grace: Duration = .seconds(5)
    /// To end when its input has ended; then it is killed. Default 3 s.
    package var exit: Duration = .seconds(3)

    package init() {}
}

/// A harness that runs as a process, spoken to in lines of JSON over its standard input and output.
final class HarnessProcess: ClientHarness {
    private let limits: HarnessLimits
    private let lines: LineReader
    private let kill: @Sendable () -> Void
    private let write: @Sendable (String) async throws -> Void
    private let counter = Mutex(0)

    /// Starts a harness, gives it to `body`, and ends it.
    ///
    /// - Throws: ``HarnessFailure`` if it cannot be started or says no hello.
    static func run<Result: Sendable>(
        _ command: [String], limits: HarnessLimits,
        body: @Sendable @escaping (HarnessProcess, HarnessHello) async -> Result
    ) async throws(HarnessFailure) -> Result {
        var options = PlatformOptions()
        // A group of its own, so that what it starts ends with it.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, allowedDurationToNextStep: .milliseconds(1))]
        let lines = LineReader()
        do {
            let outcome = try await Subprocess.run(
                // It takes names as well as paths, and becomes the program.
                .name("env"), arguments: Arguments(command), platformOptions: options, input: .inputWriter,
                output: .sequence, error: .sequence
            ) { process in
                let harness = HarnessProcess(
                    limits: limits, lines: lines,
                    kill: { try? process.send(signal: .kill, toProcessGroup: true) },
                    write: { text in _ = try await process.standardInputWriter.write(text) })
                let (output, errors) = (process.standardOutput, process.standardError)
                return await withTaskGroup(of: Void.self) { group -> Swift.Result<Result, HarnessFailure> in
                    group.addTask { await lines.read(output) }
                    group.addTask { await lines.collect(errors) }
                    let result = await harness.use(body)
                    try? await process.standardInputWriter.finish()
                    await lines.waitForEnd(limits.exit)
                    harness.kill()
                    await group.waitForAll()
                    return result
                }
            }
            return try outcome.closureResult.get()
        } catch let failure as HarnessFailure {
            throw failure
        } catch {
            throw HarnessFailure("'\(command.joined(separator: " "))' cannot be run: \(error)")
        }
    }

    /// How long the last words of a harness that has closed its output are waited for.
    private static let lastWordsLimit: Duration = .seconds(1)

    private init(
        limits: HarnessLimits, lines: LineReader, kill: @escaping @Sendable () -> Void,
        write: @escaping @Sendable (String) async throws -> Void
    ) {
        self.limits = limits
        self.lines = lines
        self.kill = kill
        self.write = write
    }

    private func use<Result: Sendable>(
        _ body: (HarnessProcess, HarnessHello) async -> Result
    ) async -> Swift.Result<Result, HarnessFailure> {
        do throws(HarnessFailure) {
            let hello = try HarnessHello(try await self.line(within: self.limits.hello, what: "hello"))
            return .success(await body(self, hello))
        } catch {
            return .failure(error)
        }
    }

    func perform(_ command: HarnessCommand) async throws(HarnessFailure) -> HarnessAnswer {
        let id = self.counter.withLock { count in
            count += 1
            return "\(count)"
        }
        let text = command.json(id: id).description + "\n"
        let limit = Duration.milliseconds(command.timeoutMilliseconds) + self.limits.grace
        let answer = try await self.line(within: limit, what: "answer to \(command.operation)") {
            try await self.write(text)
        }
        return try HarnessAnswer(answer, id: id)
    }

    /// The next line, after something was written. The process is killed if that takes too long, which ends any wait for it.
    private func line(
        within limit: Duration, what: String, after write: @escaping @Sendable () async throws -> Void = {}
    ) async throws(HarnessFailure) -> JSONValue {
        enum Race: Sendable { case line(String?), late }
        let first: Race = await withTaskGroup(of: Race.self) { group in
            group.addTask {
                do {
                    try await write()
                } catch {
                    return .line(nil)
                }
                return .line(await self.lines.next())
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                if !Task.isCancelled { self.kill() }
                return .late
            }
            let first = await group.next() ?? .late
            group.cancelAll()
            return first
        }
        guard case .line(let text?) = first else {
            if case .late = first {
                throw HarnessFailure("the harness gave no \(what) within \(limit.seconds)\(self.lines.lastWords)")
            }
            await self.lines.waitForErrors(Self.lastWordsLimit)
            throw HarnessFailure(self.lines.problem ?? "the harness ended without its \(what)\(self.lines.lastWords)")
        }
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw HarnessFailure(
                "the harness printed what is no JSON in place of its \(what): \(Mismatch.text(.string(text)))")
        }
    }
}
