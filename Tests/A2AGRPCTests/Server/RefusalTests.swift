import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import GRPCCore
import TestSupport
import Testing

@testable import A2AGRPC

@Suite("What the server refuses", .timeLimit(.minutes(1)))
struct RefusalTests {
    @Test("bytes that are no request", arguments: A2AOperation.allCases)
    func undecodable(_ operation: A2AOperation) async throws {
        try await withGRPCAgent { address in
            for bytes: [UInt8] in [[0xFF], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], Array(repeating: 0x0A, count: 1000)] {
                let answer = try await rawCall(address, .a2a(operation), [bytes])
                #expect(answer.status?.code == .invalidArgument)
                let error = try answer.error
                #expect(error.code == .invalidRequest)
                #expect(error.message.contains("lf.a2a.v1."))
            }
        }
    }

    @Test("a request that lacks what is required is told which field")
    func missing() async throws {
        try await withGRPCAgent { address in
            let answer = try await rawCall(address, .a2a(.sendMessage), [[]])
            #expect(answer.status?.code == .invalidArgument)
            let error = try answer.error
            #expect(error.code == .invalidParams)
            #expect(error.fieldViolations.contains { $0.field.hasPrefix("message") })
            var noParts = A2ASendMessageRequest.text("x")
            noParts.message.parts = []
            let second = try await rawCall(address, .sendStreamingMessage, noParts).error
            #expect(second.fieldViolations.map(\.field) == ["message.parts"])
        }
    }

    @Test("a message over the limit is refused, one far over it reset, and the connection lives on")
    func tooLarge() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.maxMessageBytes = 100_000
        try await withGRPCAgent(configuration: configuration) { address in
            let service = try transport(address)
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text(String(repeating: "x", count: 150_000)), context: CallContext())
            }
            #expect(error?.code == .requestTooLarge)
            #expect(error?.message.contains("100000") == true)
            await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text(String(repeating: "x", count: 5_000_000)), context: CallContext())
            }
            #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
        }
    }

    @Test(
        "a method that is not there",
        arguments: [("lf.a2a.v1.A2AService", "Nope"), ("a.b.C", "SendMessage"), ("a2a.v1.A2AService", "SendMessage")])
    func unknownMethod(_ service: String, _ method: String) async throws {
        try await withGRPCAgent { address in
            let answer = try await rawCall(address, MethodDescriptor(service, method), [[]])
            #expect(answer.status?.code == .unimplemented)
            let error = try answer.error
            #expect(error.code == .methodNotFound)
            #expect(error.message.contains("SendMessage"))
        }
    }

    @Test("no message, or two")
    func messageCount() async throws {
        try await withGRPCAgent { address in
            for messages: [[UInt8]] in [[], [[], []]] {
                let answer = try await rawCall(address, .a2a(.listTasks), messages)
                #expect(try answer.error.code == .invalidRequest)
            }
        }
    }

    @Test("a timeout that is none", arguments: ["x", "1", "-1S", "123456789S"])
    func timeout(_ timeout: String) async throws {
        try await withGRPCAgent { address in
            let answer = try await rawCall(
                address, .listTasks, metadata: ["a2a-version": "1.0", "grpc-timeout": .string(timeout)],
                A2AListTasksRequest())
            #expect(try answer.error.code == .invalidRequest)
        }
    }

    @Test("a caller without credentials gets the challenge")
    func authentication() async throws {
        let authenticator = StaticTokenAuthenticator(["secret": Principal(id: "me")])
        try await withGRPCAgent(middleware: [AuthenticationMiddleware(authenticator)]) { address in
            let service = try transport(address)
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("Hello"), context: CallContext())
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.challenge == "Bearer realm=\"a2a\"")
            var parameters = ServiceParameters()
            parameters["Authorization"] = "Bearer secret"
            let answer = try await service.sendMessage(.text("Hello"), context: CallContext(parameters: parameters))
            #expect(answer.text == "Hello")
        }
    }

    @Test("nothing of an error of the agent's own reaches the caller")
    func secret() async throws {
        struct Secret: Error {}
        let service = StubService(onSend: { _, _ in throw Secret() }, onStream: { _, _ in throw Secret() })
        try await withGRPCService(service) { address in
            for operation in [A2AOperation.sendMessage, .sendStreamingMessage] {
                let answer = try await rawCall(address, operation, A2ASendMessageRequest.text("hi"))
                #expect(answer.status == Status(code: .internalError, message: "Internal error."))
                #expect(try answer.error.code == .internal)
            }
        }
    }

    @Test("an error in the middle of a stream comes after its events")
    func lateError() async throws {
        let service = StubService(onStream: { request, _ in
            let events = [StreamEvent(.task(A2ATask()), generation: 1)]
            let rest = Rest(events)
            return EventStream {
                ClosureSource({
                    if let event = rest.next() { return event }
                    throw A2AError(.resourceExhausted, "Enough.")
                })
            }
        })
        try await withGRPCService(service) { address in
            let answer = try await rawCall(address, .sendStreamingMessage, A2ASendMessageRequest.text("hi"))
            #expect(answer.messages.count == 1)
            #expect(try answer.error.code == .resourceExhausted)
            let stream = try await transport(address).sendStreamingMessage(.text("hi"), context: CallContext())
            var iterator = stream.makeAsyncIterator()
            #expect(try await iterator.next()?.generation == 1)
            do {
                _ = try await iterator.next()
                Issue.record("the stream went on")
            } catch let error as A2AError {
                #expect(error.code == .resourceExhausted)
            }
        }
    }
}
