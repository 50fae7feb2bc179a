import A2A
import HTTPTypes
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

/// One connection: octets from and to the network on one side, calls on the other, ``TCPConnection`` between them.
///
/// It has no channel per call. Frames are read in the buffer in which they came; what is to be written is made when the
/// transport can take it and flushed once for all that a read or a batch of commands caused.
// Unchecked: everything but the mailbox and the atomics is used on the event loop of the channel only; other threads put
// commands into the mailbox, and one wake-up serves all that wait there.
final class TCPChannelHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most octets that one write to the transport is made of, 64 KiB, give or take a frame.
    static let writeOctets = 65_536
    /// The most commands whose memory is kept for the next ones.
    static let keptCommands = 256
    /// How often the mailbox is read before other connections of the event loop have their turn.
    static let maxRounds = 16
    /// How long a peer can keep us from connecting again, in milliseconds.
    private static let longestPause: Int64 = 60_000

    let role: TCPRole
    let options: TCPConnectionOptions
    let eventLoop: any EventLoop
    /// Calls that came; `nil` where none are served.
    let inbox: TCPCallInbox?

    private let frameLog: TCPFrameLog?
    private let mailbox = Mutex(Mailbox())
    private let usable = Atomic(true)
    let isPeerKnown = Atomic(false)
    /// When the peer that went away said that it is back.
    private let returnTime = Mutex<ContinuousClock.Instant?>(nil)
    /// Whether the peer is on this machine.
    private let isLocal = Atomic(false)

    private struct Mailbox {
        var commands: [TCPCommand] = []
        /// Whether the event loop will look into the mailbox by itself.
        var isScheduled = false
    }

    // The event loop's.
    /// What the commands in the mailbox are exchanged for: both arrays keep their memory.
    private var spare: [TCPCommand] = []
    var context: ChannelHandlerContext?
    var connection: TCPConnection?
    var served: [UInt32: TCPServed] = [:]
    var made: [UInt32: TCPClientCall] = [:]
    /// Calls without credit, oldest first.
    var waiting: [TCPOpening] = []
    var slots = TCPSlots()
    /// The peer's slots; 0 is the one that is never written.
    var peerSlots: [UInt16: TCPPeerSlot] = [:]
    /// Calls that came with what is being read.
    var arrived: [TCPServerCall] = []
    /// Streams with messages that wait for credit.
    var stalls = 0
    var principal = Principal.anonymous
    var certificate: PeerCertificate?
    /// Called once the peer has shown who it is, if that is asked of it.
    var onPeerKnown: (() -> Void)?
    private var input = ByteBuffer()
    private var closure: TCPClosure?
    private var isClosing = false
    private var isWorking = false
    private var isCalledAgain = false
    private var timer: (task: Scheduled<Void>, due: Int64)?
    private var ready: EventLoopPromise<Void>?
    private var hasBeenActive = false
    private var failure: (any Error)?
    private var watchers: [@Sendable () -> Void] = []

    /// - Parameter ready: Succeeds when the peer's HELLO is here; fails with the reason if the connection ends before.
    init(
        _ role: TCPRole, options: TCPConnectionOptions, eventLoop: any EventLoop, inbox: TCPCallInbox? = nil,
        ready: EventLoopPromise<Void>? = nil
    ) {
        self.role = role
        self.options = options
        self.frameLog = TCPFrameLog(options.frameLog)
        self.eventLoop = eventLoop
        self.inbox = inbox
        self.ready = ready
    }

    // MARK: From any thread

    /// Whether calls may be opened, as far as is known.
    var isUsable: Bool { self.usable.load(ordering: .acquiring) }

    /// Whether credentials may be sent over it (spec/bindings/tcp.md §10.4).
    var mayCarryCredentials: Bool { self.options.isSecure || self.isLocal.load(ordering: .relaxed) }

    func submit(_ command: TCPCommand) {
        let mustWake = self.mailbox.withLock { mailbox in
            mailbox.commands.append(command)
            defer { mailbox.isScheduled = true }
            return !mailbox.isScheduled
        }
        if mustWake { self.eventLoop.execute { self.work() } }
    }

    /// Carries out what is in the mailbox.
    ///
    /// - Returns: Whether there was something. If not, the next who puts something in wakes the event loop.
    private func readMailbox() -> Bool {
        let isEmpty = self.mailbox.withLock { mailbox in
            mailbox.isScheduled = !mailbox.commands.isEmpty
            swap(&mailbox.commands, &self.spare)
            return !mailbox.isScheduled
        }
        guard !isEmpty else { return false }
        for command in self.spare { self.carryOut(command) }
        self.spare.removeAll(keepingCapacity: self.spare.capacity <= Self.keptCommands)
        return true
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.channelBecameActive() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.ended()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.channelBecameActive()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.ended()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let agreed) = event as? TLSUserEvent {
            if agreed == TCPProtocol.alpn {
                self.noteCertificate(of: context)
                self.begin()
            } else {
                self.failure = TCPNotSpoken()
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that does not take part in the closing of TLS is of no interest.
        self.failure = self.failure ?? error
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if self.input.readableBytes == 0 {
            self.input = buffer
        } else {
            self.input.writeBuffer(&buffer)
        }
        self.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.work()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.connection?.writabilityChanged(context.channel.isWritable, now: Self.now)
        self.work()
        context.fireChannelWritabilityChanged()
    }

    // MARK: Beginning and end

    static var now: TCPInstant { TCPInstant(milliseconds: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)) }

    private func channelBecameActive() {
        self.hasBeenActive = true
        guard self.options.isSecure else { return self.begin() }
        self.setTimer(Self.now.milliseconds + self.options.tlsTimeout)
    }

    private func begin() {
        guard self.connection == nil, let context else { return }
        var configuration = self.options.configuration
        let isLocal = context.remoteAddress?.isLoopback ?? false
        self.isLocal.store(isLocal, ordering: .relaxed)
        configuration.acceptsCredentials = self.options.isSecure || isLocal
        self.connection = TCPConnection(self.role, configuration, now: Self.now)
        if !self.principal.isAnonymous { self.notePeerIsKnown() }
        self.work()
    }

    private func ended() {
        guard !self.isClosing || self.ready != nil || self.connection != nil else { return }
        self.isClosing = true
        self.becameUnusable()
        self.connection?.transportClosed()
        self.takeEvents()
        self.connection = nil
        self.failWaiting()
        self.failReady()
        self.inbox?.finish()
        self.timer?.task.cancel()
        self.timer = nil
    }

    private func failReady() {
        // Where there was no connection, whoever tried to make it knows why.
        guard let ready, self.hasBeenActive else { return }
        self.ready = nil
        ready.fail(self.failure ?? TCPClosed(closure: self.closure))
    }

    func failWaiting() {
        let waiting = self.waiting
        self.waiting = []
        for opening in waiting { opening.call.deliver(.notTaken) }
    }

    /// The identity that a verified client certificate gives (spec/bindings/tcp.md §10.1).
    private func noteCertificate(of context: ChannelHandlerContext) {
        guard let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self),
            let certificate = handler.peerCertificate
        else { return }
        self.principal = TCPSecurity.principal(of: certificate)
        self.certificate = PeerCertificate(certificate)
    }

    // MARK: Work

    private func read() {
        guard self.connection != nil else { return }
        var offset = 0
        let now = Self.now
        while true {
            let event = self.input.withUnsafeReadableBytes { octets in
                self.connection?.receive(octets, at: &offset, now: now)
            }
            guard let event else { break }
            self.handle(event)
        }
        if let frameLog {
            self.input.withUnsafeReadableBytes { frameLog.note(.received, .init(rebasing: $0[..<offset])) }
        }
        if offset >= self.input.readableBytes {
            self.input = ByteBuffer()
        } else if offset > 0 {
            // What is left, less than a frame, so that the buffer of all that was read can go.
            self.input.moveReaderIndex(forwardBy: offset)
            self.input = self.input.discardingRead()
        }
    }

    /// The octets of a message that lies in the input.
    func octets(_ range: Range<Int>) -> [UInt8] {
        self.input.getBytes(at: self.input.readerIndex + range.lowerBound, length: range.count) ?? []
    }

    private func takeEvents() {
        while let event = self.connection?.nextEvent() { self.handle(event) }
        guard !self.arrived.isEmpty else { return }
        let arrived = self.arrived
        self.arrived = []
        self.inbox?.add(arrived)
    }

    /// Acts on what happened and writes what can be written, until there is nothing of either.
    func work() {
        guard !self.isWorking else {
            self.isCalledAgain = true
            return
        }
        self.isWorking = true
        // Nobody need wake this event loop while it is at work.
        self.mailbox.withLock { $0.isScheduled = true }
        var rounds = 0
        var isEmpty = false
        repeat {
            self.isCalledAgain = false
            // What writing has caused comes before what others have asked for since.
            self.takeEvents()
            rounds += 1
            if rounds <= Self.maxRounds {
                isEmpty = !self.readMailbox()
                if !isEmpty { self.isCalledAgain = true }
            }
            self.takeEvents()
            if !self.waiting.isEmpty { self.openWaiting() }
            self.write()
        } while self.isCalledAgain
        self.isWorking = false
        self.closeIfOver()
        self.setTimer()
        // The others first.
        if !isEmpty { self.eventLoop.execute { self.work() } }
    }

    private func write() {
        guard let context else { return }
        var hasWritten = false
        while context.channel.isWritable, self.connection?.hasOutput == true {
            var buffer = context.channel.allocator.buffer(capacity: 2_048)
            let count = self.connection?.output(into: &buffer, limit: Self.writeOctets, now: Self.now) ?? 0
            guard count > 0 else { break }
            if let frameLog { buffer.withUnsafeReadableBytes { frameLog.note(.sent, $0) } }
            context.write(self.wrapOutboundOut(buffer), promise: nil)
            hasWritten = true
        }
        guard hasWritten else { return }
        // Events that writing caused, and room that flushing makes.
        self.isCalledAgain = true
        context.flush()
    }

    /// After the last word, the channel is closed.
    private func closeIfOver() {
        guard let closure, !self.isClosing, let context else { return }
        guard self.connection?.hasOutput != true || closure == .writeStalled else { return }
        self.isClosing = true
        context.close(promise: nil)
    }

    func noteClosed(_ closure: TCPClosure) {
        self.closure = closure
        self.becameUnusable()
    }

    func noteGoingAway(_ goAway: TCPGoAway) {
        if goAway.retryAfterMilliseconds > 0 {
            let pause = min(Int64(goAway.retryAfterMilliseconds), Self.longestPause)
            self.returnTime.withLock { $0 = .now.advanced(by: .milliseconds(pause)) }
        }
        self.becameUnusable()
    }

    private func becameUnusable() {
        self.usable.store(false, ordering: .releasing)
        let watchers = self.watchers
        self.watchers = []
        for watcher in watchers { watcher() }
    }

    func watch(_ watcher: @escaping @Sendable () -> Void) {
        guard self.isUsable else { return watcher() }
        self.watchers.append(watcher)
    }

    /// Whoever wants to call needs another connection.
    func noteNoMoreCalls() { self.becameUnusable() }

    /// When the peer is back, if it said so and was not asked before.
    func takeRetryAfter() -> ContinuousClock.Instant? {
        self.returnTime.withLock { time in
            defer { time = nil }
            return time
        }
    }

    func noteReady() {
        self.ready?.succeed()
        self.ready = nil
    }

    // MARK: Time

    /// One timer for all that is due. It is left where it is when what it was set for has moved on.
    private func setTimer() {
        guard let connection, !self.isClosing else { return }
        var due = connection.nextDeadline(now: Self.now)?.milliseconds ?? .max
        if self.stalls > 0 { due = min(due, Self.now.milliseconds + TCPServed.stallCheck) }
        if !self.waiting.isEmpty { due = min(due, Self.now.milliseconds + TCPClientCall.waitCheck) }
        guard due != .max else { return }
        self.setTimer(due)
    }

    private func setTimer(_ due: Int64) {
        if let timer {
            guard due < timer.due else { return }
            timer.task.cancel()
        }
        let delay = max(0, due - Self.now.milliseconds)
        let task = self.eventLoop.scheduleTask(in: .milliseconds(delay)) { self.timePassed() }
        self.timer = (task, due)
    }

    private func timePassed() {
        self.timer = nil
        guard self.connection != nil else {
            // TLS takes too long.
            self.context?.close(promise: nil)
            return
        }
        self.connection?.timePassed(now: Self.now)
        if self.connection?.isWaitingForPing == true { self.inbox?.rest() }
        if self.stalls > 0 { self.endStalled() }
        self.failOverdue()
        self.work()
    }
}

