import A2A
import A2AClient
import AsyncHTTPClient
import NIOCore

/// The events of a stream over HTTP, parsed as the bytes come. Letting it go closes the connection.
// Unchecked: an event source has one reader, which does not ask again before it has its answer. The race against
// silence runs `body.next()` elsewhere, but the reader waits for it.
final class SSEEventSource: EventSource, @unchecked Sendable {
    private var body: HTTPClientResponse.Body.AsyncIterator?
    private var parser: SSEParser
    private var events: [SSEEvent] = []
    private var position = 0
    private var failure: A2AError?
    private var lastID: String?
    // Held, since connections of its own are closed when the last user lets go of them.
    private let exchange: HTTPExchange
    private let deadline: ContinuousClock.Instant?
    private let decode: @Sendable (SSEEvent) throws -> A2AStreamResponse?

    /// - Parameter decode: Reads the data of an event; `nil` for one that is not for the caller.
    init(
        _ response: HTTPClientResponse,
        exchange: HTTPExchange,
        deadline: ContinuousClock.Instant?,
        decode: @escaping @Sendable (SSEEvent) throws -> A2AStreamResponse?
    ) {
        self.body = response.body.makeAsyncIterator()
        self.parser = SSEParser(maxEventBytes: exchange.options.maxEventBytes)
        self.exchange = exchange
        self.deadline = deadline
        self.decode = decode
    }

    func next() async throws -> StreamEvent? {
        while true {
            while self.position < self.events.count {
                let event = self.events[self.position]
                self.position += 1
                if let event = try self.streamEvent(event) { return event }
            }
            if let failure = self.failure { throw failure }
            guard let bytes = try await self.read() else { return nil }
            self.events.removeAll(keepingCapacity: true)
            self.position = 0
            do {
                try self.parser.push(bytes[...], into: &self.events)
            } catch {
                // What was complete before it is still delivered.
                self.failure = error
                self.body = nil
            }
        }
    }

    private func streamEvent(_ event: SSEEvent) throws -> StreamEvent? {
        // An event without an id of its own repeats the last one; that is no generation.
        let isOwn = event.id != self.lastID
        self.lastID = event.id
        do {
            guard let response = try self.decode(event) else { return nil }
            let generation = isOwn ? event.id.flatMap { ResumeExtension.number($0) } : nil
            return StreamEvent(response, generation: generation.flatMap { $0 > 0 ? $0 : nil })
        } catch {
            self.body = nil
            self.events = []
            self.position = 0
            throw error
        }
    }

    /// The next bytes, or `nil` at the end.
    private func read() async throws -> [UInt8]? {
        guard self.body != nil else { return nil }
        let limit = self.exchange.options.silenceLimit
        do {
            let buffer = try await withDeadline(self.deadline) {
                try await race(
                    { try await self.nextBuffer() },
                    against: { try await Task.sleep(for: limit, clock: .continuous) },
                    otherwise: { HTTPExchange.silent(limit) }
                )
            }
            guard let buffer else {
                self.body = nil
                return nil
            }
            return [UInt8](buffer: buffer)
        } catch {
            self.body = nil
            throw HTTPFailure.error(error, url: nil, hasAnswer: true)
        }
    }

    private func nextBuffer() async throws -> ByteBuffer? {
        guard var body = self.body else { return nil }
        let buffer = try await body.next()
        self.body = body
        return buffer
    }
}
