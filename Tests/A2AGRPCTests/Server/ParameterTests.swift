import A2A
import A2AClient
import A2AServer
import GRPCCore
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import A2AGRPC

/// Notes the context of each call.
private final class ContextProbe: Sendable {
    let contexts = Mutex<[CallContext]>([])

    var service: StubService {
        StubService(
            onSend: { request, context in
                self.contexts.withLock { $0.append(context) }
                context.response.activatedExtensions = context.requestedExtensions.filter { $0.hasPrefix("https://") }
                return .message(A2AMessage(role: .agent, parts: request.message.parts))
            },
            onStream: { request, context in
                context.response.activatedExtensions = context.requestedExtensions
                return EventStream([StreamEvent(.message(request.message))])
            },
            onSubscribe: { _, context in
                self.contexts.withLock { $0.append(context) }
                return EventStream([StreamEvent(.task(A2ATask()), generation: 7)])
            })
    }

    var last: CallContext? { self.contexts.withLock { $0.last } }
}

@Suite("Metadata", .timeLimit(.minutes(1)))
struct ParameterTests {
    @Test("an agent sees what came beside the request")
    func parameters() async throws {
        let probe = ContextProbe()
        try await withGRPCService(probe.service) { address in
            let answer = try await rawCall(
                address, .sendMessage,
                metadata: [
                    "a2a-version": "1.0", "a2a-extensions": "https://a", "a2a-extensions": "b, https://c",
                    "authorization": "Bearer x", "x-own": "1", "x-own": "2", "x-bytes-bin": .binary([1, 2]),
                ], A2ASendMessageRequest.text("hi"))
            #expect(answer.status?.code == .ok)
            #expect(try answer.message(A2ASendMessageResponse.self).text == "hi")
            #expect(answer.initial.map { Array($0[stringValues: "a2a-extensions"]) } == ["https://a,https://c"])
            let context = try #require(probe.last)
            #expect(context.binding == "GRPC")
            #expect(context.version == .v1_0)
            #expect(context.requestedExtensions == ["https://a", "b", "https://c"])
            #expect(context.parameters["authorization"] == "Bearer x")
            #expect(context.parameters["X-Own"] == "1, 2")
            #expect(context.parameters["x-bytes-bin"] == nil)
            #expect(context.parameters["te"] == nil)
            #expect(context.parameters["A2A-Version"] == "1.0")
            #expect(context.deadline == nil)
            #expect(context.resumeAfter == nil)
        }
    }

    @Test("our client sends the same, and reads the extensions that were activated")
    func client() async throws {
        let probe = ContextProbe()
        try await withGRPCService(probe.service) { address in
            var parameters = ServiceParameters()
            parameters["authorization"] = "Bearer x"
            parameters["x-own"] = "1"
            parameters["x-umlaut"] = "ä"
            parameters["grpc-timeout"] = "1n"
            parameters["connection"] = "close"
            let context = CallContext(
                requestedExtensions: ["https://a", "b"], deadline: .now.advanced(by: .seconds(3600)),
                parameters: parameters)
            _ = try await transport(address).sendMessage(.text("hi"), context: context)
            #expect(context.response.activatedExtensions == ["https://a"])
            let seen = try #require(probe.last)
            #expect(seen.parameters["authorization"] == "Bearer x")
            #expect(seen.parameters["x-own"] == "1")
            // What gRPC cannot carry is left out, and does not break the call.
            #expect(seen.parameters["x-umlaut"] == nil)
            #expect(seen.parameters["connection"] == nil)
            let left = try #require(seen.deadline).duration(to: .now) * -1
            #expect(left > .seconds(3000) && left <= .seconds(3600))

            let streaming = CallContext(requestedExtensions: ["https://a"])
            _ = try await transport(address).sendStreamingMessage(.text("hi"), context: streaming).all()
            #expect(streaming.response.activatedExtensions == ["https://a"])
        }
    }

