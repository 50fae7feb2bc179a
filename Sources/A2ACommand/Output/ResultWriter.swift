import A2A
import SwiftProtobuf

/// Writes results to standard output in the format that was asked for, and what concerns the outcome to standard
/// error.
struct ResultWriter: Sendable {
    var console: any Console
    var format: OutputFormat
    var isVerbose: Bool
    var hints: ResumeHints
    /// Whether a canceled task is worth a warning.
    var warnsOfCancellation = true

    /// A message of the protocol as one line of JSON.
    func json(_ message: some Message) throws {
        self.console.write(String(decoding: try ModelJSON.encode(message), as: UTF8.self) + "\n")
    }

    func text(_ make: (inout TextBlocks) -> Void) {
        var blocks = TextBlocks()
        make(&blocks)
        self.console.write(blocks.text)
    }

    /// A task: a bare `Task` in JSON.
    func task(_ task: A2ATask, showsHistory: Bool = false) throws {
        switch self.format {
        case .json: try self.json(task)
        case .text: self.write(task, showsHistory: showsHistory)
        }
        self.warn(about: task.status.state)
    }

    /// The answer to a send: `SendMessageResponse` in JSON.
    func response(_ response: A2ASendMessageResponse, sent: A2AMessage, showsHistory: Bool) throws {
        switch self.format {
        case .json: try self.json(response)
        case .text:
            self.sent(sent)
            switch response.payload {
            case .task(let task): self.write(task, showsHistory: showsHistory)
            case .message(let message): self.write { $0.reply(message) }
            case nil: break
            }
        }
        if let state = response.state { self.warn(about: state) }
    }

    /// The message that was sent, where everything is to be seen.
    func sent(_ message: A2AMessage) {
        guard self.format == .text, self.isVerbose else { return }
        self.write { $0.sent(message) }
    }

    /// An event of a stream: `StreamResponse` in JSON, on a line of its own.
    func event(_ event: A2AStreamResponse, contextID: String, state: A2ATaskState?) throws {
        switch self.format {
        case .json: try self.json(event)
        case .text: self.write { $0.event(event, contextID: contextID, state: state) }
        }
    }

    /// What follows the last event.
    func streamEnded(taskID: String?, state: A2ATaskState?) {
        guard let state else { return }
        if self.format == .text, let taskID, let next = self.hints.next(taskID: taskID, state: state) {
            self.text { $0.field("Next", next) }
        }
        self.warn(about: state)
    }

    /// The outcome is in the state and not in the exit status, so it is named where people look.
    func warn(about state: A2ATaskState) {
        switch state {
        case .canceled where !self.warnsOfCancellation: break
        case .failed, .rejected, .canceled: self.console.note("Warning: the task ended as \(state.name).\n")
        case .inputRequired, .authRequired: self.console.note("Warning: the task waits for you: \(state.name).\n")
        default: break
        }
    }

    private func write(_ task: A2ATask, showsHistory: Bool) {
        self.write { $0.task(task, showsHistory: showsHistory) }
        if let next = self.hints.next(taskID: task.id, state: task.status.state) {
            self.text { $0.field("Next", next) }
        }
    }

    private func write(_ make: (inout TaskText) -> Void) {
        var text = TaskText(isVerbose: self.isVerbose)
        make(&text)
        self.console.write(text.blocks.text)
    }
}
