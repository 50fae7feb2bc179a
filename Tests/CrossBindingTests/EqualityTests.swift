import A2A
import A2AReferenceAgent
import A2AServer
import Testing

/// §5.1: whatever the binding, callers see the same. Here that is taken literally: one long scenario is written down as
/// seen over each binding, and compared word for word with what a caller in the same process sees.
@Suite("Equal on every binding (§5.1)", .timeLimit(.minutes(2)))
struct EqualityTests {
    @Test("the whole scenario, word for word", arguments: Binding.allCases.filter { $0 != .inProcess })
    func equality(_ binding: Binding) async throws {
        let expected = try await Self.transcript(.inProcess)
        let seen = try await Self.transcript(binding)
        #expect(expected.count > 40)
        for (ours, theirs) in zip(seen, expected) { #expect(ours == theirs) }
        #expect(seen.count == expected.count)
    }

    private static func transcript(_ binding: Binding) async throws -> [String] {
        try await binding.withService { service in
            var transcript = Transcript()
            try await Self.play(on: service, into: &transcript)
            return transcript.lines
        }
    }

    private static func play(on service: any A2AService, into transcript: inout Transcript) async throws {
        // Answers of every kind.
        await transcript.note("message") { try await service.sendMessage(send("Hello"), context: CallContext()) }
        await transcript.note("parts") { try await service.sendMessage(Self.everyKindOfPart, context: CallContext()) }
        await transcript.note("research") {
            try await service.sendMessage(send("research to be or not"), context: CallContext())
        }
        await transcript.note("stream") {
            try await service.sendStreamingMessage(send("tck-stream-chunked"), context: CallContext())
        }
        await transcript.note("direct stream") {
            try await service.sendStreamingMessage(send("Hello"), context: CallContext())
        }
        for prefix in Self.behaviours {
            await transcript.note(prefix) {
                try await service.sendMessage(send(prefix), context: CallContext())
            }
        }

        // One task through its life.
        let task = try await service.sendMessage(send("form"), context: CallContext()).requireTask()
        try transcript.note("form", task)
        let id = task.id
        await transcript.note("Bern") {
            try await service.sendMessage(send("Bern", to: id), context: CallContext())
        }
        await transcript.note("get") { try await service.getTask(.with { $0.id = id }, context: CallContext()) }
        await transcript.note("short history") {
            try await service.getTask(
                .with {
                    $0.id = id
                    $0.historyLength = 1
                }, context: CallContext())
        }
        await transcript.note("list") {
            try await service.listTasks(.with { $0.contextID = task.contextID }, context: CallContext())
        }
        await transcript.note("cancel") {
            try await service.cancelTask(.with { $0.id = id }, context: CallContext())
        }
        await transcript.note("cancel again") {
            try await service.cancelTask(.with { $0.id = id }, context: CallContext())
        }
        await transcript.note("too late") {
            try await service.sendMessage(send("Rome", to: id), context: CallContext())
        }
        await transcript.note("subscribe too late") {
            try await service.subscribeToTask(.with { $0.id = id }, context: CallContext())
        }
        var resuming = CallContext()
        resuming.resumeAfter = 1
        await transcript.note("resume") { [resuming] in
            try await service.subscribeToTask(.with { $0.id = id }, context: resuming)
        }
        await transcript.note("extended card") { () -> A2AAgentCard in
            var card = try await service.getExtendedAgentCard(.init(), context: CallContext())
            card.supportedInterfaces = []  // where it is reached is what differs
            return card
        }

        // Refusals.
        for refusal in ErrorTests.refusals where refusal.card == ReferenceAgent.card() {
            await transcript.note(refusal.name) { () -> A2ATask in
                try await refusal.call(service)
                return A2ATask()
            }
        }
    }

    /// The behaviours of ACTS that need nobody to wait (conformance/profile.md, section 6).
    private static let behaviours = [
        "tck-complete-task", "tck-artifact-text", "tck-artifact-file", "tck-artifact-file-url", "tck-artifact-data",
        "tck-message-response", "tck-input-required", "tck-reject-task",
    ]

    private static var everyKindOfPart: A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(
            role: .user,
            parts: [
                .text("Grüße \u{1F44B}\u{0}\n"), .data(["n": 42, "x": 1.5, "list": [nil, true, "\u{2028}"]]),
                .raw([0, 255], mediaType: "application/octet-stream", filename: "a.bin"),
                .url("https://example.com/a?b=c", mediaType: "image/png"),
            ],
            metadata: ["k": ["deep": [1, 2]]])
        return request
    }
}
