import A2A
import A2AReferenceAgent
import A2AServer
import Foundation
import Testing

/// Conversations that a seed makes: whatever is asked, and in whatever order, callers see the same over every binding.
///
/// The agent plays scripts (conformance/profile.md) of random steps with random contents; between them the caller asks for
/// tasks, lists them, cancels, subscribes, and calls what is refused.
@Suite("Equal on every binding, at random (§5.1)", .timeLimit(.minutes(3)))
struct RandomScriptTests {
    /// How many conversations besides the one that once told TCP apart; `A2A_SCRIPT_RUNS` asks for more.
    private static var runs: Int { ProcessInfo.processInfo.environment["A2A_SCRIPT_RUNS"].flatMap { Int($0) } ?? 3 }

    @Test("a random conversation, word for word")
    func conversations() async throws {
        // The first one resumes at the last event of a task that has ended.
        for seed in [3_582_467_392_413_247_948] + (0..<Self.runs).map({ _ in UInt64.random(in: 0 ... .max) }) {
            let expected = try await Self.transcript(.inProcess, seed)
            #expect(expected.count > 20, "seed \(seed)")
            for binding in Binding.direct {
                let seen = try await Self.transcript(binding, seed)
                for (ours, theirs) in zip(seen, expected) {
                    #expect(ours == theirs, "seed \(seed), \(binding.testDescription)")
                    if ours != theirs { break }
                }
                #expect(seen.count == expected.count, "seed \(seed), \(binding.testDescription)")
            }
        }
    }

    private static func transcript(_ binding: Binding, _ seed: UInt64) async throws -> [String] {
        try await binding.withService { service in
            var conversation = RandomConversation(seed, over: binding)
            return await conversation.play(on: service)
        }
    }
}

/// What a caller does, decided by a seed and by nothing that comes back but the ids of tasks.
private struct RandomConversation {
    private var random: Seeded
    private var transcript = Transcript()
    /// Tasks so far, and whether each still takes messages.
    private var tasks: [String] = []
    private var contexts: [String] = []

    /// Whether ResumeStream of the TCP binding is there.
    private let resumesItself: Bool

    init(_ seed: UInt64, over binding: Binding) {
        self.random = Seeded(state: seed)
        self.resumesItself = binding.last == ProtocolBinding.tcp.rawValue
    }

    mutating func play(on service: any A2AService) async -> [String] {
        for step in 0..<25 { await self.step("\(step)", service) }
        return self.transcript.lines
    }

    private mutating func step(_ label: String, _ service: any A2AService) async {
        let context = CallContext()
        let task = self.random.chance(8) ? "none" : self.tasks.randomElement(using: &self.random) ?? "none"
        switch Int.random(in: 0..<14, using: &self.random) {
        case 0...3:
            let request = self.message(to: nil)
            await self.note("\(label) send", { try await service.sendMessage(request, context: context) })
        case 4...6:
            let request = self.message(to: nil)
            await self.noteStream(
                "\(label) stream", { try await service.sendStreamingMessage(request, context: context) })
        case 7:
            let request = self.message(to: task)
            await self.note("\(label) go on", { try await service.sendMessage(request, context: context) })
        case 8:
            let length = Int32.random(in: -1...3, using: &self.random)
            await self.transcript.note("\(label) get") {
                try await service.getTask(
                    .with {
                        $0.id = task
                        if length != 3 { $0.historyLength = length }
                    }, context: context)
            }
        case 9:
            let (size, all) = (Int32.random(in: 0...101, using: &self.random), self.random.chance(2))
            let id = self.contexts.randomElement(using: &self.random) ?? ""
            await self.transcript.note("\(label) list") {
                try await service.listTasks(
                    .with {
                        $0.contextID = id
                        $0.includeArtifacts = all
                        if size > 0 { $0.pageSize = size }
                    }, context: context)
            }
        case 10:
            await self.transcript.note("\(label) cancel") {
                try await service.cancelTask(.with { $0.id = task }, context: context)
            }
        case 11:
            var resuming = context
            resuming.resumeAfter = Int64.random(in: 0...6, using: &self.random)
            // A task that still runs has no end to wait for.
            guard await self.isOver(task, service) else { return }
            if await self.isLast(resuming.resumeAfter ?? 0, of: task, service) {
                return await self.resumeAtTheEnd("\(label) resume at the end", task, service, resuming)
            }
            await self.transcript.note("\(label) resume") { [resuming] in
                try await service.subscribeToTask(.with { $0.id = task }, context: resuming)
            }
        case 12:
            await self.transcript.note("\(label) push") {
                try await service.listTaskPushNotificationConfigs(.with { $0.taskID = task }, context: context)
            }
        default:
            // Without what is needed.
            let request = A2ASendMessageRequest.with { $0.message.taskID = task }
            await self.note("\(label) empty", { try await service.sendMessage(request, context: context) })
        }
    }

    private func isOver(_ task: String, _ service: any A2AService) async -> Bool {
        let found = try? await service.getTask(.with { $0.id = task }, context: CallContext())
        return found?.status.state.isTerminal ?? true
    }

    /// Whether a number is that of the last event of a task that has ended.
    private func isLast(_ number: Int64, of task: String, _ service: any A2AService) async -> Bool {
        let context = CallContext(resumeAfter: number - 1)
        let rest = try? await service.subscribeToTask(.with { $0.id = task }, context: context).collect()
        return number > 1 && rest?.count == 1 && rest?.first?.generation == number
    }

