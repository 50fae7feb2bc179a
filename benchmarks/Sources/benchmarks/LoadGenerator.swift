import NIOCore
import NIOPosix

/// Keeps a number of HTTP/1.1 connections busy, one request at a time on each, and counts the answers.
struct LoadGenerator {
    let connections: Int
    let duration: Duration

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// - Parameter body: The body of the n-th request; numbers differ between all requests.
    /// - Returns: Answers per second.
    func run(_ baseURL: String, body: @escaping @Sendable (Int) -> String) async throws -> Double {
        try await self.measure(baseURL, body: body).rate
    }

    /// - Parameter body: The body of the n-th request; numbers differ between all requests.
    /// - Returns: Answers per second, and the median of their times in seconds.
    func measure(
        _ baseURL: String, body: @escaping @Sendable (Int) -> String
    ) async throws -> (rate: Double, median: Double) {
        let port = Int(baseURL.split(separator: ":").last ?? "") ?? 0
        let start = ContinuousClock.now
        let end = start + self.duration
        let salt = Int.random(in: 0..<1_000_000) * 1_000_000_000
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for connection in 0..<self.connections {
                group.addTask {
                    let client = try await ClientBootstrap(group: Self.group)
                        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                        .connect(host: "127.0.0.1", port: port) { channel in
                            channel.eventLoop.makeCompletedFuture {
                                let handler = Requester(end: end) { body(salt + connection * 10_000_000 + $0) }
                                try channel.pipeline.syncOperations.addHandler(handler)
                                return handler.answers.futureResult(on: channel.eventLoop)
                            }
                        }
                    return try await client.get()
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return (Double(times.count) / (ContinuousClock.now - start).inSeconds, times.median)
    }
}

/// Sends the next request when the answer to the last one is complete.
private final class Requester: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A promise that is made once the event loop is known.
    final class Answers {
        private var promise: EventLoopPromise<[Double]>?
        func futureResult(on eventLoop: any EventLoop) -> EventLoopFuture<[Double]> {
            let promise = eventLoop.makePromise(of: [Double].self)
            self.promise = promise
            return promise.futureResult
        }
        func succeed(_ times: [Double]) { self.promise?.succeed(times) }
        func fail(_ error: any Error) { self.promise?.fail(error) }
    }

    struct Unexpected: Error { var answer: String }

    let answers = Answers()
    private let end: ContinuousClock.Instant
    private let body: (Int) -> String
    /// How long each answer took, in seconds.
    private var times: [Double] = []
    private var sent = ContinuousClock.now
    private var received = ByteBuffer()

    init(end: ContinuousClock.Instant, body: @escaping (Int) -> String) {
        self.end = end
        self.body = body
    }

    func channelActive(context: ChannelHandlerContext) { self.sendNext(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.received.writeBuffer(&buffer)
        guard let length = self.completeLength() else { return }
        self.received.moveReaderIndex(forwardBy: length)
        self.received.discardReadBytes()
        let now = ContinuousClock.now
        self.times.append((now - self.sent).inSeconds)
        if now >= self.end {
            self.answers.succeed(self.times)
            context.close(promise: nil)
        } else {
            self.sendNext(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.answers.fail(Unexpected(answer: String(buffer: self.received)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.answers.fail(error)
        context.close(promise: nil)
    }

    private func sendNext(_ context: ChannelHandlerContext) {
        let body = self.body(self.times.count)
        self.sent = .now
        let request = """
            POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n\
            Content-Length: \(body.utf8.count)\r\n\r\n\(body)
            """
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    /// The length of the answer that stands at the front, if it is all there.
    private func completeLength() -> Int? {
        self.received.withUnsafeReadableBytes { bytes in
            // By hand: the load generator shares the machine with what it measures.
            var lineStart = 0
            var length: Int?
            for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
                let line = bytes[lineStart..<index]
                lineStart = index + 1
                if line.count <= 1 {
                    guard let length else { return nil }
                    return bytes.count >= lineStart + length ? lineStart + length : nil
                }
                if line.count > 16, line[line.startIndex + 14] == UInt8(ascii: ":"),
                    line.prefix(14).elementsEqual("Content-Length".utf8)
                {
                    length = line.dropFirst(16).reduce(0) { value, byte in
                        (0x30...0x39).contains(byte) ? value * 10 + Int(byte) - 0x30 : value
                    }
                } else if line.starts(with: "HTTP/1.1 ".utf8), !line.dropFirst(9).starts(with: "200".utf8) {
                    self.answers.fail(Unexpected(answer: String(decoding: bytes, as: UTF8.self)))
                    return nil
                }
            }
            return nil
        }
    }
}
