import NIOCore
import NIOPosix
import NIOSSL

/// A caller of A2A over TCP with hand-made frames (spec/bindings/tcp.md), as thin as the one for HTTP.
///
/// It shares the machine with what it measures; whatever it saved on checks, the server under test does not gain.
enum TCPLoad {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// What was counted.
    struct Result: Sendable {
        var answers = 0
        var events = 0
        var octets = 0
        /// Until the bulk stream ended.
        var bulkTime: Duration = .zero
        /// Nanoseconds that each of the first 100,000 calls took, if asked for.
        var latencies: [UInt64] = []
        var elapsed: Duration = .zero
    }

    /// What to do on one connection.
    struct Plan: Sendable {
        /// SendMessage is 0x01, SendStreamingMessage 0x02.
        var method: UInt8 = 0x01
        var inFlight = 1
        /// Until when new calls are made; the calls under way are waited for.
        var duration: Duration = .seconds(3)
        /// The most calls.
        var calls = Int.max
        var measuresLatency = false
        var priority: UInt8 = 1
        /// Octets that the server may send on a stream before they are granted anew.
        var streamCredit: UInt32 = 1 << 20
        /// The request of a stream of low priority that is opened first; calls are then made until it ends.
        var bulk: [UInt8]?
        /// The body of the n-th request; numbers differ between all requests.
        var body: @Sendable (Int) -> [UInt8]
    }

    /// - Parameter tls: The roots to trust, for a server on TLS.
    static func run(_ plan: Plan, port: Int, tls: NIOSSLContext? = nil) async throws -> Result {
        let answers = self.group.next().makePromise(of: Result.self)
        let channel = try await ClientBootstrap(group: self.group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator())
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(TCPCaller(plan, isSecure: tls != nil, answers))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let result = try await answers.futureResult.get()
        try? await channel.close()
        return result
    }

    struct Unexpected: Error { var what: String }
}

