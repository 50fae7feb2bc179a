import A2A
import HTTPTypes
import Synchronization

/// What the event loop keeps of a call that it serves.
struct TCPServed {
    /// How often streams that wait for credit are looked at, in milliseconds.
    static let stallCheck: Int64 = 1_000

    let call: TCPServerCall
    /// Whether the request is complete and a task answers it.
    var isDispatched = false
    /// Since when nothing was written, and how much waited then.
    var stall: (since: TCPInstant, octets: Int)?
    var lastQueued: UInt64?
    var lastWritten: UInt64?
    /// How the call ends once what waits has been written. Its task is done.
    var failure: TCPReset?

    init(call: TCPServerCall) { self.call = call }
}

/// A call that a peer made: between the event loop, which takes frames, and the task that answers.
final class TCPServerCall: Sendable {
    /// How many octets of events may wait on a stream before its producer does: 64 KiB, and one event.
    static let sendAhead = 65_536
    /// What an event counts beside its octets.
    static let eventCost = 64

    let stream: UInt32
    let frame: TCPCall
    /// What the call's slot said when CALL came.
    let credentials: HTTPFields
    /// The slot itself.
    let slot: TCPPeerSlot
    let principal: Principal
    let link: TCPChannelHandler

    // Unchecked: the task is used under the lock only, and is taken away before it leaves the scope in which it is known to
    // be alive. Cancelling is the one thing that another task may do with it.
    private struct Handling: @unchecked Sendable {
        var request: [UInt8] = []
        var isComplete = false
        /// Waits for the request.
        var waiter: CheckedContinuation<Void, Never>?
        var sequence: UInt64?
        var task: UnsafeCurrentTask?
        var isCancelled = false
    }

    private struct Sending {
        var queued = 0
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    // Two locks: cancelling the task, under the first, runs the handler that takes the second.
    private let handling = Mutex(Handling())
    private let sending = Mutex(Sending())

    init(
        _ stream: UInt32, _ frame: TCPCall, slot: TCPPeerSlot, principal: Principal, link: TCPChannelHandler
    ) {
        self.stream = stream
        self.frame = frame
        self.credentials = slot.fields
        self.slot = slot
        self.principal = principal
        self.link = link
    }

    var epoch: UInt64 { self.link.options.epoch }

    // MARK: From the event loop

    func setRequest(_ octets: [UInt8], sequence: UInt64?) {
        self.handling.withLock { state in
            state.request = octets
            state.sequence = sequence
        }
    }

    /// Nothing of the request is missing.
    func requestIsComplete() {
        let waiter = self.handling.withLock { state in
            state.isComplete = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// The number that came with the request, as with Notify.
    var requestSequence: UInt64? { self.handling.withLock { $0.sequence } }

    /// The stream is over: nobody waits for an answer.
    func cancel() {
        self.wake()
        let waiter = self.handling.withLock { state in
            state.isCancelled = true
            state.task?.cancel()
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Everything that was queued has been written.
    func becameSendable() {
        let waiter = self.sending.withLock { state in
            state.queued = 0
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    // MARK: From the task that answers

    /// Runs the answer in the current task, which is cancelled when the call is.
    func run(_ body: () async throws -> Void) async {
        withUnsafeCurrentTask { task in
            self.handling.withLock { state in
                state.task = task
                if state.isCancelled { task?.cancel() }
            }
        }
        var end = TCPCommand.release(self.stream)
        do {
            try await body()
        } catch {
            // A call that is over has nobody to tell.
            end = .fail(self.stream, TCPReset(A2AError(wrapping: error), encoding: self.frame.encoding))
        }
        self.handling.withLock { $0.task = nil }
        self.link.submit(end)
    }

    /// The request; waits until it is complete.
    ///
    /// - Throws: `CancellationError` if the stream is over before.
    func request() async throws -> [UInt8] {
        let isComplete = self.handling.withLock { $0.isComplete || $0.isCancelled }
        if !isComplete {
            await withCheckedContinuation { continuation in
                let mustWait = self.handling.withLock { state in
                    guard !state.isComplete, !state.isCancelled else { return false }
                    state.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
        return try self.handling.withLock { state in
            guard state.isComplete, !state.isCancelled else { throw CancellationError() }
            defer { state.request = [] }
            return state.request
        }
    }

    /// The caller has shown who it is.
    func noteCallerIsKnown() {
        if !self.link.isPeerKnown.load(ordering: .relaxed) { self.link.submit(.peerIsKnown) }
    }

    func reset(_ reset: TCPReset) { self.link.submit(.reset(self.stream, reset)) }

    func reply(_ reply: TCPReply) { self.link.submit(.reply(self.stream, reply)) }

    /// Sends the only message of a response.
    func answer(_ octets: [UInt8]) {
        self.link.submit(.send(self.stream, octets, sequence: nil, isLast: true))
    }

    func end() { self.link.submit(.end(self.stream)) }

    /// Sends an event, and waits while much waits before it.
    ///
    /// - Throws: `CancellationError` if the stream is over.
    func send(_ octets: [UInt8], sequence: UInt64?) async throws {
        let isFull = self.sending.withLock { state in
            state.queued += octets.count + Self.eventCost
            return state.queued > Self.sendAhead
        }
        self.link.submit(.send(self.stream, octets, sequence: sequence, isLast: false))
        if isFull { await self.untilSendable() }
        try Task.checkCancellation()
    }

    private func untilSendable() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = self.sending.withLock { state in
                    guard !state.isOver, state.queued > Self.sendAhead else { return false }
                    state.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            self.wake()
        }
    }

    private func wake() {
        let waiter = self.sending.withLock { state in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
