import Synchronization

/// Encoded events on their way from one task that makes them to one that writes them.
///
/// Bounded: the maker waits while more than the high watermark is unwritten.
final class StreamBuffer: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isFinished = false
        /// Whether anything was taken or added since the last look of the keep-alive.
        var wasActive = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let highWatermark: Int
    private let state = Mutex(State())

    init(highWatermark: Int) { self.highWatermark = max(1, highWatermark) }

    /// Adds bytes; waits first while too many are unwritten. For one task.
    ///
    /// - Throws: `CancellationError` also when the stream was finished meanwhile, or its reader has gone: a source that always
    ///   has another event must notice it here.
    func append(_ bytes: [UInt8]) async throws {
        while true {
            try Task.checkCancellation()
            let (isAdded, reader) = try self.state.withLock { state in
                if state.isFinished || state.isCancelled { throw CancellationError() }
                guard state.bytes.count < self.highWatermark else {
                    return (false, CheckedContinuation<Void, Never>?.none)
                }
                state.bytes.append(contentsOf: bytes)
                state.wasActive = true
                return (true, state.reader.take())
            }
            reader?.resume()
            if isAdded { return }
            await self.waitForRoom()
        }
    }

    /// Adds bytes if nothing else happened since the last call.
    func appendIfIdle(_ bytes: [UInt8]) {
        let reader = self.state.withLock { state in
            defer { state.wasActive = false }
            guard !state.wasActive, !state.isFinished, state.bytes.isEmpty else {
                return CheckedContinuation<Void, Never>?.none
            }
            state.bytes.append(contentsOf: bytes)
            return state.reader.take()
        }
        reader?.resume()
    }

    /// No more bytes will come, save these last ones, for which nobody waits: whoever finishes first has the last word.
    func finish(_ last: [UInt8] = []) {
        let (reader, writer) = self.state.withLock { state in
            if !state.isFinished { state.bytes.append(contentsOf: last) }
            state.isFinished = true
            return (state.reader.take(), state.writer.take())
        }
        reader?.resume()
        writer?.resume()
    }

    /// All bytes that are there; waits if there are none. `nil` after the last, or when the task is cancelled.
    func take() async -> [UInt8]? {
        while true {
            let (bytes, isOver, writer) = self.state.withLock { state in
                let bytes = state.bytes
                state.bytes = []
                return (bytes, state.isFinished || state.isCancelled, state.writer.take())
            }
            writer?.resume()
            if !bytes.isEmpty { return bytes }
            if isOver { return nil }
            await self.waitForBytes()
        }
    }

    private func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let canGoOn = self.state.withLock { state in
                    if state.bytes.count < self.highWatermark || state.isFinished || state.isCancelled
                        || Task.isCancelled
                    {
                        return true
                    }
                    state.writer = continuation
                    return false
                }
                if canGoOn { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.writer.take() }?.resume()
        }
    }

    private func waitForBytes() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let canGoOn = self.state.withLock { state in
                    if !state.bytes.isEmpty || state.isFinished || state.isCancelled { return true }
                    state.reader = continuation
                    return false
                }
                if canGoOn { continuation.resume() }
            }
        } onCancel: {
            let reader = self.state.withLock { state in
                state.isCancelled = true
                return state.reader.take()
            }
            reader?.resume()
        }
    }
}