/// The peer speaks TLS but not this protocol.
struct TCPNotSpoken: Error {}

/// The connection ended before it was ready.
struct TCPClosed: Error {
    let closure: TCPClosure?
}

/// What the connections of one endpoint have in common.
struct TCPConnectionOptions: Sendable {
    var configuration: TCPConfiguration
    var isSecure: Bool
    /// Whether the peer's calls, but for the card, are looked at before their requests come.
    var requiresAuthentication = false
    /// Names the log that the numbers of events belong to.
    var epoch: UInt64 = 0
    /// Milliseconds for which events may wait for credit.
    var streamStallTimeout: Int64 = 30_000
    /// Milliseconds that the handshake of TLS may take.
    var tlsTimeout: Int64 = 10_000
    /// For messages about the peer.
    var address = ""
    /// Where each frame is noted, at trace level.
    var frameLog: Logger?
    /// Called on the event loop when the peer's HELLO is here.
    var onReady: (@Sendable (TCPChannelHandler, TCPHello) -> Void)?
}

extension ByteBuffer {
    fileprivate func discardingRead() -> ByteBuffer {
        var copy = ByteBuffer()
        copy.writeBytes(self.readableBytesView)
        return copy
    }
}

extension SocketAddress {
    /// Whether it is this machine.
    var isLoopback: Bool {
        switch self {
        case .v4: self.ipAddress?.hasPrefix("127.") ?? false
        case .v6: self.ipAddress == "::1" || self.ipAddress?.hasPrefix("::ffff:127.") ?? false
        case .unixDomainSocket: true
        }
    }
}
