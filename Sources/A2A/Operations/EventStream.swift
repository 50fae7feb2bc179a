/// One event of a streaming response, with its place in the task's log.
public struct StreamEvent: Sendable, Equatable {
    /// What is sent to the caller.
    public var response: A2AStreamResponse

    /// The task's generation after this event, or `nil` where the peer does not tell (a direct message, an agent
    /// without resumable streams). Over HTTP it is the `id` of the server-sent event.
    public var generation: Int64?

    public init(_ response: A2AStreamResponse, generation: Int64? = nil) {
        self.response = response
        self.generation = generation
    }
}

/// The events of one streaming operation, in order. It is pulled: nothing is produced ahead of the reader.
///
/// An `EventStream` can be iterated once. It ends when the task reaches a state in which the stream closes
/// (§3.1.2), and throws ``A2AError`` when the stream breaks.
public struct EventStream: AsyncSequence, Sendable {
    public typealias Element = StreamEvent

    private let makeSource: @Sendable () -> any EventSource

    /// A stream over a source that is made when iteration begins.
    public init(_ makeSource: @escaping @Sendable () -> any EventSource) {
        self.makeSource = makeSource
    }

    /// A stream of events that are already there.
    public init(_ events: [StreamEvent]) {
        self.makeSource = { FixedEvents(events) }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: self.makeSource()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let source: any EventSource
        fileprivate init(source: any EventSource) { self.source = source }

        public mutating func next() async throws -> StreamEvent? { try await self.source.next() }
    }
}

@available(*, unavailable)
extension EventStream.AsyncIterator: Sendable {}

/// Where an ``EventStream`` takes its events from. Used by one reader; released when the reader is gone.
public protocol EventSource: AnyObject {
    /// The next event, or `nil` at the end.
    func next() async throws -> StreamEvent?
}

private final class FixedEvents: EventSource {
    private var rest: ArraySlice<StreamEvent>
    init(_ events: [StreamEvent]) { self.rest = events[...] }
    func next() async throws -> StreamEvent? { self.rest.popFirst() }
}

extension A2AError {
    private static let lastNumber = "lastSeq"

    /// A stream whose next event is no longer kept.
    package static func fellBehind(
        at generation: Int64, oldest: Int64, fileID: String = #fileID, line: Int = #line
    ) -> A2AError {
        A2AError(
            .unavailable,
            "This stream fell behind: it stands at generation \(generation), and the oldest event still "
                + "kept is \(oldest). Subscribe again to go on from the current state.",
            details: [.errorInfo(reason: Code.unavailable.reason, metadata: [self.lastNumber: "\(generation)"])],
            fileID: fileID, line: line)
    }

    /// Whether it says that a stream fell behind.
    package var isFallenBehind: Bool {
        self.code == .unavailable
            && self.details.contains {
                guard case .errorInfo(_, _, let metadata) = $0 else { return false }
                return metadata[Self.lastNumber] != nil
            }
    }
}
