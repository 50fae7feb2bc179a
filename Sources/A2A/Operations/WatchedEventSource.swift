/// Something to do at certain times for as long as a stream is read.
package protocol StreamWatch: Sendable {
    /// Does what is due.
    ///
    /// - Throws: Why the stream ends.
    func catchUp() async throws

    /// Does what becomes due, until it is cancelled.
    ///
    /// - Throws: Why the stream ends.
    func keep() async throws
}

/// The events of a stream, and a watch that is kept while the reader waits for the next.
// Unchecked: an event source has one reader, which does not ask again before it has its answer. The task group of the race runs
// `read()` elsewhere, but the reader waits for it.
package final class WatchedEventSource: EventSource, @unchecked Sendable {
    private var iterator: EventStream.AsyncIterator?
    private let watch: any StreamWatch

    package init(_ stream: EventStream, _ watch: any StreamWatch) {
        self.iterator = stream.makeAsyncIterator()
        self.watch = watch
    }

    package func next() async throws -> StreamEvent? {
        guard self.iterator != nil else { return nil }
        do {
            try await self.watch.catchUp()
            let event = try await race(
                { try await self.read() }, against: { try await self.watch.keep() }, otherwise: CancellationError.init)
            // What came at the last moment is not given away on a credential that is over.
            try await self.watch.catchUp()
            if event == nil { self.iterator = nil }
            return event
        } catch {
            self.iterator = nil
            throw error
        }
    }

    private func read() async throws -> StreamEvent? { try await self.iterator?.next() }
}

/// Waits until the task is cancelled.
package func waitForCancellation() async throws {
    for await _ in AsyncStream<Never>.makeStream().stream {}
    try Task.checkCancellation()
}
