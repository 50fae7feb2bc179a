import A2A
import Synchronization

/// Which stream it is.
struct StreamCall: Sendable {
    var operation: A2AOperation
    /// The task that is subscribed to; empty for a stream of a message.
    var taskID: String
}

/// Replaces streams.
struct StreamChange: ServiceMiddleware {
    let change: @Sendable (EventStream, StreamCall) -> any EventSource

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        let response = try await next(call)
        guard let stream = response as? EventStream, let operation = call.operation else { return response }
        let subscription = call.request as? A2ASubscribeToTaskRequest
        let described = StreamCall(operation: operation, taskID: subscription?.id ?? "")
        let change = self.change
        return EventStream { change(stream, described) } as? Response ?? response
    }
}

/// Each event becomes any number of others.
final class MappedEvents: EventSource {
    private var base: EventStream.AsyncIterator
    private var ready: ArraySlice<StreamEvent> = []
    private let change: (inout StreamEvent) -> [StreamEvent]

    init(_ events: EventStream, _ change: @escaping (inout StreamEvent) -> [StreamEvent]) {
        self.base = events.makeAsyncIterator()
        self.change = change
    }

    func next() async throws -> StreamEvent? {
        while self.ready.isEmpty {
            guard var event = try await self.base.next() else { return nil }
            self.ready = self.change(&event)[...]
        }
        return self.ready.popFirst()
    }
}

/// A source made of a closure that asks another one.
final class ScriptedEvents: EventSource {
    private var base: EventStream.AsyncIterator
    private let body: (inout EventStream.AsyncIterator) async throws -> StreamEvent?
    private let onEnd: () -> Void

    /// - Parameter onEnd: Called when nobody reads any more.
    init(
        _ events: EventStream, onEnd: @escaping () -> Void = {},
        _ body: @escaping (inout EventStream.AsyncIterator) async throws -> StreamEvent?
    ) {
        self.base = events.makeAsyncIterator()
        self.body = body
        self.onEnd = onEnd
    }

    deinit { self.onEnd() }

    func next() async throws -> StreamEvent? { try await self.body(&self.base) }
}

/// A set that several streams share.
final class SharedSet: Sendable {
    private let members = Mutex<Set<String>>([])

    func insert(_ member: String) { self.members.withLock { _ = $0.insert(member) } }
    func contains(_ member: String) -> Bool { self.members.withLock { $0.contains(member) } }
}

/// Counts by name.
final class SharedCount: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    /// - Returns: The count before.
    func next(_ name: String) -> Int {
        self.counts.withLock { counts in
            defer { counts[name, default: 0] += 1 }
            return counts[name, default: 0]
        }
    }
}

extension StreamEvent {
    var isArtifact: Bool { if case .artifactUpdate = self.response.payload { true } else { false } }
    var isTask: Bool { if case .task = self.response.payload { true } else { false } }
}
