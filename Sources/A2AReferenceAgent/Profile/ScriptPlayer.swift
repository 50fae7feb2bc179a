import A2A
import A2AServer
import HTTPTypes
import SwiftProtobuf

/// Plays the script of a task (conformance/profile.md, sections 3 to 5).
///
/// Where the script stands is read from the history: after the newest message with a script, each message without one
/// goes on behind the next pause. So nothing is kept beside the task.
struct ScriptPlayer {
    private struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private let turn: Turn
    private var script: Result<ConformanceScript, ConformanceScript.Mistake>
    /// The step to play next.
    private var position: Int
    /// The message that is being answered.
    private var message: A2AMessage
    private var hasTask: Bool
    /// How many of the next events are out already, from before the process was restarted: the script is played again up to there
    /// without a sound.
    private var silentEvents: Int

    /// - Returns: `nil` if neither the message nor an earlier one of its task carries a script.
    init?(_ turn: Turn) {
        var messages = (turn.task?.history ?? [turn.message]).filter { $0.role == .user }
        // Later messages may be in the history already; their turn comes.
        if let current = messages.lastIndex(where: { $0.messageID == turn.message.messageID }) {
            messages.removeSubrange((current + 1)...)
        }
        var found: (index: Int, script: Result<ConformanceScript, ConformanceScript.Mistake>)?
        for index in messages.indices.reversed() {
            if let script = Self.script(of: messages[index]) {
                found = (index, script)
                break
            }
        }
        guard let found else { return nil }
        self.turn = turn
        self.script = found.script
        self.message = turn.message
        self.silentEvents = turn.eventsOut
        // A task that was made because its caller did not wait is not yet the script's.
        let isOpening = turn.task?.history.first?.messageID == turn.message.messageID
        self.hasTask = turn.task != nil && !(turn.resumption != nil && turn.eventsOut == 0 && isOpening)
        self.position = 0
        for _ in 0..<(messages.count - 1 - found.index) { self.skipBehindPause() }
    }

    private static func script(
        of message: A2AMessage
    ) -> Result<ConformanceScript, ConformanceScript.Mistake>? {
        do throws(ConformanceScript.Mistake) {
            return try ConformanceScript(of: message).map { .success($0) }
        } catch {
            return .failure(error)
        }
    }

    private mutating func skipBehindPause() {
        guard case .success(let script) = self.script else { return }
        let pause = script.steps[self.position...].firstIndex(where: \.pauses)
        self.position = pause.map { $0 + 1 } ?? script.steps.count
    }

    func play() async throws {
        var player = self
        try await player.playAll()
    }

    private mutating func playAll() async throws {
        while true {
            switch self.script {
            case .failure(let mistake):
                return try await self.turn.reject(mistake.text)
            case .success(let script):
                guard self.position < script.steps.count else { break }
                let step = script.steps[self.position]
                self.position += 1
                guard try await self.play(step) else { return }
                continue
            }
            return self.hasTask ? try await self.turn.complete() : try await self.turn.reply("done")
        }
    }

    /// - Returns: Whether the script goes on in this turn.
    private mutating func play(_ step: ConformanceScript.Step) async throws -> Bool {
        if self.silentEvents > 0, step.isRepeatable {
            if step.isEvent { self.silentEvents -= 1 }
            return true
        }
        switch step {
        case .working(let words): try await self.turn.working(Self.message(words))
        case .artifact(let artifact, let append, let lastChunk):
            if append {
                try await self.turn.append(artifact, lastChunk: lastChunk)
            } else {
                try await self.turn.artifact(artifact, lastChunk: lastChunk)
            }
        case .delay(let milliseconds):
            try await Task.sleep(for: .milliseconds(milliseconds))
            return true
        case .requireInput(let words):
            try await self.turn.update(.inputRequired, Self.message(words))
            return false
        case .requireAuth(let words):
            try await self.turn.update(.authRequired, Self.message(words))
            return false
        case .waitForMessage:
            try await self.turn.openTask()
            self.message = try await self.turn.nextMessage()
            if let script = Self.script(of: self.message) {
                self.script = script
                self.position = 0
            }
        case .reply(let words):
            guard !self.hasTask else {
                try await self.turn.reject("script step \(self.position): \"reply\" needs a call without a task")
                return false
            }
            try await self.turn.reply(A2AMessage(role: .agent, parts: words))
            return false
        case .complete(let words):
            try await self.turn.complete(Self.message(words))
            return false
        case .fail(let words):
            try await self.turn.update(.failed, Self.message(words))
            return false
        case .reject(let words):
            try await self.turn.update(.rejected, Self.message(words))
            return false
        case .fault(let text):
            throw Fault(description: text)
        case .echo:
            let part = A2APart.data(try self.seen(), mediaType: "application/json")
            guard self.hasTask else {
                try await self.turn.reply(A2AMessage(role: .agent, parts: [part]))
                return false
            }
            try await self.turn.artifact(
                A2AArtifact(parts: [part], artifactID: "echo", name: "echo"), lastChunk: false)
            return true
        }
        self.hasTask = true
        return true
    }

    private static func message(_ words: [A2APart]) -> A2AMessage? {
        words.isEmpty ? nil : A2AMessage(role: .agent, parts: words)
    }

    /// What the agent saw of the call (section 5).
    private func seen() throws -> A2AValue {
        let context = self.turn.context
        var parameters: [String: A2AValue] = [:]
        for field in context.parameters.fields {
            let name = field.name.canonicalName
            let value = Self.isSecret(name) ? "(present)" : field.value
            parameters[name] = parameters[name]?.string.map { A2AValue("\($0), \(value)") } ?? A2AValue(value)
        }
        return [
            "parameters": A2AValue(parameters),
            "requestedExtensions": A2AValue(context.requestedExtensions.map { A2AValue($0) }),
            "activatedExtensions": A2AValue(context.response.activatedExtensions.map { A2AValue($0) }),
            "tenant": A2AValue(context.tenant),
            "principal": A2AValue(context.principal.id),
            "version": A2AValue(context.version.description),
            "binding": A2AValue(context.binding),
            "taskId": A2AValue(self.hasTask ? self.turn.taskID : ""),
            "contextId": A2AValue(self.turn.contextID),
            "message": try A2AValue(jsonUTF8Bytes: try ModelJSON.encode(self.message)),
        ]
    }

    private static func isSecret(_ name: String) -> Bool {
        ["authorization", "proxy-authorization", "cookie"].contains(name)
            || ["token", "key", "secret"].contains { name.contains($0) }
    }
}
