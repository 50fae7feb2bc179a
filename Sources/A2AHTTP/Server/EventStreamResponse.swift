import A2A
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// A streaming answer as server-sent events (§9.4.2, §11.7).
///
/// An error before the first event is thrown, so that it becomes an ordinary answer; a later one is the last event.
struct EventStreamResponse {
    let call: HTTPCall
    let encodeEvent: @Sendable (A2AStreamResponse) throws -> [UInt8]
    let encodeError: @Sendable (A2AError) -> [UInt8]

    func response(for events: EventStream, context: CallContext) async throws -> Response {
        var iterator = events.makeAsyncIterator()
        let first = try await iterator.next()
        let rest = Handover(iterator)
        let configuration = self.call.configuration
        let caller = self.call.caller
        let (encodeEvent, encodeError) = (self.encodeEvent, self.encodeError)

        var headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-store", .xAccelBuffering: "no",
        ]
        HTTPCall.addParameters(of: context, to: &headers)
        let body = ResponseBody { writer in
            caller?.begin()
            defer { caller?.end() }
            let buffer = StreamBuffer(highWatermark: configuration.streamBufferBytes)
            // What comes next is pulled by one task and written by another, so that a comment can be sent while the next event
            // is waited for, and so that many small events leave in one write.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var iterator = rest.value
                    do {
                        var next = first
                        while let event = next {
                            var bytes: [UInt8] = []
                            SSEWriter.append(
                                data: try encodeEvent(event.response), generation: event.generation, to: &bytes)
                            try await buffer.append(bytes)
                            next = try await iterator.next()
                        }
                    } catch is CancellationError {
                        // The reader is gone.
                    } catch {
                        var bytes: [UInt8] = []
                        SSEWriter.append(data: encodeError(A2AError(wrapping: error)), to: &bytes)
                        buffer.finish(bytes)
                    }
                    buffer.finish()
                }
                group.addTask {
                    while (try? await Task.sleep(for: configuration.keepAliveInterval)) != nil {
                        buffer.appendIfIdle(Self.keepAlive)
                    }
                }
                group.addTask {
                    // Usually the runtime ends its streams before the server goes down; one that outlives it must not hold it.
                    guard (try? await gracefulShutdown()) != nil,
                        (try? await Task.sleep(for: Self.lastEventsGrace)) != nil
                    else { return }
                    var bytes: [UInt8] = []
                    SSEWriter.append(data: encodeError(Self.shuttingDown), to: &bytes)
                    buffer.finish(bytes)
                }
                while let bytes = await buffer.take() {
                    try await writer.write(ByteBuffer(bytes: bytes))
                }
                group.cancelAll()
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// How long a stream may take to hand on what its source has said last when the server goes down: 0.5 s.
    private static let lastEventsGrace: Duration = .milliseconds(500)

    private static var shuttingDown: A2AError {
        A2AError(
            .unavailable, "The server is shutting down. Subscribe again when it is back.",
            details: [.retryInfo(.seconds(1))])
    }

    private static let keepAlive: [UInt8] = {
        var bytes: [UInt8] = []
        SSEWriter.append(comment: "keep-alive", to: &bytes)
        return bytes
    }()

    // The iterator is made by the task that answers the request and used by the one that writes the answer, one after
    // the other, never by both.
    private struct Handover: @unchecked Sendable {
        let value: EventStream.AsyncIterator
        init(_ value: EventStream.AsyncIterator) { self.value = value }
    }
}

extension HTTPField.Name {
    /// Tells proxies not to hold a stream back.
    fileprivate static let xAccelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
