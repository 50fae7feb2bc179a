import A2A
import Testing

@Suite("Members that only the draft knows")
struct DraftMemberTests {
    private func get(_ json: String, _ version: ProtocolVersion) throws -> A2AGetTaskRequest {
        try ModelJSON.decode(A2AGetTaskRequest.self, from: Array(json.utf8)[...], version: version)
    }

    private func send(_ json: String, _ version: ProtocolVersion) throws -> A2ASendMessageRequest {
        try ModelJSON.decode(A2ASendMessageRequest.self, from: Array(json.utf8)[...], version: version)
    }

    @Test(
        "are unknown to callers of 1.0, whatever is in them and however they are spelled",
        arguments: [
            #"{"id":"t","currentGeneration":5}"#, #"{"currentGeneration":"x","id":"t"}"#,
            #"{"current_generation":[{"id":"u"}],"id":"t"}"#, #" { "id" : "t" , "curr\u0065ntGeneration" : {} } "#,
            #"{"currentGeneration":1,"id":"t","current_generation":2}"#,
            #"{"id":"t","unknown":1,"currentGeneration":null}"#,
        ])
    func unknown(_ json: String) throws {
        var expected = A2AGetTaskRequest()
        expected.id = "t"
        #expect(try self.get(json, .v1_0) == expected)
    }

    @Test("are read for callers of 1.1, strictly")
    func known() throws {
        #expect(try self.get(#"{"id":"t","currentGeneration":"5"}"#, .v1_1).currentGeneration == 5)
        let error = #expect(throws: A2AError.self) { try self.get(#"{"id":"t","currentGeneration":"x"}"#, .v1_1) }
        #expect(error?.fieldViolations.map(\.field) == ["currentGeneration"])
        #expect(try self.send(#"{"configuration":{"ifGenerationMatch":0}}"#, .v1_1).configuration.hasIfGenerationMatch)
    }

    @Test("inside the configuration only: a member of the same name elsewhere is not taken for it")
    func nested() throws {
        let json = #"{"configuration":{"if_generation_match":{},"historyLength":2},"metadata":{"ifGenerationMatch":7}}"#
        let request = try self.send(json, .v1_0)
        #expect(!request.configuration.hasIfGenerationMatch && request.configuration.historyLength == 2)
        #expect(request.metadata.fields["ifGenerationMatch"]?.numberValue == 7)
        #expect(try self.send(#"{"configuration":{"ifGenerationMatch":7}}"#, .v1_0).hasConfiguration)
    }

    @Test("do not hide what is wrong beside them")
    func errors() {
        let error = #expect(throws: A2AError.self) { try self.get(#"{"id":7,"currentGeneration":"x"}"#, .v1_0) }
        #expect(error?.fieldViolations.map(\.field) == ["id"])
        let broken = #expect(throws: A2AError.self) { try self.get(#"{"currentGeneration":"x""#, .v1_0) }
        #expect(broken?.code == .parseError)
    }
}
