import A2A
import A2AHTTP
import A2AServer
import Foundation
import NIOHTTP1
import Testing

/// What an agent that serves the draft of 1.1 says to callers of 1.0, byte by byte.
@Suite("Callers of 1.0 see nothing of 1.1", .timeLimit(.minutes(1)))
struct VersionBytesTests {
    private struct Conversation {
        /// Whole answers, header fields included.
        var answers: [String] = []

        mutating func note(_ answer: Answer) {
            let fields = answer.headers.filter { !["date", "content-length"].contains($0.name.lowercased()) }
                .map { "\($0.name): \($0.value)" }.sorted()
            self.answers.append(([String(answer.status)] + fields + [answer.text]).joined(separator: "\n"))
        }

        /// The answers without what is made anew each time: identifiers and times, numbered as they come.
        var scrubbed: [String] {
            var names: [String: String] = [:]
            let made = /[0-9a-f]{8}-[0-9a-f-]{27}|20\d\d-\d\d-\d\dT[0-9:.]+Z/
            return self.answers.map { answer in
                answer.replacing(made) { match in
                    let text = String(match.output)
                    if text.contains("T") { return "TIME" }
                    if let name = names[text] { return name }
                    names[text] = "ID-\(names.count)"
                    return "ID-\(names.count - 1)"
                }
            }
        }
    }

    /// The same calls; `extra` adds members that 1.0 does not know.
    private func converse(_ versions: [ProtocolVersion], extra: Bool) async throws -> [String] {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.versions = versions
        return try await withTestAgent(configuration: configuration) { base in
            var conversation = Conversation()
            let condition = #""ifGenerationMatch":{"no":["generation"]}"#
            let send = extra ? "{\(condition)}" : "{}"
            let form = try await rpc(base, "SendMessage", message("form", configuration: send))
            conversation.note(form)
            let id = form.json["result"]?["task"]?["id"]?.string ?? ""
            let wait = extra ? #","currentGeneration":"soon""# : ""
            conversation.note(try await rpc(base, "GetTask", "{\"id\":\"\(id)\"\(wait)}"))
            conversation.note(
                try await A2AHTTPTests.send(
                    .GET, "\(base)/v1/tasks/\(id)\(extra ? "?currentGeneration=999&currentGeneration=x" : "")"))
            let number = extra ? #"{"if_generation_match":"999"}"# : "{}"
            conversation.note(
                try await A2AHTTPTests.send(
                    .POST, "\(base)/v1/message:send",
                    body: Array(message("Bern", taskID: id, configuration: number).utf8)))
            conversation.note(try await A2AHTTPTests.send(.GET, "\(base)/v1/tasks?includeArtifacts=true"))
            conversation.note(try await rpc(base, "SendStreamingMessage", message("stream a b c", configuration: send)))
            conversation.note(try await rpc(base, "CancelTask", "{\"id\":\"\(id)\"}"))
            // What is wrong stays wrong.
            conversation.note(try await rpc(base, "GetTask", "{\"id\":7\(wait)}"))
            conversation.note(try await rpc(base, "SendMessage", #"{"message":7,"configuration":\#(send)}"#))
            return conversation.scrubbed
        }
    }

    @Test("the answers of an agent that serves both versions are those of one that serves 1.0 only")
    func same() async throws {
        let old = try await self.converse([.v1_0], extra: false)
        #expect(old.count == 9 && old.allSatisfy { !$0.contains("eneration") })
        #expect(old[0].contains("TASK_STATE_INPUT_REQUIRED"))
        #expect(try await self.converse([.v1_0, .v1_1], extra: false) == old)
        #expect(try await self.converse([.v1_0, .v1_1], extra: true) == old)
        #expect(try await self.converse([.v1_0], extra: true) == old)
    }

    @Test("a caller of 1.1 has the wrong type of a new field named")
    func strict() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.versions = [.v1_0, .v1_1]
        try await withTestAgent(configuration: configuration) { base in
            let answer = try await rpc(base, "GetTask", #"{"id":"t","currentGeneration":"soon"}"#, version: "1.1")
            #expect(answer.errorCode == -32602 && answer.text.contains("currentGeneration"))
            let rest = try await send(.GET, "\(base)/v1/tasks/t?currentGeneration=soon", version: "1.1")
            #expect(rest.status == 400 && rest.text.contains("currentGeneration"))
            let mismatch = try await send(
                .POST, "\(base)/v1/message:send", body: Array(message("form").utf8), version: "1.1")
            #expect(mismatch.json["task"]?["generation"]?.string != nil)
            let id = mismatch.json["task"]?["id"]?.string ?? ""
            let refused = try await send(
                .POST, "\(base)/v1/message:send",
                body: Array(message("Bern", taskID: id, configuration: #"{"ifGenerationMatch":99}"#).utf8),
                version: "1.1")
            #expect(refused.status == 409)
            #expect(refused.json["error"]?["status"]?.string == "ABORTED")
            let details = refused.json["error"]?["details"]?.array?.first
            #expect(details?["metadata"]?["expectedGeneration"]?.string == "99")
        }
    }

    @Test("each version is an interface of its own on the card, 1.0 first")
    func card() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.versions = [.v1_1, .v1_0]
        try await withTestAgent(configuration: configuration) { base in
            let card = try await send(.GET, base + A2ARoutes.cardPath).json
            let interfaces = (card["supportedInterfaces"]?.array ?? []).map {
                "\($0["protocolBinding"]?.string ?? "") \($0["protocolVersion"]?.string ?? "")"
            }
            #expect(interfaces == ["JSONRPC 1.0", "HTTP+JSON 1.0", "JSONRPC 1.1", "HTTP+JSON 1.1"])
        }
    }
}
