import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import A2A
@testable import A2ATCP

/// A peer that writes what it likes, and reads only if it is told to.
final class Attacker: Sendable {
    let channel: any Channel
    private let received: AsyncStream<ByteBuffer>
    private let answer = Mutex<[UInt8]>([])

    private init(_ channel: any Channel, _ received: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.received = received
    }

    /// - Parameter reads: Whether it takes what the server writes.
    static func connect(_ address: String, reads: Bool = true) async throws -> Attacker {
        let (received, input) = AsyncStream<ByteBuffer>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(input))
                }
            }
            .connect(host: "127.0.0.1", port: port(address)).get()
        return Attacker(channel, received)
    }

    /// Connects and greets.
    static func greet(_ address: String, reads: Bool = true) async throws -> Attacker {
        let attacker = try await Attacker.connect(address, reads: reads)
        attacker.send(RawPeer.greeting)
        return attacker
    }

    func send(_ octets: [UInt8]) { self.channel.writeAndFlush(ByteBuffer(bytes: octets), promise: nil) }

    func send(_ frames: [TCPFrame]) {
        var octets: [UInt8] = []
        for frame in frames { frame.encode(into: &octets) }
        self.send(octets)
    }

    func send(_ frames: TCPFrame...) { self.send(frames) }

    /// Reads until the server has closed; the frames that it wrote.
    func untilClosed() async -> [TCPFrame] { await self.frames { _ in false } }

    /// Reads until enough has come, or the server has closed; all frames so far.
    func frames(until isEnough: ([TCPFrame]) -> Bool) async -> [TCPFrame] {
        var frames = self.frames
        guard !isEnough(frames) else { return frames }
        for await buffer in self.received {
            self.answer.withLock { $0 += Array(buffer: buffer) }
            frames = self.frames
            if isEnough(frames) { break }
        }
        return frames
    }

    func close() { self.channel.close(promise: nil) }

    private var frames: [TCPFrame] {
        var frames: [TCPFrame] = []
        var offset = 8
        self.answer.withLock { octets in
            octets.withUnsafeBytes { bytes in
                while offset < bytes.count, let frame = try? TCPFrame(bytes, at: &offset) { frames.append(frame) }
            }
        }
        return frames
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let input: AsyncStream<ByteBuffer>.Continuation

        init(_ input: AsyncStream<ByteBuffer>.Continuation) { self.input = input }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { self.input.yield(self.unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { self.input.finish() }
        // The server closes with octets of ours unread.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

extension [TCPFrame] {
    /// The code of the last GOAWAY.
    var goAway: TCPErrorCode? {
        for case .goAway(let goAway) in self.reversed() { return goAway.code }
        return nil
    }

    /// Calls that CREDIT has granted.
    var grantedCalls: Int {
        self.reduce(0) { if case .credit(0, let increment) = $1 { $0 + Int(increment) } else { $0 } }
    }

    /// The codes of all RESETs.
    var resets: [TCPErrorCode] {
        self.compactMap { if case .reset(_, let reset) = $0 { reset.code } else { nil } }
    }
}

/// Runs an attack while another caller, on a connection of its own, makes call after call: each must be answered.
///
/// - Returns: How many calls were answered meanwhile, at least one.
@discardableResult
func whileOthersAreServed(_ address: String, _ attack: () async throws -> Void) async throws -> Int {
    let flag = Flag()
    let first = Signal()
    return try await withThrowingTaskGroup(of: Int.self) { group in
        let service = try transport(address)
        group.addTask {
            var count = 0
            repeat {
                defer { first.raise() }
                _ = try await service.sendMessage(.text("Hello"), context: CallContext())
                count += 1
            } while !flag.isOver.load(ordering: .acquiring)
            return count
        }
        await first.wait()
        let result: Result<Void, any Error>
        do {
            try await attack()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        flag.isOver.store(true, ordering: .releasing)
        let count = try await group.next() ?? 0
        try result.get()
        return count
    }
}

private final class Flag: Sendable {
    let isOver = Atomic(false)
}
