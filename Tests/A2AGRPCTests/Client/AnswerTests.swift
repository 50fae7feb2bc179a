import A2A
import A2AClient
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import Synchronization
import TestSupport
import Testing

@testable import A2AGRPC

@Suite("Answers of other agents", .timeLimit(.minutes(1)))
struct AnswerTests {
    private static func answer(_ message: some Message) throws -> Bytes {
        Bytes(try message.serializedBytes() as [UInt8])
    }

    private func unaryError(
        _ handler: @escaping @Sendable (ServerStream) async throws -> Void, options: GRPCClientOptions = .init()
    ) async throws -> A2AError? {
        try await withRawServer({ stream, _, _ in try await handler(stream) }) { address in
            await #expect(throws: A2AError.self) {
                try await transport(address, options: options).sendMessage(.text("hi"), context: CallContext())
            }
        }
    }

    @Test("bytes that are no answer")
    func nonsense() async throws {
        let error = try await self.unaryError { stream in
            try await stream.outbound.write(contentsOf: [.metadata([:]), .message(Bytes([0xFF])), .status(.ok, [:])])
        }
        #expect(error?.code == .invalidAgentResponse)
    }

    @Test("no message, or two")
    func count() async throws {
        for count in [0, 2] {
            let error = try await self.unaryError { stream in
                try await stream.outbound.write(.metadata([:]))
                for _ in 0..<count { try await stream.outbound.write(.message(Bytes([UInt8]()))) }
                try await stream.outbound.write(.status(.ok, [:]))
            }
            #expect(error?.code == .invalidAgentResponse)
        }
    }

    @Test("an answer over the limit")
    func tooLarge() async throws {
        for size in [1001, 2000, 2001, 100_000] {
            var options = GRPCClientOptions()
            options.maxMessageBytes = 1000
            let error = try await self.unaryError(
                { stream in
                    try await stream.outbound.write(contentsOf: [
                        .metadata([:]), .message(Bytes(repeating: 0, count: size)), .status(.ok, [:]),
                    ])
                }, options: options)
            #expect(error?.code == .invalidAgentResponse)
            #expect(error?.message.contains("1000 bytes") == true)
        }
    }

    @Test("an agent that says UNAVAILABLE itself did not lose the connection")
    func unavailable() async throws {
        let error = try await self.unaryError { stream in
            let (status, trailers) = A2AError(.unavailable, "Not now.", details: [.retryInfo(.seconds(3))]).grpcStatus
            try await stream.outbound.write(.status(status, trailers))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.transportFailure == nil)
        #expect(error?.retryDelay == .seconds(3))
    }

    @Test("an error before the first event is thrown by the call")
    func earlyError() async throws {
        try await withRawServer({ stream, _, _ in
            let (status, trailers) = A2AError.taskNotFound("t").grpcStatus
            try await stream.outbound.write(.status(status, trailers))
        }) { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport(address).sendStreamingMessage(.text("hi"), context: CallContext())
            }
            #expect(error?.code == .taskNotFound)
        }
    }

    @Test("a stream of nonsense ends there")
    func streamNonsense() async throws {
        try await withRawServer({ stream, _, _ in
            try await stream.outbound.write(.metadata([:]))
            var event = A2AStreamResponse()
            event.task.id = "t"
            try await stream.outbound.write(.message(try Self.answer(event)))
            try await stream.outbound.write(.message(Bytes([0xFF])))
            try await stream.outbound.write(.message(try Self.answer(event)))
            try await stream.outbound.write(.status(.ok, [:]))
        }) { address in
            var events: [StreamEvent] = []
            do {
                for try await event in try await transport(address)
                    .sendStreamingMessage(.text("hi"), context: CallContext())
                { events.append(event) }
                Issue.record("the stream ended")
            } catch let error as A2AError {
                #expect(error.code == .invalidAgentResponse)
            }
            #expect(events.count == 1)
            #expect(events.first?.generation == nil)
        }
    }

    @Test("a silent task keeps nobody waiting: the headers come before the first event")
    func headersFirst() async throws {
        let go = Signal()
        let service = StubService(onSubscribe: { _, _ in
            EventStream {
                ClosureSource({
                    await go.wait()
                    return nil
                })
            }
        })
        try await withGRPCService(service) { address in
            let stream = try await transport(address)
                .subscribeToTask(A2ASubscribeToTaskRequest(), context: CallContext(resumeAfter: 1))
            go.raise()
            #expect(try await stream.all().isEmpty)
        }
    }

    @Test("our client asks for generations on streams only")
    func asks() async throws {
        let seen = Mutex<[Metadata]>([])
        try await withRawServer({ stream, metadata, _ in
            seen.withLock { $0.append(metadata) }
            try await stream.outbound.write(.metadata([:]))
            try await stream.outbound.write(.message(Bytes([UInt8]())))
            try await stream.outbound.write(.status(.ok, [:]))
        }) { address in
            let service = try transport(address)
            _ = try await service.sendMessage(.text("hi"), context: CallContext())
            _ = try await service.sendStreamingMessage(.text("hi"), context: CallContext()).all()
            let metadata = seen.withLock { $0 }
            #expect(metadata.map { Array($0[stringValues: "a2a-event-ids"]) } == [[], ["generation"]])
            #expect(metadata.allSatisfy { Array($0[stringValues: "a2a-version"]) == ["1.0"] })
        }
    }

    @Test("the public card is the one that the transport was made for")
    func card() async throws {
        let card = try await transport("127.0.0.1:1").getAgentCard(context: CallContext())
        #expect(card.name.isEmpty == false)
    }
}
