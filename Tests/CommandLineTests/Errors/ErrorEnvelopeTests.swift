import A2A
import A2AClient
import Testing

@testable import A2ACommand

@Suite("Error envelope")
struct ErrorEnvelopeTests {
    private func envelope(_ error: any Error, credentials: Bool = false) -> ErrorEnvelope {
        ErrorEnvelope(error, .init(agentCard: "h", hasCredentials: credentials))
    }

    @Test("the protocol's own errors keep their names, with one number on every binding")
    func protocolErrors() {
        for code in A2AError.Code.specified {
            let envelope = self.envelope(A2AError(code, "x"))
            #expect(envelope.code == code.name)
            #expect(envelope.a2aCode == code.jsonRPC)
            #expect(envelope.status == .failure)
        }
    }

    @Test("failures that the protocol has no name for have the tool's codes and exit statuses")
    func localErrors() {
        func expect(_ error: any Error, _ code: ToolError.Code, _ status: ToolStatus, credentials: Bool = false) {
            let envelope = self.envelope(error, credentials: credentials)
            #expect(envelope.code == code.rawValue)
            #expect(envelope.status == status)
            #expect(envelope.a2aCode == nil)
        }
        expect(A2AError(.unauthenticated, "x"), .credentialsMissing, .authentication)
        expect(A2AError(.unauthenticated, "x"), .authFailed, .authentication, credentials: true)
        expect(A2AError(.permissionDenied, "x"), .authFailed, .authentication, credentials: true)
        expect(A2AError(.deadlineExceeded, "x"), .timeout, .timeout)
        expect(A2AError.unreachable("x", mayHaveBeenSent: false), .unreachable, .unreachable)
        expect(A2AError(.methodNotFound, "x", cause: AgentCardFailure.notFound), .cardNotFound, .unreachable)
        expect(A2AError(.invalidAgentResponse, "x", cause: AgentCardFailure.invalid), .cardInvalid, .failure)
        expect(ToolError.usage("x"), .usage, .usage)
        expect(ImpossibleError(), .internal, .failure)
    }

    @Test("whoever says that it is unavailable is running: the hint is another one than for nobody")
    func unavailable() {
        let answered = self.envelope(A2AError(.unavailable, "The store is locked."))
        #expect(answered.status == .unreachable && answered.hint?.contains("is there") == true)
        let nobody = self.envelope(A2AError.unreachable("connection refused", mayHaveBeenSent: false))
        #expect(nobody.hint?.contains("Is the agent running?") == true)
    }

    @Test("a task that was being waited for is named")
    func interruptedTask() {
        let envelope = self.envelope(InterruptedTask(taskID: "t7", error: A2AError(.deadlineExceeded, "x")))
        #expect(envelope.status == .timeout)
        #expect(envelope.hint?.contains("a2a task get --wait t7") == true)
    }

    @Test("the envelope as JSON: four members, in one line")
    func json() {
        let envelope = ErrorEnvelope(code: "C", message: "a \"b\"\nc", hint: nil, a2aCode: -32001, status: .failure)
        #expect(
            ErrorReporter.json(envelope)
                == #"{"error":{"code":"C","message":"a \"b\"\nc","hint":null,"a2aCode":-32001}}"# + "\n")
    }

    @Test("no secret reaches a diagnostic")
    func redaction() {
        let console = TestConsole()
        let redactor = Redactor()
        redactor.add("hunter22")
        redactor.add("a")
        let reporter = ErrorReporter(console: RedactingConsole(base: console, redactor: redactor), format: .json)
        _ = reporter.report(A2AError(.internal, "token hunter22 was refused"))
        RedactingConsole(base: console, redactor: redactor).note("hunter22 and a\n")
        #expect(!console.output.contains("hunter22"))
        #expect(console.notes == "[redacted] and a\n")
    }

    private struct ImpossibleError: Error {}
}
