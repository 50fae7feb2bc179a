import NIOCore
import NIOPosix
import TestSupport

@testable import A2A

/// A peer of which a test writes every frame.
struct FramePeer {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var octets: [UInt8] = []
    private var isGreeted = false

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    func send(_ frames: TCPFrame...) async throws {
        try await self.outbound.write(ByteBuffer(bytes: frames.flatMap(\.octets)))
    }

    /// The preface and HELLO.
    func greet(_ settings: TCPSettings = TCPSettings()) async throws {
        let hello = TCPFrame.hello(TCPHello(settings: settings))
        try await self.outbound.write(ByteBuffer(bytes: TCPPreface.octets + hello.octets))
    }

    /// The next frame; `nil` at the end.
    mutating func next() async throws -> TCPFrame? {
        while true {
            if !self.isGreeted, self.octets.count >= 8 {
                self.octets.removeFirst(8)
                self.isGreeted = true
            }
            if self.isGreeted {
                var offset = 0
                let frame = try self.octets.withUnsafeBytes { try TCPFrame($0, at: &offset) }
                self.octets.removeFirst(offset)
                if let frame { return frame }
            }
            do {
                guard let buffer = try await self.inbound.next(isolation: #isolation) else { return nil }
                self.octets += Array(buffer: buffer)
            } catch is IOError {
                return nil
            }
        }
    }

    /// The next frame for which a closure gives something; what comes before is passed over. `nil` at the end.
    mutating func next<Value>(_ pick: (TCPFrame) -> Value?) async throws -> Value? {
        while let frame = try await self.next() {
            if let value = pick(frame) { return value }
        }
        return nil
    }

    /// The next RESET of a stream.
    mutating func reset(of stream: UInt32) async throws -> TCPReset? {
        try await self.next { if case .reset(stream, let reset) = $0 { reset } else { nil } }
    }

    /// The next call.
    mutating func call() async throws -> (stream: UInt32, call: TCPCall)? {
        try await self.next { if case .call(let stream, let call) = $0 { (stream, call) } else { nil } }
    }

    /// The code of the GOAWAY that comes.
    mutating func goAway() async throws -> TCPErrorCode? {
        try await self.next { if case .goAway(let goAway) = $0 { goAway.code } else { nil } }
    }

    /// The next message of a stream, in whose one frame it is whole.
    mutating func message(on stream: UInt32) async throws -> [UInt8]? {
        try await self.next { if case .message(stream, _, let body, _) = $0 { body } else { nil } }
    }

    // MARK: Connections

    /// Connects, greets, and is closed after the body.
    static func dial<Result: Sendable>(
        _ address: String, settings: TCPSettings = TCPSettings(), _ body: (inout FramePeer) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port(address)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var peer = FramePeer(inbound, outbound)
            try await peer.greet(settings)
            return try await body(&peer)
        }
    }

    /// Serves connections with a script, one after the other, for as long as the body takes. The script says the greeting itself.
    static func listening<Result: Sendable>(
        _ script: @escaping @Sendable (_ number: Int, inout FramePeer) async throws -> Void,
        _ body: (_ address: String) async throws -> Result
    ) async throws -> Result {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let address = "a2a+tcp://127.0.0.1:\(listener.channel.localAddress?.port ?? 0)"
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    var number = 0
                    for try await connection in connections {
                        number += 1
                        let count = number
                        try await connection.executeThenClose { inbound, outbound in
                            var peer = FramePeer(inbound, outbound)
                            try await script(count, &peer)
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(address)
        }
    }
}

extension TCPSettings {
    /// Those of a listener with a number of calls.
    static func calls(_ count: UInt32, _ change: (inout TCPSettings) -> Void = { _ in }) -> TCPSettings {
        var settings = TCPSettings()
        settings.callCredit = count
        change(&settings)
        return settings
    }
}

extension TCPFrame {
    fileprivate var octets: [UInt8] {
        var octets: [UInt8] = []
        self.encode(into: &octets)
        return octets
    }

    /// A bearer token into a slot; `nil` clears it.
    static func bearer(_ token: String?, slot: UInt16 = 1) -> TCPFrame {
        .auth(
            TCPCredentials(
                slot: slot, entries: token.map { [.init(.authorization, name: "Bearer", value: $0)] } ?? []))
    }

    /// A call in JSON.
    static func call(_ stream: UInt32, _ method: TCPMethod, slot: UInt16 = 0) -> TCPFrame {
        var call = TCPCall(method, encoding: .json)
        call.slot = slot
        return .call(stream: stream, call)
    }

    /// A message, or the beginning of one.
    static func message(
        _ stream: UInt32, _ text: String, of total: Int? = nil, isLast: Bool = true
    ) -> TCPFrame {
        let body = Array(text.utf8)
        return .message(
            stream: stream, TCPMessageStart(total: UInt32(total ?? body.count)), body: body,
            isLast: isLast && total == nil)
    }
}
