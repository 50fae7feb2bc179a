// On purpose nothing but A2A is imported here: an agent author needs no other module to write all this.
import A2A
import Testing

@Suite("What agent authors write")
struct AuthoringTests {
    @Test("parts by factory and by literal")
    func parts() {
        let parts: [A2APart] = [
            "hello", "sum: \(1 + 1)", .text("<b>", mediaType: "text/html"), .data(["a": 1]), .data(nil),
            .raw([1, 2], mediaType: "image/png", filename: "a.png"), .url("https://example.org/a", filename: "a"),
        ]
        #expect(parts.text == "hellosum: 2<b>")
        #expect(parts.dataParts == [["a": 1], nil])
        #expect(
            parts.map(\.effectiveMediaType) == [
                "text/plain", "text/plain", "text/html", "application/json", "application/json", "image/png",
                "application/octet-stream",
            ])
        #expect(A2APart().effectiveMediaType == "application/octet-stream")
    }

    @Test("messages of both sides, from literals and from variables")
    func messages() {
        let text = "variable"
        #expect(A2AMessage.user("hi").text == "hi")
        #expect(A2AMessage.user("hi").role == .user)
        #expect(A2AMessage.agent(text).text == "variable")
        #expect(A2AMessage.agent(text).role == .agent)
        let message = A2AMessage.agent("a", .data([1]), "b", contextID: "c", taskID: "t")
        #expect(message.text == "ab")
        #expect(message.dataParts == [[1]])
        #expect(message.contextID == "c")
        #expect(message.taskID == "t")
    }

    @Test("a message has an identifier of its own unless it is given one")
    func messageIDs() {
        #expect(A2AMessage.user("a").messageID != A2AMessage.user("a").messageID)
        #expect(A2AMessage(role: .user, parts: ["a"], messageID: "m").messageID == "m")
        #expect(A2AMessage(role: .user, parts: ["a"]).violations() == [])
        #expect(!A2AMessage.user("a").hasMetadata)
    }

    @Test("metadata and values from literals")
    func literals() {
        let metadata: A2AMetadata = ["a": 1, "b": [true, nil, "x"], "c": ["d": 1.5, "e": [:], "f": []]]
        #expect(metadata["a"]?.int == 1)
        #expect(metadata["b"]?[0]?.bool == true)
        #expect(metadata["b"]?[1]?.isNull == true)
        #expect(metadata["b"]?[2]?.string == "x")
        #expect(metadata["b"]?[3] == nil)
        #expect(metadata["b"]?[-1] == nil)
        #expect(metadata["c"]?["d"]?.double == 1.5)
        #expect(metadata["c"]?["e"]?.object == [:])
        #expect(metadata["c"]?["f"]?.array == [])
        #expect(metadata["z"] == nil)
        let sameKeyTwice: A2AValue = ["a": 1, "a": 2]
        #expect(sameKeyTwice["a"]?.int == 2)
    }

    @Test("values from variables, and members of metadata set")
    func variables() {
        let count = 3
        let names = ["a", "b"]
        var metadata: A2AMetadata = [:]
        metadata["count"] = A2AValue(count)
        metadata["names"] = A2AValue(names.map { A2AValue($0) })
        metadata["nested"] = A2AValue(["x": A2AValue(true)])
        #expect(metadata.fields.keys.sorted() == ["count", "names", "nested"])
        #expect(metadata["names"]?[1]?.string == "b")
        metadata["count"] = nil
        #expect(metadata["count"] == nil)
        let message = A2AMessage(role: .user, parts: ["x"], metadata: metadata)
        #expect(message.metadata["nested"]?["x"]?.bool == true)
        #expect(A2AMetadata(["a": 1])["a"]?.int == 1)
    }

    @Test("accessors of another kind than the value answer nil")
    func otherKinds() {
        let values: [A2AValue] = ["x", 1, true, nil, [1], ["a": 1]]
        for (index, value) in values.enumerated() {
            let answers = [
                value.string != nil, value.double != nil, value.bool != nil, value.isNull, value.array != nil,
                value.object != nil,
            ]
            #expect(answers.indices.filter { answers[$0] } == [index])
        }
        #expect(A2AValue("x")["a"] == nil)
        #expect(A2AValue("x")[0] == nil)
    }

    @Test("numbers become integers only where nothing is lost")
    func integers() {
        #expect(A2AValue(42.0).int == 42)
        #expect(A2AValue(-1).int == -1)
        #expect(A2AValue(1.5).int == nil)
        #expect(A2AValue(1e300).int == nil)
        #expect(A2AValue(-1e300).int == nil)
        #expect(A2AValue(Double.nan).int == nil)
        #expect(A2AValue(Double.infinity).int == nil)
        #expect(A2AValue(UInt64.max).int == nil)
        #expect(A2AValue(9_007_199_254_740_992).int == 9_007_199_254_740_992)
    }

    private struct Form: Codable, Equatable {
        var name: String
        var age: Int
        var tags: [String?]
        var nested: [String: Double]
    }

    @Test("types of the author's own travel as data")
    func codable() throws {
        let form = Form(name: "Ada", age: 36, tags: ["x", nil], nested: ["pi": 3.25])
        let value = try A2AValue(encoding: form)
        #expect(value == ["name": "Ada", "age": 36, "tags": ["x", nil], "nested": ["pi": 3.25]])
        #expect(try value.decode(as: Form.self) == form)
        #expect(try A2AValue(encoding: "text").decode() == "text")
        #expect(try A2AValue(encoding: [1, 2]).decode(as: [Int].self) == [1, 2])
    }

    @Test("a value of another form is refused with the path of the first misfit")
    func decodingErrors() throws {
        let missing = try #require(throws: A2AError.self) {
            try A2AValue(["name": "Ada", "tags": [], "nested": [:]]).decode(as: Form.self)
        }
        #expect(missing.code == .invalidParams)
        #expect(missing.fieldViolations.map(\.field) == ["age"])
        let wrong = try #require(throws: A2AError.self) {
            try A2AValue(["name": "Ada", "age": 36, "tags": ["x", 1], "nested": [:]]).decode(as: Form.self)
        }
        #expect(wrong.fieldViolations.map(\.field) == ["tags[1]"])
        let huge = try #require(throws: A2AError.self) { try A2AValue(1e300).decode(as: Int.self) }
        #expect(huge.code == .invalidParams)
        #expect(throws: A2AError.self) { try A2AValue(Double.nan).decode(as: Double.self) }
        #expect(throws: A2AError.self) { try A2AValue(encoding: Double.nan) }
    }

    @Test("a card in one expression")
    func card() {
        let card = A2AAgentCard(
            name: "Translator",
            description: "Translates text.",
            version: "1.0.0",
            interfaces: [
                A2AAgentInterface(url: "https://example.org/", binding: .jsonRPC),
                A2AAgentInterface(url: "https://example.org/v1", binding: .httpJSON, tenant: "acme"),
            ],
            provider: A2AAgentProvider(organization: "Example", url: "https://example.org"),
            capabilities: A2AAgentCapabilities(
                streaming: true, pushNotifications: true,
                extensions: [A2AAgentExtension(uri: "https://example.org/ext", params: ["a": [1, 2]])]),
            skills: [
                A2AAgentSkill(
                    id: "translate", name: "Translate", description: "Any language.", tags: ["text"],
                    examples: ["Translate “hello” into Dutch."])
            ],
            outputModes: ["text/plain", "application/json"],
            securitySchemes: [
                "bearer": .bearer(format: "JWT"),
                "basic": .basic(),
                "key": .apiKey(name: "X-API-Key", in: .header),
                "openid": .openIDConnect(url: "https://example.org/.well-known/openid-configuration"),
                "tls": .mutualTLS(),
                "oauth": .oauth2(.clientCredentials(tokenURL: "https://example.org/token", scopes: ["run": "Run"])),
                "code": .oauth2(
                    .authorizationCode(
                        authorizationURL: "https://example.org/auth", tokenURL: "https://example.org/token",
                        scopes: ["run": "Run"])),
                "device": .oauth2(
                    .deviceCode(
                        deviceAuthorizationURL: "https://example.org/device", tokenURL: "https://example.org/token",
                        scopes: ["run": "Run"])),
            ],
            securityRequirements: [["bearer": []], ["oauth": ["run"], "key": []]]
        )
        #expect(card.violations() == [])
        #expect(card.defaultInputModes == ["text/plain"])
        #expect(card.supportedInterfaces.map(\.protocolBinding) == ["JSONRPC", "HTTP+JSON"])
        #expect(card.supportedInterfaces.map(\.protocolVersion) == ["1.0", "1.0"])
        #expect(card.supportedInterfaces.map(\.binding) == [.jsonRPC, .httpJSON])
        #expect(card.securityRequirements[1].schemes["oauth"]?.list == ["run"])
        #expect(card.securitySchemes["bearer"]?.httpAuthSecurityScheme.scheme == "Bearer")
        #expect(card.securitySchemes["code"]?.oauth2SecurityScheme.flows.authorizationCode.pkceRequired == true)
    }
}
