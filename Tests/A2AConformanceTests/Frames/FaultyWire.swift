import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import A2AConformance

/// What goes wrong between an agent that is right and its caller.
enum WireFault: String, CaseIterable, CustomTestStringConvertible {
    case wrongCodes, noEnd, noMessages, noResets, noReplies, noCredit, noPongs, neverCloses, repliesTwice, resetsTwice
    case speaksFirst, callsItsCaller, answersEarly, grantsTooMuch, otherEpochs, skipsNumbers, largeFrames, namesItself
    case otherCard, saysMoreAfterGoAway, closesAtOnce, ignoresCredit

    var testDescription: String { self.rawValue }
}

/// A proxy in front of an agent's TCP port that breaks what the agent says in one way.
final class FaultyWire: Sendable {
    private let listener: any Channel
    let upstream = Mutex<Int>(0)
    private let connections = Mutex<[any Channel]>([])

    var port: Int { self.listener.localAddress?.port ?? 0 }

    static func with<Result>(_ fault: WireFault?, _ body: (FaultyWire) async throws -> Result) async throws -> Result {
        let box = Mutex<FaultyWire?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { inbound in
                let port = box.withLock { $0 }?.upstream.withLock { $0 } ?? 0
                box.withLock { $0 }?.connections.withLock { $0.append(inbound) }
                return ClientBootstrap(group: inbound.eventLoop).connect(host: "127.0.0.1", port: port)
                    .flatMap { outbound in
                        inbound.eventLoop.makeCompletedFuture {
                            try outbound.pipeline.syncOperations.addHandler(Breaker(fault, to: inbound))
                            try inbound.pipeline.syncOperations.addHandler(Forwarder(fault, to: outbound))
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let wire = FaultyWire(listener)
        box.withLock { $0 = wire }
        defer { for channel in wire.connections.withLock({ $0 }) { channel.close(promise: nil) } }
        do {
            let result = try await body(wire)
            try await listener.close()
            return result
        } catch {
            try? await listener.close()
            throw error
        }
    }

    private init(_ listener: any Channel) { self.listener = listener }
}

/// From the caller to the agent.
private final class Forwarder: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let fault: WireFault?
    private let agent: any Channel

    init(_ fault: WireFault?, to agent: any Channel) {
        self.fault = fault
        self.agent = agent
    }

    func channelActive(context: ChannelHandlerContext) {
        switch self.fault {
        case .speaksFirst: context.channel.writeAndFlush(ByteBuffer(bytes: [0x41]), promise: nil)
        case .closesAtOnce: context.close(promise: nil)
        default: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = self.unwrapInboundIn(data)
        let answer: [UInt8]? =
            switch self.fault {
            // REPLY on stream 1, CALL on stream 2, CREDIT on stream 0.
            case .answersEarly: [4, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
            case .callsItsCaller: [3, 0, 0, 12, 0, 0, 0, 2, 3, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0]
            case .grantsTooMuch: [7, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9]
            default: nil
            }
        self.agent.writeAndFlush(buffer, promise: nil)
        guard let answer, buffer.readableBytes > 8 else { return }
        let channel = context.channel
        // When the agent has said its HELLO.
        channel.eventLoop.scheduleTask(in: .milliseconds(50)) {
            channel.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { self.agent.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// From the agent to the caller, frame by frame.
private final class Breaker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let fault: WireFault?
    private let caller: any Channel
    private var received: ArraySlice<UInt8> = []
    private var hasPreface = false
    private var held: [UInt32: [UInt8]] = [:]
    private var events = 0

    init(_ fault: WireFault?, to caller: any Channel) {
        self.fault = fault
        self.caller = caller
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.received += self.unwrapInboundIn(data).readableBytesView
        var output: [UInt8] = []
        if !self.hasPreface, self.received.count >= 8 {
            output += self.received.prefix(8)
            self.received = self.received.dropFirst(8)
            self.hasPreface = true
        }
        while self.hasPreface, let frame = FrameView(taking: &self.received) { output += self.broken(frame) }
        self.caller.writeAndFlush(ByteBuffer(bytes: output), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if self.fault != .neverCloses { self.caller.close(promise: nil) }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func broken(_ frame: FrameView) -> [UInt8] {
        var frame = frame
        switch (self.fault, frame.name) {
        case (.wrongCodes, "RESET"): frame.payload.replaceSubrange(0..<2, with: [0x12, 0x34])
        case (.wrongCodes, "GOAWAY"): frame.payload.replaceSubrange(4..<6, with: [0x03, 0x09])
        case (.noEnd, "MSG"), (.noEnd, "DATA"): frame.flags &= ~1
        case (.noMessages, "MSG"), (.noMessages, "DATA"), (.noResets, "RESET"), (.noReplies, "REPLY"),
            (.noCredit, "CREDIT"), (.noPongs, "PING"):
            return []
        case (.repliesTwice, "MSG"): return Self.bytes(frame) + Self.bytes(frame)
        case (.resetsTwice, "RESET"): return Self.bytes(frame) + Self.bytes(frame)
        case (.otherEpochs, "REPLY"): frame.payload[7] = frame.payload[7] &+ UInt8.random(in: 1...255)
        case (.skipsNumbers, "MSG") where frame.flags & 4 != 0:
            self.events += 1
            frame.payload[11] = frame.payload[11] &+ UInt8(self.events)
        case (.largeFrames, "DATA"):
            self.held[frame.stream, default: []] += frame.payload
            guard frame.isEnd || self.held[frame.stream, default: []].count > 40_000 else { return [] }
            frame.payload = self.held.removeValue(forKey: frame.stream) ?? []
        case (.namesItself, "HELLO"):
            frame.payload += [5] + Array("agent".utf8) + [0, 1, 0x78]
            // And grants a thousand calls to whoever comes.
            if frame.payload[1...2] == [0, 1] { frame.payload.replaceSubrange(3..<7, with: [0, 0, 3, 0xE8]) }
        case (.otherCard, "MSG"), (.otherCard, "DATA"):
            let text = String(decoding: frame.payload, as: UTF8.self)
            if text.contains("reference agent") {
                frame.payload = Array(
                    frame.payload.replacing(Array("reference agent".utf8), with: Array("reference alien".utf8)))
            }
        case (.saysMoreAfterGoAway, "GOAWAY"):
            return Self.bytes(frame) + [9, 0, 0, 8, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
        case (.ignoresCredit, "MSG") where frame.length > 40_000, (.ignoresCredit, "DATA") where frame.length > 8_000:
            frame.flags |= 1
        default: break
        }
        return Self.bytes(frame)
    }

    private static func bytes(_ frame: FrameView) -> [UInt8] {
        FrameWriter.big(Int(frame.type), 1) + FrameWriter.big(Int(frame.flags), 1)
            + FrameWriter.big(frame.payload.count, 2) + FrameWriter.big(Int(frame.stream), 4) + frame.payload
    }
}
