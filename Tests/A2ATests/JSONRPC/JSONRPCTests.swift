import A2A
import Testing

@Suite("JSON-RPC")
struct JSONRPCTests {
    private func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

    // MARK: Requests

    @Test("a request is opened, whatever the order of its members")
    func request() throws {
        let request = try JSONRPC.decodeRequest(
            Array(#" {"params":{"id":"x"},"extra":[1],"method":"GetTask","id":1,"jsonrpc":"2.0"} "#.utf8))
        #expect(request.id == JSONRPC.ID(1))
        #expect(request.method == "GetTask")
        #expect(request.operation == .getTask)
        #expect(request.params.map(self.text) == #"{"id":"x"}"#)
    }

    @Test("escapes in names and in the method are understood")
    func escapes() throws {
        let request = try JSONRPC.decodeRequest(
            Array(#"{"json\u0072pc":"2\u002e0","id":"\u0061","method":"Get\u0054ask"}"#.utf8))
        #expect(request.operation == .getTask)
        #expect(request.id?.description == #""\u0061""#)
    }

    @Test("without an id it is a notification, without parameters they are empty", arguments: ["", #","params":null"#])
    func notification(_ params: String) throws {
        let request = try JSONRPC.decodeRequest(
            Array(#"{"jsonrpc":"2.0","method":"GetExtendedAgentCard"\#(params)}"#.utf8))
        #expect(request.id == nil)
        #expect(request.params == nil)
        #expect(self.text(request.paramsOrEmpty) == "{}")
        let card = try ModelJSON.decode(A2AGetExtendedAgentCardRequest.self, from: request.paramsOrEmpty)
        #expect(card == A2AGetExtendedAgentCardRequest())
    }

    @Test(
        "the id is repeated as it came",
        arguments: ["1", "-7", "1.0", "1e3", "12345678901234567890", "null", "\"\"", "\"a\\\"b\\u00e9\"", "\"é\"", "0"])
    func echo(_ id: String) throws {
        let request = try JSONRPC.decodeRequest(Array(#"{"jsonrpc":"2.0","id": \#(id) ,"method":"x"}"#.utf8))
        let answered = try #require(request.id)
        #expect(
            self.text(JSONRPC.encodeResult(id: answered, result: Array("{}".utf8)))
                == #"{"jsonrpc":"2.0","id":\#(id),"result":{}}"#)
    }

    @Test(
        "what is no request is refused with the right code and the id, where it can be read",
        arguments: [
            ("", -32700, "null"), ("{", -32700, "null"), (#"{"jsonrpc":"2.0","id":1,"method":"x""#, -32700, "null"),
            (#"{"jsonrpc":"2.0","id":1,"method":"x"}}"#, -32700, "null"), ("\u{FEFF}{}", -32700, "null"),
            ("[]", -32600, "null"), (#"[{"jsonrpc":"2.0","id":1,"method":"x"}]"#, -32600, "null"),
            ("[1,", -32700, "null"),
            ("1", -32600, "null"), ("\"x\"", -32600, "null"), ("null", -32600, "null"), ("{}", -32600, "null"),
            (#"{"id":1,"method":"x"}"#, -32600, "1"), (#"{"jsonrpc":"1.0","id":1,"method":"x"}"#, -32600, "1"),
            (#"{"jsonrpc":2.0,"id":1,"method":"x"}"#, -32600, "1"), (#"{"jsonrpc":"2.0","id":"a"}"#, -32600, "\"a\""),
            (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600, "1"),
            (#"{"jsonrpc":"2.0","id":{},"method":"x"}"#, -32600, "null"),
            (#"{"jsonrpc":"2.0","id":[1],"method":"x"}"#, -32600, "null"),
            (#"{"jsonrpc":"2.0","id":true,"method":"x"}"#, -32600, "null"),
            (#"{"jsonrpc":"2.0","id":1,"method":"x","params":"y"}"#, -32600, "1"),
            (#"{"jsonrpc":"2.0","id":1,"method":"x","params":3}"#, -32600, "1"),
            (#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#, -32600, "2"),
            (#"{"jsonrpc":"2.0","id":1,"method":"x","params":{},"params":{}}"#, -32600, "1"),
        ])
    func refused(_ text: String, code: Int, id: String) {
        let failure = #expect(throws: JSONRPC.RequestFailure.self) { try JSONRPC.decodeRequest(Array(text.utf8)) }
        #expect(failure?.error.code.jsonRPC == code)
        #expect(failure?.id.description == id)
    }

    @Test("positional parameters reach the decoder, which refuses them")
    func positional() throws {
        let request = try JSONRPC.decodeRequest(
            Array(#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":["x"]}"#.utf8))
        let error = #expect(throws: A2AError.self) {
            try ModelJSON.decode(A2AGetTaskRequest.self, from: request.paramsOrEmpty)
        }
        #expect(error?.code == .invalidParams)
    }

    @Test("identifiers are bounded, invalid UTF-8 and deep nesting are refused")
    func bounds() {
        func failure(_ text: [UInt8]) -> JSONRPC.RequestFailure? {
            do {
                _ = try JSONRPC.decodeRequest(text)
                return nil
            } catch { return error }
        }
        func withID(_ length: Int) -> [UInt8] {
            Array(#"{"jsonrpc":"2.0","id":"\#(String(repeating: "i", count: length))","method":"x"}"#.utf8)
        }
        #expect(failure(withID(JSONRPC.ID.maxLength - 2)) == nil)
        #expect(failure(withID(JSONRPC.ID.maxLength - 1))?.error.code == .invalidRequest)
        #expect(failure([0x7B, 0x22, 0xFF, 0x22, 0x7D])?.error.code == .parseError)
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            failure(Array(#"{"jsonrpc":"2.0","id":1,"method":"x","params":\#(deep)"#.utf8))?.error.code
                == .invalidParams)
    }

    @Test("200 levels pass the envelope and are refused by the decoder, so that the answer has the id")
    func deepParams() throws {
        let data = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        let body =
            #"{"jsonrpc":"2.0","id":5,"method":"SendMessage","params":{"message":{"parts":[{"data":\#(data)}]}}}"#
        let request = try JSONRPC.decodeRequest(Array(body.utf8))
        #expect(request.id == JSONRPC.ID(5))
        let error = #expect(throws: A2AError.self) {
            try ModelJSON.decode(A2ASendMessageRequest.self, from: request.paramsOrEmpty)
        }
        #expect(error?.code == .invalidParams)
    }

    @Test("a client's request is opened by a server")
    func requestRoundTrip() throws {
        var params = A2AGetTaskRequest()
        params.id = "t\"1"
        params.historyLength = 0
        let body = try JSONRPC.encodeRequest(id: 42, operation: .getTask, params: params)
        #expect(
            self.text(body) == #"{"jsonrpc":"2.0","id":42,"method":"GetTask","params":{"id":"t\"1","historyLength":0}}"#
        )
        let request = try JSONRPC.decodeRequest(body)
        #expect(request.id?.int64 == 42)
        #expect(request.operation == .getTask)
        #expect(try ModelJSON.decode(A2AGetTaskRequest.self, from: request.paramsOrEmpty) == params)
    }

    // MARK: Answers

    @Test("an error has code, message and details")
    func encodeError() {
        #expect(
            self.text(JSONRPC.encodeError(id: .null, A2AError(.methodNotFound, "no \"x\"")))
                == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no \"x\"","data":[{"@type":"#
                + #""type.googleapis.com/google.rpc.ErrorInfo","reason":"METHOD_NOT_FOUND","domain":"a2a-protocol.org"}]}}"#
        )
        #expect(
            self.text(JSONRPC.encodeError(id: JSONRPC.ID("a"), A2AError(.taskNotFound, "gone")))
                == #"{"jsonrpc":"2.0","id":"a","error":{"code":-32001,"message":"gone","data":[{"@type":"#
                + #""type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","domain":"a2a-protocol.org"}]}}"#
        )
    }

    @Test("every error of the table comes back as itself", arguments: A2AError.Code.specified + A2AError.Code.generic)
    func errors(_ code: A2AError.Code) throws {
        let error = A2AError(
            code, "message\n", details: [.badRequest([.init(field: "f", description: "d")]), .retryInfo(.seconds(2))])
        let response = try JSONRPC.decodeResponse(JSONRPC.encodeError(id: JSONRPC.ID(1), error))
        let decoded = #expect(throws: A2AError.self) { try response.result() }
        #expect(decoded?.code == code)
        #expect(decoded?.message == "message\n")
        #expect(decoded?.details == error.wireDetails)
        #expect(response.id.int64 == 1)
    }

    @Test("a result is opened, whatever surrounds it")
    func result() throws {
        for text in [
            #"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#, #"{"x":{},"result":{"a":1},"id":1,"jsonrpc":"2.0"}"#,
            #"{"jsonrpc":"2.0","id":1,"error":null,"result":{"a":1}}"#,
        ] {
            let response = try JSONRPC.decodeResponse(Array(text.utf8))
            #expect(self.text(try response.result()) == #"{"a":1}"#)
            #expect(response.id == JSONRPC.ID(1))
        }
        let null = try JSONRPC.decodeResponse(Array(#"{"jsonrpc":"2.0","id":1,"result":null}"#.utf8))
        #expect(self.text(try null.result()) == "null")
    }

    @Test("the reason of an ErrorInfo goes before the number, and odd data does no harm")
    func errorInfoWins() throws {
        func code(_ error: String) throws -> A2AError.Code? {
            let response = try JSONRPC.decodeResponse(Array(#"{"jsonrpc":"2.0","id":1,"error":\#(error)}"#.utf8))
            if case .error(let error) = response.outcome { return error.code }
            return nil
        }
        let info = #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"VERSION_NOT_SUPPORTED"}"#
        #expect(try code(#"{"code":-32603,"message":"x","data":[\#(info)]}"#) == .versionNotSupported)
        #expect(try code(#"{"data":\#(info)}"#) == .versionNotSupported)
        #expect(try code(#"{"code":-32001,"message":"x","data":"text"}"#) == .taskNotFound)
        #expect(try code(#"{"code":-32001,"message":"x","data":[{"@type":"y","reason":"Z"},3]}"#) == .taskNotFound)
        #expect(try code(#"{"code":-31999,"message":7}"#)?.jsonRPC == -31999)
        #expect(try code(#"{"code":1e3}"#) == .internal)
        #expect(try code("{}") == .internal)
    }

    @Test("a peer's message is bounded")
    func boundedMessage() throws {
        let long = String(repeating: "x", count: 1_000_000)
        let response = try JSONRPC.decodeResponse(
            Array(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"\#(long)"}}"#.utf8))
        let error = #expect(throws: A2AError.self) { try response.result() }
        #expect((error?.message.count ?? 0) <= ErrorDetailJSON.maxMessageLength + 1)
    }

    @Test(
        "what is no answer is the agent's fault",
        arguments: [
            "", "<html>", "[]", "{}", "1", #"{"jsonrpc":"2.0","id":1}"#, #"{"id":1,"result":{}}"#,
            #"{"jsonrpc":"2.0","error":1}"#,
        ])
    func noAnswer(_ text: String) {
        let error = #expect(throws: A2AError.self) { try JSONRPC.decodeResponse(Array(text.utf8)) }
        #expect(error?.code == .invalidAgentResponse)
    }

    @Test("an answer with a message")
    func messageResult() throws {
        let bytes = try JSONRPC.encodeResult(id: JSONRPC.ID(3), message: A2AListTasksResponse())
        #expect(self.text(bytes) == #"{"jsonrpc":"2.0","id":3,"result":{"tasks":[]}}"#)
    }

    // MARK: Fuzz

    @Test("broken envelopes are refused or opened, and never trap", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for round in 0..<200 {
            var input = random.mutate(
                try JSONRPC.encodeRequest(id: 1, operation: .sendMessage, params: random.sendRequest()))
            if random.chance(1, in: 3) { input = random.jsonLikeBytes(0...12) }
            do {
                let request = try JSONRPC.decodeRequest(input)
                try JSONScanner.validate(request.paramsOrEmpty)
                try JSONScanner.validate(JSONRPC.encodeError(id: request.id ?? .null, A2AError(.internal, ""))[...])
            } catch let failure as JSONRPC.RequestFailure {
                try JSONScanner.validate(JSONRPC.encodeError(id: failure.id, failure.error)[...])
                let code = failure.error.code
                #expect(code == .parseError || code == .invalidRequest, "seed \(seed), round \(round)")
            }
            let answer = random.mutate(JSONRPC.encodeError(id: JSONRPC.ID(1), .invalidParams(field: "a", "b")))
            do { _ = try JSONRPC.decodeResponse(answer) } catch {
                #expect(error.code == .invalidAgentResponse, "seed \(seed), round \(round)")
            }
            _ = try? JSONRPC.decodeResponse(input)
        }
    }
}