    @Test("a subscription goes on after the last event seen; a number that is none starts with the task")
    func lastEventID() async throws {
        let probe = ContextProbe()
        try await withGRPCService(probe.service) { address in
            var request = A2ASubscribeToTaskRequest()
            request.id = "t"
            let events = try await transport(address)
                .subscribeToTask(request, context: CallContext(resumeAfter: 6)).all()
            #expect(events.map(\.generation) == [7])
            #expect(events.first?.response.generation == nil)
            #expect(probe.last?.resumeAfter == 6)
            for bad in ["", "x", "9999999999999999999999", "6 7", "+6", "-6"] {
                let answer = try await rawCall(
                    address, .subscribeToTask, metadata: ["a2a-version": "1.0", "last-event-id": .string(bad)], request)
                #expect(answer.status?.code == .ok)
                #expect(probe.last?.resumeAfter == nil)
            }
        }
    }

    @Test("a caller that does not ask does not see the draft's generation")
    func noGeneration() async throws {
        let probe = ContextProbe()
        try await withGRPCService(probe.service) { address in
            let plain = try await rawCall(address, .subscribeToTask, A2ASubscribeToTaskRequest())
            #expect(try plain.message(A2AStreamResponse.self).task.generation == 0)
            let asked = try await rawCall(
                address, .subscribeToTask, metadata: ["a2a-version": "1.0", "a2a-event-ids": "generation"],
                A2ASubscribeToTaskRequest())
            #expect(try asked.message(A2AStreamResponse.self).task.generation == 7)
            // As a caller asks that knows the extension only; and one that knows another.
            for (uri, generation) in [
                (ResumeExtension.uri, Int64(7)), ("urn:other, \(ResumeExtension.uri)", 7), ("urn:other", 0),
            ] {
                let activated = try await rawCall(
                    address, .subscribeToTask, metadata: ["a2a-version": "1.0", "a2a-extensions": .string(uri)],
                    A2ASubscribeToTaskRequest())
                #expect(try activated.message(A2AStreamResponse.self).task.generation == generation, "\(uri)")
            }
        }
    }

    @Test(
        "a version that is not served is refused with those that are", arguments: ["", "0.3", "2.0", "nonsense", nil])
    func version(_ version: String?) async throws {
        try await withGRPCService(ContextProbe().service) { address in
            let metadata: Metadata = version.map { ["a2a-version": .string($0)] } ?? [:]
            let answer = try await rawCall(address, .sendMessage, metadata: metadata, A2ASendMessageRequest.text("hi"))
            #expect(answer.status?.code == .failedPrecondition)
            let error = try answer.error
            #expect(error.code == .versionNotSupported)
            #expect(error.message.contains("1.0"))
        }
    }

    @Test("a huge list of extensions is read up to its limit")
    func manyExtensions() async throws {
        let probe = ContextProbe()
        try await withGRPCService(probe.service) { address in
            let list = (0..<1500).map { "urn:\($0)" }.joined(separator: ",")
            let answer = try await rawCall(
                address, .sendMessage, metadata: ["a2a-version": "1.0", "a2a-extensions": .string(list)],
                A2ASendMessageRequest.text("hi"))
            #expect(answer.status?.code == .ok)
            #expect(probe.last?.requestedExtensions.count == ExtensionNegotiation.maxRequested)
        }
    }

    @Test("bytes that are not ASCII do no harm")
    func nonASCII() async throws {
        let probe = ContextProbe()
        try await withGRPCService(probe.service) { address in
            let answer = try await rawCall(
                address, .sendMessage, metadata: ["a2a-version": "1.0", "x-name": "Zoë\u{1F600}", "x-bad-bin": "%%%"],
                A2ASendMessageRequest.text("hi"))
            #expect(answer.status?.code == .ok)
        }
    }

    @Test("more parameters than there may be are left out")
    func manyParameters() {
        var metadata = Metadata()
        for index in 0..<70_000 { metadata.addString("v", forKey: "x-\(index)") }
        #expect(GRPCRequestMetadata(metadata).fields.count == GRPCMetadata.maxParameters)
    }

    @Test("the tenant comes with the message")
    func tenant() async throws {
        let seen = Mutex("")
        let agent = ClosureAgent { turn in
            seen.withLock { $0 = turn.context.tenant }
            try await turn.reply(turn.context.parameters["x-own"] ?? "")
        }
        try await withGRPCAgent(agent) { address in
            var request = A2ASendMessageRequest.text("hi")
            request.tenant = "acme"
            let answer = try await rawCall(
                address, .sendMessage, metadata: ["a2a-version": "1.0", "x-own": "seen"], request)
            #expect(try answer.message(A2ASendMessageResponse.self).text == "seen")
            #expect(seen.withLock { $0 } == "acme")
        }
    }
}