    /// The one thing in which bindings differ: nothing follows, so ResumeStream over TCP ends at once (TCP-067), and
    /// SubscribeToTask says that the task has ended (A2A §3.1.6, RESUME-16).
    private mutating func resumeAtTheEnd(
        _ label: String, _ task: String, _ service: any A2AService, _ context: CallContext
    ) async {
        do {
            let events = try await service.subscribeToTask(.with { $0.id = task }, context: context).collect()
            guard self.resumesItself, events.isEmpty else { return self.transcript.note(label, text: "\(events)") }
        } catch {
            guard !self.resumesItself, (error as? A2AError)?.code == .unsupportedOperation else {
                return self.transcript.note(label, text: "\(error)")
            }
        }
        self.transcript.note(label, text: "nothing follows")
    }

    private mutating func note(_ label: String, _ call: () async throws -> A2ASendMessageResponse) async {
        do {
            let response = try await call()
            if case .task(let task)? = response.payload { self.remember(task.id, task.contextID) }
            try self.transcript.note(label, response)
        } catch {
            await self.transcript.note(label) { () -> A2ATask in throw error }
        }
    }

    private mutating func noteStream(_ label: String, _ call: () async throws -> EventStream) async {
        do {
            let events = try await call().collect()
            for event in events {
                if case .task(let task) = event.response.payload { self.remember(task.id, task.contextID) }
                try self.transcript.note("\(label) \(event.generation.map { "\($0)" } ?? "-")", event.response)
            }
        } catch {
            await self.transcript.note(label) { () -> A2ATask in throw error }
        }
    }

    private mutating func remember(_ task: String, _ context: String) {
        if !self.tasks.contains(task) { self.tasks.append(task) }
        if !self.contexts.contains(context) { self.contexts.append(context) }
    }

    // MARK: Contents

    private mutating func message(to task: String?) -> A2ASendMessageRequest {
        var request = send("", to: task ?? "")
        var parts: [A2APart] = []
        if !self.random.chance(5) {
            let steps = (0..<Int.random(in: 0...6, using: &self.random)).map { _ in self.scriptStep() }
            parts.append(.data(["script": A2AValue(steps)], mediaType: "application/vnd.a2a-conformance+json"))
        }
        let least = parts.isEmpty ? 1 : 0
        for _ in 0..<Int.random(in: least...2, using: &self.random) { parts.append(self.part()) }
        request.message.parts = parts
        if self.random.chance(4) { request.message.metadata = ["n": self.value(depth: 2)] }
        if self.random.chance(4) { request.configuration.historyLength = Int32.random(in: 0...2, using: &self.random) }
        return request
    }

    /// A step that neither waits nor tells bindings apart.
    private mutating func scriptStep() -> A2AValue {
        switch Int.random(in: 0..<12, using: &self.random) {
        case 0...2: return ["working": ["text": A2AValue(self.text())]]
        case 3...6:
            return [
                "artifact": [
                    "id": A2AValue(["a", "b"].randomElement(using: &self.random) ?? "a"), "name": A2AValue(self.text()),
                    "parts": [["text": A2AValue(self.text())], ["data": self.value(depth: 3)]],
                    "append": A2AValue(self.random.chance(2)), "lastChunk": A2AValue(self.random.chance(3)),
                ]
            ]
        case 7: return ["requireInput": ["text": A2AValue(self.text())]]
        case 8: return ["complete": [:]]
        case 9: return ["fail": ["text": A2AValue(self.text())]]
        case 10: return self.random.chance(2) ? ["reject": [:]] : ["reply": ["text": A2AValue(self.text())]]
        default: return self.random.chance(2) ? ["throw": [:]] : ["unknown": [:]]
        }
    }

    private mutating func part() -> A2APart {
        switch Int.random(in: 0..<5, using: &self.random) {
        case 0: return .text(self.text())
        case 1: return .data(self.value(depth: 4), mediaType: "application/json")
        case 2:
            let count = [0, 1, 3, 70_000].randomElement(using: &self.random) ?? 0
            let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            return .raw(octets, mediaType: "application/octet-stream", filename: self.text())
        case 3: return .url("https://example.com/?q=a&b=%20", mediaType: "image/png")
        default: return self.random.chance(4) ? .raw([1], mediaType: "video/mp4") : .text(self.text())
        }
    }

    private mutating func text() -> String {
        let texts = [
            "Hello", "tck-artifact-text", "Gr\u{FC}\u{DF}e \u{1F44B}\u{0}\n\t", "\u{2028}\\\"</script>", " ",
            "e\u{301}",
            String(repeating: "\u{20AC}", count: 40_000), "form", "research to be or not",
        ]
        return texts.randomElement(using: &self.random) ?? "Hello"
    }

    private mutating func value(depth: Int) -> A2AValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &self.random) {
        case 0: return nil
        case 1: return A2AValue(self.random.chance(2))
        case 2: return A2AValue(Int64.random(in: -(1 << 53)...(1 << 53), using: &self.random))
        case 3: return A2AValue([0.1, 1e-7, 1.5e300, -2.25].randomElement(using: &self.random) ?? 0.1)
        case 4, 5: return A2AValue(self.text())
        case 6:
            return A2AValue((0..<Int.random(in: 0...3, using: &self.random)).map { _ in self.value(depth: depth - 1) })
        default:
            var members: [String: A2AValue] = [:]
            for _ in 0..<Int.random(in: 0...3, using: &self.random) {
                members[self.text()] = self.value(depth: depth - 1)
            }
            return A2AValue(members)
        }
    }
}

extension Binding {
    /// Those without a gateway.
    fileprivate static var direct: [Binding] {
        Binding.allCases.filter { $0 != .inProcess && !$0.rawValue.contains("gateway") }
    }
}

/// Random numbers that a seed decides (SplitMix64).
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// `true` once in `count`.
    mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
