import A2A
import Testing

@Suite("Canonical JSON")
struct CanonicalJSONTests {
    private static func canonical(_ text: String) throws -> String {
        String(decoding: try CanonicalJSON.bytes(of: Array(text.utf8)), as: UTF8.self)
    }

    @Test(
        "numbers are written as ECMAScript writes them (RFC 8785, appendix B)",
        arguments: [
            ("0", "0"), ("-0", "0"), ("5e-324", "5e-324"), ("-5e-324", "-5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"), ("9007199254740992", "9007199254740992"),
            ("295147905179352830000", "295147905179352830000"), ("9.999999999999997e22", "9.999999999999997e+22"),
            ("1e23", "1e+23"), ("1.0000000000000001e23", "1.0000000000000001e+23"),
            ("999999999999999700000", "999999999999999700000"), ("1e21", "1e+21"),
            ("9.999999999999997e-7", "9.999999999999997e-7"), ("0.000001", "0.000001"),
            ("333333333.3333332", "333333333.3333332"), ("333333333.33333325", "333333333.33333325"),
            ("-0.0000033333333333333333", "-0.0000033333333333333333"), ("1424953923781206.2", "1424953923781206.2"),
            ("100", "100"), ("4.50", "4.5"), ("2e-3", "0.002"), ("1E30", "1e+30"),
        ])
    func numbers(_ text: String, _ expected: String) throws {
        #expect(try Self.canonical("[\(text)]") == "[\(expected)]")
    }

    @Test("members are in the order of their names in UTF-16, strings have no escapes that they do not need, spaces go")
    func structure() throws {
        let text = #"""
            {"\u20ac": "Euro", "\r": "CR", "\ufb33": "Dalet", "1": "One", "\ud83d\ude00": "Smile", "\u0080": "Control", "\u00f6": "o"}
            """#
        #expect(
            try Self.canonical(text)
                == "{\"\\r\":\"CR\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"o\",\"€\":\"Euro\",\"😀\":\"Smile\",\"\u{fb33}\":\"Dalet\"}"
        )
        #expect(
            try Self.canonical(
                #"{"b": [ 56, {"d": true, "10": null, "1": [ ]} ], "a": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"}"#
            )
                == #"{"a":"€$\u000f\nA'B\"\\\\\"/","b":[56,{"1":[],"10":null,"d":true}]}"#)
        #expect(throws: A2AError.self) { try Self.canonical("{") }
    }

    @Test("the canonical card has what is required or set, and no defaults and signatures (§8.4.1)")
    func card() throws {
        var card = A2AAgentCard()
        card.name = "Example Agent"
        card.description_p = ""
        card.capabilities.streaming = false
        card.capabilities.pushNotifications = false
        card.capabilities.extensions = []
        card.signatures = [A2AAgentCardSignature()]
        #expect(
            String(decoding: try card.canonicalBytes(), as: UTF8.self)
                == #"{"capabilities":{"pushNotifications":false,"streaming":false},"defaultInputModes":[],"#
                + #""defaultOutputModes":[],"description":"","name":"Example Agent","skills":[],"supportedInterfaces":[]}"#
        )
    }
}