/// One connection: keeps its calls in flight, and counts what comes.
private final class TCPCaller: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plan: TCPLoad.Plan
    private let answers: EventLoopPromise<TCPLoad.Result>
    private let isSecure: Bool
    private let salt = Int.random(in: 0..<1_000_000) * 1_000_000_000
    private var result = TCPLoad.Result()
    private var input = ByteBuffer()
    private var output = ByteBuffer()
    private var hasPreface = false
    private var isGreeted = false
    private var credit = 0
    private var next: UInt32 = 1
    private var made = 0
    private var inFlight = 0
    private var begun: [UInt32: NIODeadline] = [:]
    private var taken: [UInt32: Int] = [:]
    private var isBulk = false
    private var start = NIODeadline.now()
    private var end = NIODeadline.now()

    init(_ plan: TCPLoad.Plan, isSecure: Bool, _ answers: EventLoopPromise<TCPLoad.Result>) {
        self.plan = plan
        self.isSecure = isSecure
        self.answers = answers
    }

    func channelActive(context: ChannelHandlerContext) {
        var greeting = ByteBuffer(string: "A2A/TCP")
        greeting.writeInteger(UInt8(1))
        // HELLO with STREAM_CREDIT and MAX_MESSAGE.
        greeting.writeBytes([0x01, 0, 0, 13, 0, 0, 0, 0, 2, 0, 2])
        greeting.writeInteger(self.plan.streamCredit)
        greeting.writeBytes([0, 3])
        greeting.writeInteger(UInt32(64 << 20))
        context.writeAndFlush(self.wrapOutboundOut(greeting), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if self.input.readableBytes == 0 {
            self.input = buffer
        } else {
            self.input.writeBuffer(&buffer)
        }
        self.read()
        if self.isGreeted { self.fill(context) }
        self.input.discardReadBytes()
    }

    private func read() {
        if !self.hasPreface {
            guard self.input.readableBytes >= 8 else { return }
            self.input.moveReaderIndex(forwardBy: 8)
            self.hasPreface = true
        }
        while let word = self.input.getInteger(at: self.input.readerIndex, as: UInt64.self) {
            let length = Int(UInt16(truncatingIfNeeded: word >> 32))
            guard self.input.readableBytes >= 8 + length else { return }
            self.take(word, length, at: self.input.readerIndex + 8)
            self.input.moveReaderIndex(forwardBy: 8 + length)
        }
    }

    private func take(_ word: UInt64, _ length: Int, at offset: Int) {
        let stream = UInt32(truncatingIfNeeded: word)
        let flags = UInt8(truncatingIfNeeded: word >> 48)
        switch UInt8(truncatingIfNeeded: word >> 56) {
        case 0x01:
            for entry in 0..<Int(self.input.getInteger(at: offset, as: UInt8.self) ?? 0) {
                let at = offset + 1 + 6 * entry
                guard self.input.getInteger(at: at, as: UInt16.self) == 1 else { continue }
                self.credit = Int(self.input.getInteger(at: at + 2, as: UInt32.self) ?? 0)
            }
            self.isGreeted = true
            self.start = .now()
            self.end = self.start + TimeAmount(self.plan.duration)
        case 0x05, 0x06:
            self.result.octets += length
            if flags & 0x04 != 0 { self.result.events += 1 }
            if flags & 0x01 != 0 {
                self.ended(stream)
            } else {
                self.grant(length, on: stream)
            }
        case 0x07 where stream == 0:
            self.credit += Int(self.input.getInteger(at: offset, as: UInt32.self) ?? 0)
        case 0x08, 0x0A:
            let text = self.input.getString(at: offset, length: length) ?? ""
            self.answers.fail(TCPLoad.Unexpected(what: "RESET or GOAWAY: \(text.debugDescription)"))
        default: break
        }
    }

    private func grant(_ length: Int, on stream: UInt32) {
        let taken = self.taken[stream, default: 0] + length
        guard taken >= Int(self.plan.streamCredit) / 2 else {
            self.taken[stream] = taken
            return
        }
        self.taken[stream] = 0
        self.output.writeBytes([0x07, 0, 0, 4])
        self.output.writeInteger(stream)
        self.output.writeInteger(UInt32(taken))
    }

    private func ended(_ stream: UInt32) {
        self.inFlight -= 1
        if self.isBulk, stream == 1 {
            self.isBulk = false
            self.end = .now()
            self.result.bulkTime = .nanoseconds(Int64((self.end - self.start).nanoseconds))
            return
        }
        self.result.answers += 1
        self.taken[stream] = nil
        if let begun = self.begun.removeValue(forKey: stream), self.result.latencies.count < 100_000 {
            self.result.latencies.append(NIODeadline.now().uptimeNanoseconds - begun.uptimeNanoseconds)
        }
    }

    /// Makes calls as far as there is room, all in one write.
    private func fill(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if self.next == 1, let bulk = self.plan.bulk {
            self.isBulk = true
            self.end = .distantFuture
            self.write(bulk, method: 0x02, priority: 0)
        }
        let isOver = now >= self.end || self.made >= self.plan.calls
        while !isOver, self.inFlight < self.plan.inFlight + (self.isBulk ? 1 : 0), self.credit > 0,
            self.made < self.plan.calls
        {
            if self.plan.measuresLatency { self.begun[self.next] = now }
            self.write(
                self.plan.body(self.salt + self.made), method: self.plan.method, priority: self.plan.priority)
            self.made += 1
        }
        if self.output.readableBytes > 0 {
            context.writeAndFlush(self.wrapOutboundOut(self.output), promise: nil)
            self.output = context.channel.allocator.buffer(capacity: 4096)
        }
        if self.inFlight == 0, isOver {
            self.result.elapsed = .nanoseconds(Int64((NIODeadline.now() - self.start).nanoseconds))
            self.answers.succeed(self.result)
        }
    }

    private func write(_ body: [UInt8], method: UInt8, priority: UInt8) {
        self.output.writeBytes([0x03, 0, 0, 12])
        self.output.writeInteger(self.next)
        self.output.writeBytes([method, 1, 1, 0, 0, 0, 0, 0, priority, 0, 0, 0])
        self.output.writeBytes([0x05, 0x01])
        self.output.writeInteger(UInt16(4 + body.count))
        self.output.writeInteger(self.next)
        self.output.writeInteger(UInt32(body.count))
        self.output.writeBytes(body)
        self.next += 2
        self.credit -= 1
        self.inFlight += 1
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.answers.fail(TCPLoad.Unexpected(what: "the connection ended"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.answers.fail(error)
        context.close(promise: nil)
    }
}
