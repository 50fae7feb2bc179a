import Hummingbird
import NIOCore
import Synchronization

/// Knows whether the caller at the other end of a connection, or of an HTTP/2 stream, is still there.
///
/// What nobody waits for any more is cancelled. That ends the call, never the task that it is about.
final class CallerWatch: Sendable {
    private struct State {
        var hasLeft = false
        var waiting: WaitedFor?
    }

    // Unchecked: `cancel()` is also an operation of `Task`, and those may be called from anywhere as long as the task
    // lives. It does, between `begin()` and `end()`, which takes it away under the lock that `leave()` holds.
    private struct WaitedFor: @unchecked Sendable {
        let task: UnsafeCurrentTask
    }

    private let state = Mutex(State())

    /// Runs what the caller waits for, and cancels the current task when the caller leaves meanwhile.
    ///
    /// The current task belongs to the connection, so nothing else suffers. One call at a time.
    func during<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        self.begin()
        defer { self.end() }
        return try await body()
    }

    /// From here on the caller waits for the current task, which must come to ``end()``.
    func begin() {
        withUnsafeCurrentTask { task in
            guard let task else { return }
            self.state.withLock { state in
                state.waiting = WaitedFor(task: task)
                if state.hasLeft { task.cancel() }
            }
        }
    }

    /// The caller has what it waited for.
    func end() { self.state.withLock { $0.waiting = nil } }

    /// Notes that the caller has left, for good.
    func leave() {
        // Under the lock, so that the task cannot end meanwhile.
        self.state.withLock { state in
            state.hasLeft = true
            state.waiting?.task.cancel()
        }
    }
}

/// The callers of a server, by their channels.
final class CallerWatches: Sendable {
    private let watches = Mutex<[ObjectIdentifier: CallerWatch]>([:])

    /// How many channels are watched now.
    var count: Int { self.watches.withLock { $0.count } }

    /// The watch of a channel; `nil` if it has none, or its caller has left.
    subscript(channel: any Channel) -> CallerWatch? {
        self.watches.withLock { $0[ObjectIdentifier(channel)] }
    }

    fileprivate func add(_ watch: CallerWatch, for channel: any Channel) {
        self.watches.withLock { $0[ObjectIdentifier(channel)] = watch }
    }

    fileprivate func remove(_ channel: any Channel) {
        _ = self.watches.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }
}

/// Tells a ``CallerWatch`` when the peer closes its connection, or resets its stream.
///
/// Over HTTP/1.1 a caller that closes only its sending side looks the same as one that is gone, and is taken for it:
/// to wait for an answer, keep the connection open.
final class CallerWatchHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let watches: CallerWatches
    private let watch = CallerWatch()
    /// Cancelling may close the channel and so come back here, inside the watch's lock.
    private var hasLeft = false

    init(_ watches: CallerWatches) { self.watches = watches }

    func handlerAdded(context: ChannelHandlerContext) { self.watches.add(self.watch, for: context.channel) }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.leave()
        self.watches.remove(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { self.leave() }
        context.fireUserInboundEventTriggered(event)
    }

    private func leave() {
        guard !self.hasLeft else { return }
        self.hasLeft = true
        self.watch.leave()
    }
}

/// A request's context with the channel over which it came.
struct ChannelRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }
}
