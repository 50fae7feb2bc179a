import A2A
import Testing

@testable import A2AConformance

@Suite("Wire")
struct WireTests {
    // MARK: JSON-RPC envelopes

    @Test("answers of JSON-RPC are opened")
    func envelopes() throws {
        guard
            case .success(.result(let value)) = JSONRPCBinding.open(
                Array(#"{"jsonrpc":"2.0","id":"1","result":{"a":1}}"#.utf8), id: "1")
        else {
            Issue.record("not opened")
            return
        }
        #expect(value == ["a": 1])
        guard
            case .success(.error(let error)) = JSONRPCBinding.open(
                Array(
                    #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m","data":[{"@type":"x"}]}}"#.utf8),
                id: "1")
        else {
            Issue.record("not opened")
            return
        }
        #expect(error == WireError(code: -32700, message: "m", details: [["@type": "x"]]))
    }

    @Test(
        "what is no answer of JSON-RPC is told from one",
        arguments: [
            ("nonsense", "not JSON"), ("[]", "not an object"), (#"{"id":"1","result":1}"#, "jsonrpc is nothing"),
            (#"{"jsonrpc":"1.0","id":"1","result":1}"#, "not \"2.0\""),
            (#"{"jsonrpc":"2.0","id":"2","result":1}"#, "its id is"),
            (#"{"jsonrpc":"2.0","id":1,"result":1}"#, "its id is"),
            (#"{"jsonrpc":"2.0","id":"1"}"#, "neither result nor error"),
            (#"{"jsonrpc":"2.0","id":"1","result":1,"error":{"code":1}}"#, "both result and error"),
            (#"{"jsonrpc":"2.0","id":"1","error":{"message":"m"}}"#, "no code"),
            (#"{"jsonrpc":"2.0","id":"9","error":{"code":1}}"#, "its id is"),
        ])
    func wrongEnvelopes(_ text: String, _ reason: String) {
        guard case .failure(let problem) = JSONRPCBinding.open(Array(text.utf8), id: "1") else {
            Issue.record("taken for an answer")
            return
        }
        #expect(problem.reason.contains(reason), "\(problem.reason)")
    }

    @Test("JSON that nests too deeply is refused, not walked into")
    func depth() {
        #expect(throws: JSONValue.NotJSON.self) {
            try JSONValue(parsing: String(repeating: "[", count: 100_000))
        }
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(throws: JSONValue.NotJSON.self) { try JSONValue(parsing: deep) }
    }

    // MARK: Parameters (§4.3 and format.md)

    @Test("requests have the names of A2A 1.0, and a message an id")
    func parameters() throws {
        let send = OperationParameters.request(
            .sendMessage,
            try json(
                #"{"message":{"role":"ROLE_USER","parts":[{"file":{"url":"u","name":"n","mediaType":"m"}}],"odd":1},"configuration":{"pushNotificationConfig":{"url":"w"}}}"#
            ), tenant: "t")
        #expect(send["message"]?["messageId"]?.string?.count == 36)
        #expect(send["message"]?["odd"] == 1)
        #expect(send["message"]?["parts"] == [["url": "u", "filename": "n", "mediaType": "m"]])
        #expect(send["configuration"] == ["taskPushNotificationConfig": ["url": "w"]])
        #expect(send["tenant"] == "t")
        let own = OperationParameters.request(.sendMessage, try json(#"{"message":{"messageId":"m"}}"#), tenant: "")
        #expect(own["message"]?["messageId"] == "m")
        #expect(OperationParameters.request(.listTasks, ["cursor": "c"], tenant: "") == ["pageToken": "c"])
        #expect(
            OperationParameters.request(
                .createPushConfig, ["taskId": "t", "pushNotificationConfig": ["url": "u", "token": "k"]], tenant: "")
                == ["taskId": "t", "url": "u", "token": "k"])
        #expect(
            OperationParameters.request(.getPushConfig, ["taskId": "t", "configId": "c"], tenant: "")
                == ["taskId": "t", "id": "c"])
    }

    @Test("queries are encoded, lists are repeated, nested objects have no form")
    func queries() {
        #expect(RESTBinding.query([:]) == "")
        #expect(RESTBinding.query(["b": true, "a": "x y&z", "c": [1, 2]]) == "?a=x%20y%26z&b=true&c=1&c=2")
        #expect(RESTBinding.query(["a": ["b": 1]]) == nil)
    }

    // MARK: Errors (§6.2, A2A §5.4)

    @Test(
        "every error type is told on every binding by the table of the protocol",
        arguments: ErrorType.specified)
    func errors(_ name: String) throws {
        let type = try #require(ErrorType(name))
        let code = type.codes[0]
        let info: JSONValue = ["@type": .string(ErrorDetail.errorInfoType), "reason": .string(code.reason)]
        let right: [(TransportBinding, WireError)] = [
            (.jsonrpc, WireError(code: code.jsonRPC, httpStatus: 200, message: "m", details: [info])),
            (.rest, WireError(code: code.http, httpStatus: code.http, message: "m", details: [info])),
            (.grpc, WireError(code: code.grpc, message: "m", details: [info])),
            (.tcp, WireError(code: 1, message: "m", details: [info])),
        ]
        for (binding, error) in right { #expect(type.mismatch(error, on: binding) == nil, "\(binding)") }
        let other = WireError(code: 418, httpStatus: 418, message: "teapot")
        for binding in TransportBinding.allCases { #expect(type.mismatch(other, on: binding) != nil, "\(binding)") }
    }

    @Test("errors that share a status are told apart by their reason")
    func reasons() throws {
        let type = try #require(ErrorType("TaskNotCancelableError"))
        let info: JSONValue = ["@type": .string(ErrorDetail.errorInfoType), "reason": "UNSUPPORTED_OPERATION"]
        #expect(type.mismatch(WireError(code: 400, httpStatus: 400, message: nil, details: [info]), on: .rest) != nil)
        #expect(type.mismatch(WireError(code: 400, httpStatus: 400, message: nil), on: .rest) == nil)
    }

    @Test("numbers of the draft that the protocol does not have are not taken")
    func draftNumbers() throws {
        let version = try #require(ErrorType("VersionNotSupportedError"))
        #expect(version.mismatch(WireError(code: -32006, httpStatus: 200, message: nil), on: .jsonrpc) != nil)
        #expect(version.mismatch(WireError(code: 12, message: nil), on: .grpc) != nil)
        #expect(version.mismatch(WireError(code: 406, httpStatus: 406, message: nil), on: .rest) != nil)
    }

    // MARK: Traces

    @Test("traces hold no credentials and have bounds")
    func traces() {
        let trace = WireTrace(Redactor(headers: [("Authorization", "Bearer very-secret-token")]))
        trace.add(.sent, Redactor.field("X-API-Key", "abc"))
        trace.add(.received, "you sent very-secret-token")
        trace.add(.received, String(repeating: "x", count: 100_000))
        for _ in 0..<1000 { trace.add(.note, "n") }
        let text = trace.entries.map(\.text).joined()
        #expect(!text.contains("very-secret-token"))
        #expect(!text.contains("abc"))
        #expect(trace.entries.count == WireTrace.maxEntries + 1)
        #expect(text.count < WireTrace.maxEntry * 3)
    }

    // MARK: Addresses

    @Test("addresses of gRPC are read in all their forms")
    func addresses() throws {
        for text in ["h:1", "grpc://h:1", "dns:///h:1", "http://h:1/"] {
            let (address, isSecure) = try GRPCTarget.parse(text)
            #expect(address.description == "h:1" && !isSecure)
        }
        #expect(try GRPCTarget.parse("https://h").0.port == 443)
        #expect(try GRPCTarget.parse("grpcs://h:1").isSecure)
        #expect(throws: GRPCTarget.Malformed.self) { try GRPCTarget.parse("ftp://h:1") }
        #expect(throws: GRPCTarget.Malformed.self) { try GRPCTarget.parse("h") }
    }

    @Test("cards are looked for where they may be")
    func discovery() {
        #expect(Discovery.candidates("http://h:1") == ["http://h:1/.well-known/agent-card.json"])
        #expect(
            Discovery.candidates("http://h/a/") == [
                "http://h/a/.well-known/agent-card.json", "http://h/.well-known/agent-card.json",
            ])
        #expect(Discovery.candidates("http://h/x.json") == ["http://h/x.json"])
    }
}
