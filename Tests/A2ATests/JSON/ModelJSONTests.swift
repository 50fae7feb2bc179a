import A2A
import FoundationEssentials
import SwiftProtobuf
import Testing

@Suite("Model as JSON")
struct ModelJSONTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(
        "integral numbers lose their fraction, everything else stays",
        arguments: [
            ("42.0", "42"), ("-42.0", "-42"), ("0.0", "0"), ("-0.0", "-0.0"), ("1.5", "1.5"), ("10.05", "10.05"),
            ("1e+16", "1e+16"),
            ("100.0", "100"), ("[1.0,2.0]", "[1,2]"), ("[-0.0,0.0]", "[-0.0,0]"),
            (#"{"a":1.0,"b":"1.0"}"#, #"{"a":1,"b":"1.0"}"#),
            (#"["\"3.0",3.0]"#, #"["\"3.0",3]"#), (#"["\\",3.0,"\\\"4.0,"]"#, #"["\\",3,"\\\"4.0,"]"#),
            ("[10.0]", "[10]"),
            ("-10.0", "-10"), ("1.01", "1.01"), ("1.0e5", "1.0e5"), ("[ 1.0 ]", "[ 1 ]"), ("", ""), (".0", ""),
            ("\"", "\""),
        ])
    func integralNumbers(_ input: String, expected: String) {
        var bytes = Array(input.utf8)
        IntegralNumbers.rewrite(&bytes)
        #expect(self.text(bytes) == expected)
    }

    @Test("rewritten numbers mean the same", arguments: 0..<20 as Range<UInt64>)
    func integralNumbersKeepTheirValue(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for round in 0..<200 {
            let original: [UInt8] = try random.value().jsonUTF8Bytes()
            var rewritten = original
            IntegralNumbers.rewrite(&rewritten)
            let expected = try Google_Protobuf_Value(jsonUTF8Bytes: original)
            let actual = try Google_Protobuf_Value(jsonUTF8Bytes: rewritten)
            #expect(actual == expected, "seed \(seed), round \(round): \(self.text(original))")
        }
    }

    @Test("what is encoded decodes to the same message", arguments: 0..<25 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        func check<M: Message & Equatable>(_ message: M, _ round: Int) throws {
            let bytes = try ModelJSON.encode(message)
            #expect(!bytes.contains(0x0A) && !bytes.contains(0x0D))
            try JSONScanner.validate(bytes[...])
            let again = try ModelJSON.decode(M.self, from: bytes[...])
            #expect(again == message, "seed \(seed), round \(round): \(self.text(bytes))")
            #expect(try ModelJSON.decodeAnswer(M.self, from: bytes[...]) == message, "seed \(seed), round \(round)")
        }
        for round in 0..<40 {
            try check(random.message(), round)
            try check(random.task(), round)
            try check(random.sendRequest(), round)
            try check(random.card(), round)
            var response = A2AStreamResponse()
            response.artifactUpdate.artifact = random.artifact()
            try check(response, round)
        }
    }

    @Test("an empty list of tasks is printed, a full one is not printed twice")
    func tasks() throws {
        var response = A2AListTasksResponse()
        #expect(self.text(try ModelJSON.encode(response)) == #"{"tasks":[]}"#)
        response.nextPageToken = ""
        response.pageSize = 50
        response.totalSize = 0
        #expect(
            self.text(try ModelJSON.encode(response)) == #"{"nextPageToken":"","pageSize":50,"totalSize":0,"tasks":[]}"#
        )
        var task = A2ATask()
        task.id = "1"
        response.tasks = [task]
        #expect(
            self.text(try ModelJSON.encode(response))
                == #"{"tasks":[{"id":"1"}],"nextPageToken":"","pageSize":50,"totalSize":0}"#)
    }

    @Test("the required arrays and maps of a card are printed when they are empty")
    func card() throws {
        var card = A2AAgentCard()
        #expect(
            self.text(try ModelJSON.encode(card))
                == #"{"supportedInterfaces":[],"defaultInputModes":[],"defaultOutputModes":[],"skills":[]}"#)
        card.skills = [A2AAgentSkill(), A2AAgentSkill()]
        card.skills[1].tags = ["tags"]
        card.securitySchemes["o"] = .init()
        card.securitySchemes["o"]?.oauth2SecurityScheme.flows.clientCredentials.tokenURL = "u"
        let text = self.text(try ModelJSON.encode(card))
        #expect(text.contains(#""skills":[{"tags":[]},{"tags":["tags"]}]"#))
        #expect(text.contains(#""clientCredentials":{"tokenUrl":"u","scopes":{}}"#))
    }

    @Test("append adds to what is there")
    func append() throws {
        var output = Array("data: ".utf8)
        var part = A2APart()
        part.text = "x"
        try ModelJSON.append(part, to: &output)
        #expect(self.text(output) == #"data: {"text":"x"}"#)
    }

    @Test("what JSON cannot express is an internal error")
    func unencodable() {
        var part = A2APart()
        part.data = Google_Protobuf_Value(numberValue: .nan)
        let error = #expect(throws: A2AError.self) { try ModelJSON.encode(part) }
        #expect(error?.code == .internal)
    }

    // MARK: Requests

    private func decode(_ text: String) throws -> A2ASendMessageRequest {
        try ModelJSON.decode(A2ASendMessageRequest.self, from: Array(text.utf8)[...])
    }

    @Test("unknown fields are ignored wherever they are")
    func unknownFields() throws {
        let request = try self.decode(
            #"""
            {"x":{"y":[[],{"z":1e5}]},"message":{"messageId":"1","kind":"message","role":"ROLE_USER",
             "parts":[{"kind":"text","text":"hi"}],"metadata":{"a":1}},"configuration":{"blocking":true}}
            """#)
        #expect(request.message.messageID == "1")
        #expect(request.message.parts.map(\.text) == ["hi"])
        #expect(request.message.metadata.fields["a"]?.numberValue == 1)
    }

    @Test("what ProtoJSON accepts is accepted, with and without unknown fields beside it", arguments: ["", #","x":1"#])
    func accepted(_ extra: String) throws {
        let request = try self.decode(
            #"{"message":{"message_id":"1","role":1,"parts":[{"raw":"_-8"},{"data":null},{"data":[1,null]}],"metadata":null},"#
                + #""configuration":{"historyLength":"5","ifGenerationMatch":"9223372036854775807"}\#(extra)}"#)
        #expect(request.message.messageID == "1")
        #expect(request.message.role == .user)
        #expect(request.message.parts[0].raw == Data([0xFF, 0xEF]))
        #expect(request.message.parts[1].data == nil)
        #expect(request.message.hasMetadata == false)
        #expect(request.configuration.historyLength == 5)
        #expect(request.configuration.ifGenerationMatch == .max)
    }

    @Test(
        "every violation is named with its path",
        arguments: [
            (#"{"message":{"parts":[{"raw":"*"}]}}"#, ["message.parts[0].raw"]),
            (
                #"{"message":{"parts":[{"text":1},{"text":"ok"},{"url":{}}]}}"#,
                ["message.parts[0].text", "message.parts[2].url"]
            ),
            (#"{"message":{"role":"ROLE_BOSS"}}"#, ["message.role"]),
            (#"{"message":{"role":true}}"#, ["message.role"]),
            (#"{"message":{"parts":[{"text":"a","url":"b"}]}}"#, ["message.parts[0]"]),
            (#"{"message":{"parts":[{"text":"a","data":null}]}}"#, ["message.parts[0]"]),
            (#"{"message":{"parts":{}}}"#, ["message.parts"]),
            (#"{"message":{"parts":[null,3]}}"#, ["message.parts[0]", "message.parts[1]"]),
            (#"{"message":[]}"#, ["message"]),
            (#"{"message":{"extensions":["a",1]}}"#, ["message.extensions[1]"]),
            (#"{"message":{"metadata":[1]}}"#, ["message.metadata"]),
            (#"{"message":{"metadata":{"a":1,"a":2}}}"#, ["message.metadata.a"]),
            (#"{"message":{"messageId":"1","message_id":"2","role":"X"}}"#, ["message.messageId", "message.role"]),
            (#"{"message":{"messageId":"\ud800"}}"#, ["message.messageId"]),
            (#"{"metadata":{"a":{"b":["\udc00"]}}}"#, ["metadata.a.b[0]"]),
            (#"{"metadata":{"a":1e999}}"#, ["metadata.a"]),
            (
                #"{"configuration":{"historyLength":1.5,"returnImmediately":"true"}}"#,
                ["configuration.historyLength", "configuration.returnImmediately"]
            ),
            (#"{"configuration":{"historyLength":2147483648}}"#, ["configuration.historyLength"]),
            (#"{"configuration":{"ifGenerationMatch":"9223372036854775808"}}"#, ["configuration.ifGenerationMatch"]),
            (
                #"{"configuration":{"ifGenerationMatch":"x"},"tenant":7}"#,
                ["configuration.ifGenerationMatch", "tenant"]
            ),
            ("[]", ["params"]), ("null", ["params"]), ("\"x\"", ["params"]),
        ])
    func violations(_ text: String, fields: [String]) {
        let error = #expect(throws: A2AError.self) { try self.decode(text) }
        #expect(error?.code == .invalidParams)
        #expect(error?.fieldViolations.map(\.field) == fields, "\(String(describing: error))")
    }

    @Test("the description says what would be right")
    func descriptions() {
        func description(_ text: String) -> String? {
            do { _ = try self.decode(text) } catch let error as A2AError {
                return error.fieldViolations.first?.description
            } catch {}
            return nil
        }
        #expect(description(#"{"message":{"role":"X"}}"#) == "must be one of ROLE_USER, ROLE_AGENT")
        #expect(
            description(#"{"message":{"parts":[{"text":"a","raw":""}]}}"#)
                == "must have exactly one of text, raw, url, data")
        #expect(description(#"{"message":{"parts":[{"raw":"*"}]}}"#) == "must be base64")
    }

    @Test("a bad timestamp is named")
    func timestamps() {
        for text in ["2025-13-01T00:00:00Z", "yesterday", "2025-01-01", ""] {
            let json = Array(#"{"statusTimestampAfter":"\#(text)"}"#.utf8)
            let error = #expect(throws: A2AError.self) {
                try ModelJSON.decode(A2AListTasksRequest.self, from: json[...])
            }
            #expect(error?.fieldViolations.map(\.field) == ["statusTimestampAfter"])
        }
    }

    @Test("values of maps are checked too")
    func maps() {
        let json = Array(#"{"securitySchemes":{"a":{"apiKeySecurityScheme":{"name":1}},"b":null}}"#.utf8)
        let error = #expect(throws: A2AError.self) { try ModelJSON.decode(A2AAgentCard.self, from: json[...]) }
        #expect(
            error?.fieldViolations.map(\.field) == ["securitySchemes.a.apiKeySecurityScheme.name", "securitySchemes.b"])
    }

    @Test("the number of violations is bounded")
    func manyViolations() {
        let parts = String(repeating: #"{"text":1},"#, count: 1000) + "{}"
        let error = #expect(throws: A2AError.self) { try self.decode(#"{"message":{"parts":[\#(parts)]}}"#) }
        #expect(error?.fieldViolations.count == 20)
    }

    @Test(
        "what is not JSON is a parse error with its place",
        arguments: ["", "{", "{\"message\":}", "{\"message\":{}} x", "{'message':1}", "\u{FEFF}{}"])
    func notJSON(_ text: String) {
        let error = #expect(throws: A2AError.self) { try self.decode(text) }
        #expect(error?.code == .parseError)
        #expect(error?.message.contains("byte") == true)
    }

    @Test("invalid UTF-8 is a parse error")
    func invalidUTF8() {
        let bytes = Array(#"{"tenant":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        let error = #expect(throws: A2AError.self) {
            try ModelJSON.decode(A2ASendMessageRequest.self, from: bytes[...])
        }
        #expect(error?.code == .parseError)
    }

    @Test("nesting beyond the limit is refused by name", arguments: [200, 511, 513, 100_000])
    func tooDeep(_ depth: Int) {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let data = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            for extra in ["", #","x":1"#] {
                let text = #"{"message":{"parts":[{"data":\#(data)}]}\#(extra)}"#
                let error = #expect(throws: A2AError.self) { try self.decode(text) }
                #expect(error?.code == .invalidParams)
                #expect(error?.message.contains("levels") == true, "\(String(describing: error))")
            }
        }
    }

    @Test("a million parts are read or refused, and a bad one among them is found")
    func manyParts() throws {
        let parts = String(repeating: #"{"text":""},"#, count: 200_000)
        let request = try self.decode(#"{"message":{"parts":[\#(parts){}]}}"#)
        #expect(request.message.parts.count == 200_001)
        let error = #expect(throws: A2AError.self) { try self.decode(#"{"message":{"parts":[\#(parts){"text":1}]}}"#) }
        #expect(error?.fieldViolations.map(\.field) == ["message.parts[200000].text"])
    }

    // MARK: Answers

    @Test("answers may have unknown fields and unknown names of enums")
    func answers() throws {
        let json = Array(#"{"id":"1","status":{"state":"TASK_STATE_DREAMING","mood":1},"x":[]}"#.utf8)
        let task = try ModelJSON.decodeAnswer(A2ATask.self, from: json[...])
        #expect(task.id == "1")
        #expect(task.status.state == .unspecified)
    }

    @Test("an answer that cannot be read is the agent's fault, with the place")
    func badAnswers() {
        for (text, part) in [
            ("<html>", "byte 0"), (#"{"status":{"timestamp":3}}"#, "status.timestamp"), ("7", "params"),
        ] {
            let bytes = Array(text.utf8)
            let error = #expect(throws: A2AError.self) { try ModelJSON.decodeAnswer(A2ATask.self, from: bytes[...]) }
            #expect(error?.code == .invalidAgentResponse)
            #expect(error?.message.contains(part) == true, "\(String(describing: error))")
        }
    }

    // MARK: Fuzz

    @Test("broken requests are refused or read, and never trap", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for round in 0..<150 {
            var input = random.mutate(try ModelJSON.encode(random.sendRequest()))
            if random.chance(1, in: 5) { input = random.jsonLikeBytes(0...20) }
            do {
                let request = try ModelJSON.decode(A2ASendMessageRequest.self, from: input[...])
                let again = try ModelJSON.decode(A2ASendMessageRequest.self, from: try ModelJSON.encode(request)[...])
                #expect(again == request, "seed \(seed), round \(round): \(self.text(input))")
            } catch {
                let code = error.code
                #expect(
                    code == .invalidParams || code == .parseError, "seed \(seed), round \(round): \(self.text(input))")
                #expect(
                    code == .parseError || !error.details.isEmpty,
                    "seed \(seed), round \(round): no violation named: \(error): \(self.text(input))")
            }
            _ = try? ModelJSON.decodeAnswer(A2ATask.self, from: input[...])
        }
    }
}
