import A2A
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import NIOHTTP1
import Testing

@Suite("JSON-RPC over HTTP", .timeLimit(.minutes(1)))
struct JSONRPCServerTests {
    @Test(
        "answers what is wrong with a body with the code of the specification",
        arguments: [
            (body: "not json", code: -32700, id: A2AValue.null),
            (body: "", code: -32700, id: .null),
            (body: "{\"jsonrpc\":\"2.0\",\"id\":1", code: -32700, id: .null),
            (body: "[]", code: -32600, id: .null),
            (body: "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"GetTask\"}]", code: -32600, id: .null),
            (body: "3", code: -32600, id: .null),
            (body: "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"GetTask\"}", code: -32600, id: 1),
            (body: "{\"id\":1,\"method\":\"GetTask\"}", code: -32600, id: 1),
            (body: "{\"jsonrpc\":\"2.0\",\"id\":\"a\"}", code: -32600, id: "a"),
            (body: "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"GetTask\"}", code: -32600, id: .null),
            (body: "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tasks/get\",\"params\":{}}", code: -32601, id: "a"),
            (body: "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"GetTask\",\"params\":{}}", code: -32602, id: .null),
            (body: "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"GetTask\",\"params\":{\"id\":7}}", code: -32602, id: 7),
            (
                body: "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"GetTask\",\"params\":{\"id\":\"x\"}}", code: -32001,
                id: 7
            ),
            (
                body:
                    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ListTasks\",\"params\":{\"status\":\"TASK_STATE_RUNNING\"}}",
                code: -32602, id: 7
            ),
        ])
    func wrongBodies(_ body: String, _ code: Int, _ id: A2AValue) async throws {
        try await withTestAgent { base async throws in
            let answer = try await send(
                .POST, base + "/", headers: [("Content-Type", "application/json")], body: Array(body.utf8))
            #expect(answer.status == 200)
            #expect(answer.errorCode == code, "\(answer.text)")
            #expect(answer.json["id"] == id)
            #expect(answer.json["jsonrpc"]?.string == "2.0")
        }
    }

