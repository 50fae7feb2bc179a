import Subprocess
import Synchronization

/// What a harness prints: its lines, and the end of what it says on standard error.
final class LineReader: Sendable {
    /// The longest line, in bytes: 64 MiB.
    private static let maxLine = 64 << 20
    /// The most lines that wait to be read: a harness prints only what it is asked for.
    private static let maxWaiting = 16
    /// How much of standard error is kept, in bytes.
    private static let maxErrors = 4096

    private struct State {
        var problem: String?
        var errors: [UInt8] = []
    }

    private let state = Mutex(State())
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation
    private let ended: AsyncStream<Never>
    private let ending: AsyncStream<Never>.Continuation
    private let (errorsEnded, errorsEnding) = AsyncStream<Never>.makeStream()

    init() {
        (self.stream, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maxWaiting))
        (self.ended, self.ending) = AsyncStream.makeStream()
    }

    /// What it did that no harness does.
    var problem: String? { self.state.withLock { $0.problem } }

    /// The last that it said on standard error, to go behind a sentence.
    var lastWords: String {
        let text = String(decoding: self.state.withLock { $0.errors }, as: UTF8.self).trimmed
        return text.isEmpty ? "" : "; its last words: \(text.suffix(600))"
    }

    /// The next line; `nil` when there are no more. For one reader at a time.
    func next() async -> String? {
        var iterator = self.stream.makeAsyncIterator()
        return await iterator.next()
    }

    /// Waits until it has closed its standard error, but no longer than that: one that is gone may have said why.
    func waitForErrors(_ limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.errorsEnded {} }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits until it has closed its output, but no longer than that.
    func waitForEnd(_ limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.ended {} }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    func read(_ output: SubprocessOutputSequence) async {
        defer {
            self.continuation.finish()
            self.ending.finish()
        }
        var rest: [UInt8] = []
        do {
            for try await buffer in output {
                buffer.withUnsafeBytes { rest.append(contentsOf: $0) }
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: rest[..<end], as: UTF8.self)
                    rest.removeSubrange(...end)
                    if line.trimmed.isEmpty { continue }
                    if case .dropped = self.continuation.yield(line) {
                        return self.stop("the harness printed line after line that nobody asked for")
                    }
                }
                if rest.count > Self.maxLine {
                    return self.stop("the harness printed a line of more than \(Self.maxLine) bytes")
                }
            }
        } catch {
            // Its end is told by the end of the lines.
        }
    }

    private func stop(_ problem: String) { self.state.withLock { $0.problem = problem } }

    func collect(_ errors: SubprocessOutputSequence) async {
        defer { self.errorsEnding.finish() }
        do {
            for try await buffer in errors {
                self.state.withLock { state in
                    buffer.withUnsafeBytes { state.errors.append(contentsOf: $0) }
                    state.errors = state.errors.suffix(Self.maxErrors)
                }
            }
        } catch {
            // Nobody waits for them.
        }
    }
}
