import A2A

/// Reports a failure: in JSON the error envelope on standard output, in text lines on standard error.
struct ErrorReporter: Sendable {
    var console: any Console
    var format: OutputFormat

    func report(_ error: any Error, settings: Settings? = nil, taskIDFlag: String? = nil) -> ToolStatus {
        var circumstances = ErrorEnvelope.Circumstances()
        if let settings {
            circumstances.agentCard = settings.agentCard
            circumstances.hasCredentials = settings.bearer != nil || settings.apiKey != nil
            circumstances.hints = ResumeHints(settings: settings)
        }
        circumstances.taskIDFlag = (error as? ContinuationFailure)?.taskID
        let cause = (error as? ContinuationFailure)?.error ?? error
        let envelope = ErrorEnvelope(cause, circumstances)
        switch self.format {
        case .json: self.console.write(self.redact(Self.json(envelope)))
        case .text:
            self.console.note("Error: \(envelope.code): \(TextBlocks.clean(envelope.message))\n")
            if let hint = envelope.hint { self.console.note("Hint: \(TextBlocks.clean(hint))\n") }
        }
        if settings?.isDebugging == true, let error = cause as? A2AError {
            self.console.note("debug: \(error.debugDescription)\n")
        }
        return envelope.status
    }

    /// The envelope in one line.
    static func json(_ envelope: ErrorEnvelope) -> String {
        let hint: A2AValue = envelope.hint.map { A2AValue($0) } ?? nil
        let number: A2AValue = envelope.a2aCode.map { A2AValue($0) } ?? nil
        let members: [(String, A2AValue)] = [
            ("code", A2AValue(envelope.code)), ("message", A2AValue(envelope.message)), ("hint", hint),
            ("a2aCode", number),
        ]
        let text = members.map { name, value in
            let bytes = (try? ModelJSON.encode(value)) ?? Array("null".utf8)
            return "\"\(name)\":\(String(decoding: bytes, as: UTF8.self))"
        }
        return "{\"error\":{\(text.joined(separator: ","))}}\n"
    }

    private func redact(_ text: String) -> String {
        (self.console as? RedactingConsole)?.redact(text) ?? text
    }
}

/// A message to an existing task that the agent refused (command-line specification §8.1).
struct ContinuationFailure: Error {
    var taskID: String
    var error: any Error
}