    @Test("refuses invalid UTF-8, deep nesting and half a million parts, and goes on")
    func largeAndOdd() async throws {
        try await withTestAgent { base async throws in
            let json = [("Content-Type", "application/json")]
            var bytes = Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"GetTask\",\"params\":{\"id\":\"".utf8)
            bytes += [0xC3, 0x28]
            bytes += Array("\"}}".utf8)
            #expect(try await send(.POST, base + "/", headers: json, body: bytes).errorCode == -32700)

            let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
            let nested =
                "{\"message\":{\"messageId\":\"d\",\"role\":\"ROLE_USER\",\"parts\":[{\"data\":\(deep)}]}}"
            #expect(try await rpc(base, "SendMessage", nested).errorCode == -32602)

            let parts = Array(repeating: "{}", count: 500_000).joined(separator: ",")
            let many = "{\"message\":{\"messageId\":\"m\",\"role\":\"ROLE_USER\",\"parts\":[\(parts)]}}"
            #expect(try await rpc(base, "SendMessage", many).errorCode == -32602)

            #expect(try await rpc(base, "SendMessage", message("still there")).status == 200)
        }
    }

    @Test("takes 10 MB, and answers 413 beyond the limit; the answer arrives, although the connection closes after it")
    func bodySizes() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.maxBodyBytes = 11 << 20
        try await withTestAgent(configuration: configuration) { base async throws in
            let text = String(repeating: "x", count: 10 << 20)
            let answer = try await rpc(base, "SendMessage", message(text))
            #expect(answer.json["result"]?["message"] != nil)

            let tooLarge = try await rpc(base, "SendMessage", message(text + text))
            #expect(tooLarge.status == 413)
            #expect(tooLarge.errorCode == A2AError.Code.requestTooLarge.jsonRPC)
            #expect(try await rpc(base, "ListTasks").status == 200)
        }
    }

    @Test("refuses other methods and content types as HTTP does")
    func methodsAndTypes() async throws {
        try await withTestAgent { base async throws in
            let get = try await send(.GET, base + "/")
            #expect(get.status == 405)
            #expect(get.headers.first(name: "allow") == "POST")
            let text = try await send(
                .POST, base + "/", headers: [("Content-Type", "text/plain")], body: Array("{}".utf8))
            #expect(text.status == 415)
            #expect(text.errorCode == -32600)
        }
    }

    @Test("takes a missing version for 0.3 and refuses it, naming those that are served")
    func versions() async throws {
        try await withTestAgent { base async throws in
            for version in [nil, "0.3", "2.0", "one"] {
                let answer = try await rpc(base, "ListTasks", version: version)
                #expect(answer.errorCode == -32009, "\(version ?? "none")")
                #expect(answer.json["error"]?["message"]?.string?.contains("1.0") == true)
                #expect(answer.json["error"]?["data"]?[0]?["reason"]?.string == "VERSION_NOT_SUPPORTED")
            }
            #expect(try await rpc(base, "ListTasks", version: "1.0.7").errorCode == nil)
        }
    }

    @Test("answers a notification with nothing, but carries it out")
    func notification() async throws {
        try await withTestAgent { base async throws in
            let body = "{\"jsonrpc\":\"2.0\",\"method\":\"SendMessage\",\"params\":\(message("tck-complete-task"))}"
            let answer = try await send(.POST, base + "/", body: Array(body.utf8))
            #expect(answer.status == 204)
            #expect(answer.body.isEmpty)
            #expect(try await rpc(base, "ListTasks").json["result"]?["totalSize"]?.int == 1)
        }
    }

    @Test("prints an empty page with all its fields")
    func emptyPage() async throws {
        try await withTestAgent { base async throws in
            let answer = try await rpc(base, "ListTasks")
            #expect(answer.text.contains("\"tasks\":[]"))
            #expect(answer.text.contains("\"nextPageToken\":\"\""))
            #expect(answer.text.contains("\"totalSize\":0"))
            #expect(answer.text.contains("\"pageSize\":50"))
        }
    }

    @Test("challenges callers without a token, with status 401 on both bindings")
    func authentication() async throws {
        let authenticator = StaticTokenAuthenticator(["secret": Principal(id: "ann")])
        try await withTestAgent(authenticator: authenticator) { base async throws in
            #expect(try await send(.GET, base + A2ARoutes.cardPath).status == 200)
            for answer in [try await rpc(base, "ListTasks"), try await send(.GET, base + "/v1/tasks")] {
                #expect(answer.status == 401)
                #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true)
            }
            #expect(try await rpc(base, "ListTasks", headers: [("Authorization", "Bearer wrong")]).status == 401)
            let welcome = try await rpc(base, "ListTasks", headers: [("Authorization", "Bearer secret")])
            #expect(welcome.json["result"] != nil)
        }
    }

    @Test("serves the extended card, or says which of the two reasons it has not to")
    func extendedCard() async throws {
        try await withTestAgent { base async throws in
            let card = try await rpc(base, "GetExtendedAgentCard").json["result"]
            #expect(card?["skills"]?.array?.contains { $0["id"]?.string == "operations" } == true)
            #expect(card?["supportedInterfaces"]?.array?.count == 2)
        }
        let without = try #require(ReferenceCards.without(.extendedCard))
        try await withTestAgent(card: without) { base async throws in
            #expect(try await rpc(base, "GetExtendedAgentCard").errorCode == -32004)
        }
    }

    @Test("answers activated extensions in A2A-Extensions, and refuses calls without a required one")
    func extensions() async throws {
        var card = ReferenceCards.full
        card.capabilities.extensions = [
            A2AAgentExtension(uri: "urn:optional"), A2AAgentExtension(uri: "urn:needed", required: true),
        ]
        try await withTestAgent(card: card) { base async throws in
            let refused = try await rpc(base, "ListTasks", headers: [("A2A-Extensions", "urn:optional")])
            #expect(refused.errorCode == -32008)
            let answer = try await rpc(
                base, "ListTasks", headers: [("A2A-Extensions", "urn:unknown, urn:needed,urn:optional")])
            #expect(answer.headers.first(name: "a2a-extensions") == "urn:needed,urn:optional")
        }
    }
}
