import NIOCore
import NIOPosix
import Synchronization

/// A server that answers each connection with bytes that a test has prepared, right or wrong.
final class ScriptedServer: Sendable {
    /// The answer to one connection.
    struct Answer: Sendable {
        /// Sent one after the other.
        var pieces: [String]
        /// Whether the connection stays open after the last piece, until the client closes it.
        var isHeld = false

        /// A whole answer.
        static func response(_ body: String) -> Answer { .response("200 OK", body) }

        /// A whole answer with a status.
        static func response(_ status: String, _ body: String) -> Answer {
            .response(status, ["Content-Type: application/json"], body)
        }

        /// A whole answer with a status and fields.
        static func response(_ status: String, _ headers: [String], _ body: String) -> Answer {
            let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
            return Answer(pieces: [head.joined(separator: "\r\n") + "\r\n\r\n" + body])
        }

        /// A stream of events without a length: it ends with the connection.
        static func events(_ pieces: [String], isHeld: Bool = false) -> Answer {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            let chunks = pieces.filter { !$0.isEmpty }.map { String($0.utf8.count, radix: 16) + "\r\n\($0)\r\n" }
            return Answer(pieces: [head + "Transfer-Encoding: chunked\r\n\r\n"] + chunks, isHeld: isHeld)
        }

        /// The end of a stream that is not broken off.
        func ended() -> Answer { Answer(pieces: self.pieces + ["0\r\n\r\n"]) }
    }

    private struct State {
        var answers: [Answer]
        var requests: [String] = []
        var closedByClient = 0
    }

    private let state: Mutex<State>
    let port: Int
    private let closed = AsyncStream.makeStream(of: Void.self)

    private init(_ answers: [Answer], port: Int) {
        self.state = Mutex(State(answers: answers))
        self.port = port
    }

    var url: String { "http://127.0.0.1:\(self.port)" }
    /// The requests as they came, head and body.
    var requests: [String] { self.state.withLock { $0.requests } }

    /// Waits until a client has closed a connection that was held.
    func waitForClose() async {
        for await _ in self.closed.stream { return }
    }

    /// Runs a server while the body runs.
    static func with(
        _ answers: [Answer], _ body: @Sendable (ScriptedServer) async throws -> Void
    ) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let server = ScriptedServer(answers, port: channel.channel.localAddress?.port ?? 0)
        try await channel.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await withDiscardingTaskGroup { group in
                        do {
                            for try await connection in connections {
                                group.addTask { try? await server.serve(connection) }
                            }
                        } catch {}
                    }
                }
                try await body(server)
                group.cancelAll()
            }
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var input = ""
            var bytes = inbound.makeAsyncIterator()
            while !Self.isComplete(input) {
                guard let buffer = try await bytes.next() else { return }
                input += String(buffer: buffer)
            }
            let answer = self.state.withLock { state -> Answer? in
                state.requests.append(input)
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            guard let answer else { return }
            for piece in answer.pieces { try await outbound.write(ByteBuffer(string: piece)) }
            guard answer.isHeld else { return }
            while try await bytes.next() != nil {}
            self.closed.continuation.yield()
        }
    }

    private static func isComplete(_ request: String) -> Bool {
        guard let end = request.firstRange(of: "\r\n\r\n") else { return false }
        let length = request[..<end.lowerBound].split(separator: "\r\n").lazy
            .filter { $0.lowercased().hasPrefix("content-length:") }
            .compactMap { Int($0.dropFirst("content-length:".count).filter(\.isNumber)) }.first
        return request[end.upperBound...].utf8.count >= length ?? 0
    }
}
