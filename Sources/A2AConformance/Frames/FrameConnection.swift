import A2A
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection to an agent over TCP or TLS: bytes and nothing above them.
final class FrameConnection: Sendable {
    /// What comes next.
    enum Next: Sendable {
        case frame(FrameView)
        /// The agent has closed; `isReset` if it did not wait for what was under way.
        case closed(isReset: Bool)
        case timeout
    }

    /// How much has come so far: what a wait is for more than.
    private struct Known: Equatable {
        var count: Int
        var isClosed: Bool
    }

    private struct State {
        var known: Known { Known(count: self.received.count, isClosed: self.isClosed) }
        var received: ArraySlice<UInt8> = []
        var isClosed = false
        var isReset = false
        var failure: String?
        var waiter: (id: UInt64, continuation: CheckedContinuation<Void, Never>)?
        var nextWaiter: UInt64 = 0
    }

    /// The most bytes that wait to be read: 64 MiB.
    fileprivate static let maxReceived = 64 << 20

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    /// Connects.
    ///
    /// - Throws: What the network says.
    func connect(host: String, port: Int, tls: (context: NIOSSLContext, serverName: String?)?) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(HTTPWire.connectTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName))
                    }
                    try channel.pipeline.syncOperations.addHandler(Receiver(self))
                }
            }
            .connect(host: host, port: port).get()
        self.channel.withLock { $0 = channel }
    }

    /// Writes; waits until the network has taken it, or the connection is over.
    func send(_ bytes: [UInt8]) async {
        guard let channel = self.channel.withLock({ $0 }) else { return }
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func close(half: Bool = false) async {
        guard let channel = self.channel.withLock({ $0 }) else { return }
        try? await channel.close(mode: half ? .output : .all).get()
    }

    /// Why TLS failed, if it did.
    var failure: String? { self.state.withLock { $0.failure } }

    // MARK: Receiving

    fileprivate func received(_ bytes: some Sequence<UInt8>) -> Bool {
        let (isFull, waiter) = self.state.withLock { state in
            state.received.append(contentsOf: bytes)
            defer { state.waiter = nil }
            return (state.received.count > Self.maxReceived, state.waiter)
        }
        waiter?.continuation.resume()
        return !isFull
    }

    fileprivate func ended(_ error: (any Error)?) {
        let waiter = self.state.withLock { state in
            state.isClosed = true
            if let error {
                state.isReset = true
                state.failure = state.failure ?? "\(error)"
            }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume()
    }

    /// The next frame, or the end.
    func next(until deadline: ContinuousClock.Instant) async -> Next {
        while true {
            // What is not enough is noted in the same step, so that nothing can come unseen in between.
            let (next, known) = self.state.withLock { state -> (Next?, Known) in
                if let frame = FrameView(taking: &state.received) { return (.frame(frame), state.known) }
                return (state.isClosed ? .closed(isReset: state.isReset) : nil, state.known)
            }
            if let next { return next }
            guard await self.waitForMore(than: known, until: deadline) else { return .timeout }
        }
    }

    /// Some octets as they are; fewer at the end of the connection or at the deadline.
    func octets(_ count: Int, until deadline: ContinuousClock.Instant) async -> [UInt8] {
        while true {
            let (octets, known) = self.state.withLock { state -> ([UInt8]?, Known) in
                guard state.received.count >= count || state.isClosed else { return (nil, state.known) }
                defer { state.received = state.received.dropFirst(count) }
                return (Array(state.received.prefix(count)), state.known)
            }
            if let octets { return octets }
            guard await self.waitForMore(than: known, until: deadline) else {
                return self.state.withLock { Array($0.received.prefix(count)) }
            }
        }
    }

    /// Octets that are no whole frame yet.
    var rest: Int { self.state.withLock { $0.received.count } }

    /// - Returns: `false` at the deadline.
    private func waitForMore(than known: Known, until deadline: ContinuousClock.Instant) async -> Bool {
        do {
            try await withDeadline(deadline) {
                await self.wait(known)
                try Task.checkCancellation()
            }
            return true
        } catch {
            return false
        }
    }

    private func wait(_ known: Known) async {
        let id = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLock { state in
                    if state.known != known || Task.isCancelled {
                        return true
                    }
                    state.waiter = (id, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = self.state.withLock { state in
                guard state.waiter?.id == id else { return nil as CheckedContinuation<Void, Never>? }
                defer { state.waiter = nil }
                return state.waiter?.continuation
            }
            waiter?.resume()
        }
    }
}

/// Hands what comes to a connection.
private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: FrameConnection
    private var error: (any Error)?

    init(_ connection: FrameConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !self.connection.received(self.unwrapInboundIn(data).readableBytesView) { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An end of TLS without its goodbye is an end.
        if let error = error as? NIOSSLError, case .uncleanShutdown = error { return }
        self.error = self.error ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.connection.ended(self.error)
        context.fireChannelInactive()
    }
}
