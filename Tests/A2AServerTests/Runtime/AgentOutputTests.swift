import A2A
import Testing

@testable import A2AServer

@Suite("What an agent says is checked")
struct AgentOutputTests {
    private func checked(_ kind: TaskChange.Kind) throws -> TaskChange {
        try TaskChange(kind).checked(taskID: "t", contextID: "c")
    }

    @Test("a status needs a state that the protocol knows", arguments: [A2ATaskState.unspecified, .UNRECOGNIZED(99)])
    func states(state: A2ATaskState) async {
        await expectError(.invalidAgentResponse) { try self.checked(.status(A2ATaskStatus(state))) }
    }

    @Test("a message needs parts with contents")
    func messages() async {
        for parts in [[], [A2APart()], ["x", A2APart()]] as [[A2APart]] {
            let message = A2AMessage(role: .agent, parts: parts)
            await expectError(.invalidAgentResponse) {
                try self.checked(.status(A2ATaskStatus(.working, message: message)))
            }
        }
    }

    @Test("an artifact needs an id and parts with contents")
    func artifacts() async throws {
        for (id, parts) in [("", ["x"]), ("a", []), ("a", [A2APart()]), ("a", ["x", A2APart()])]
            as [(String, [A2APart])]
        {
            let artifact = A2AArtifact(parts: parts, artifactID: id)
            await expectError(.invalidAgentResponse) { try self.checked(.artifact(artifact, lastChunk: true)) }
            await expectError(.invalidAgentResponse) { try self.checked(.chunk(artifact, lastChunk: false)) }
        }
        let artifact = A2AArtifact(parts: [.data(nil), .text("")], artifactID: "a")
        #expect(try self.checked(.artifact(artifact, lastChunk: true)).kind == .artifact(artifact, lastChunk: true))
    }

    @Test("what a status message leaves out is filled in; what it says stays")
    func addressing() throws {
        var bare = A2AMessage()
        bare.parts = ["x"]
        guard case .status(let status) = try self.checked(.status(A2ATaskStatus(.working, message: bare))).kind else {
            Issue.record("not a status")
            return
        }
        #expect(!status.message.messageID.isEmpty)
        #expect(status.message.role == .agent)
        #expect(status.message.taskID == "t" && status.message.contextID == "c")

        let full = A2AMessage(role: .user, parts: ["x"], messageID: "m", contextID: "c2", taskID: "t2")
        guard case .status(let kept) = try self.checked(.status(A2ATaskStatus(.working, message: full))).kind else {
            Issue.record("not a status")
            return
        }
        #expect(kept.message == full)
    }
}
