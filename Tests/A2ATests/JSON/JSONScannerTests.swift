import A2A
import Foundation
import SwiftProtobuf
import Testing

@Suite("JSON scanner")
struct JSONScannerTests {
    private func failure(_ bytes: [UInt8]) -> JSONScanner.Failure? {
        do {
            try JSONScanner.validate(bytes[...])
            return nil
        } catch { return error }
    }

    @Test(
        "valid JSON is accepted",
        arguments: [
            "null", "true", "false", "0", "-0", "12", "-1.5", "1e5", "1E+5", "1.25e-7", "\"\"", "\"a\"", "\"\\\"\"",
            "\"\\u00e9\\n\\/\\\\\"", "\"é漢\u{1F600}\"", "{}", "[]", "[[],{}]", " { \"a\" : [ 1 , 2 ] , \"b\" : { } } ",
            "\t\r\n 1 \n", "\"long enough to be read eight bytes at a time, é, and \\u0020 on\"", "{\"\":{\"\":\"\"}}",
            "\"\u{7F}\"", "\"\\ud800\"",
        ])
    func accepts(_ text: String) {
        #expect(self.failure(Array(text.utf8)) == nil)
    }

    @Test(
        "invalid JSON is refused at the byte where it goes wrong",
        arguments: [
            ("", 0), (" ", 1), ("nul", 0), ("True", 0), ("01", 1), ("-", 1), ("+1", 0), ("1.", 2), (".5", 0), ("1e", 2),
            ("1e+", 3), ("\"", 1), ("\"abc", 4), ("\"\\", 2), ("\"\\x\"", 2), ("\"\\u12\"", 5), ("\"\n\"", 1), ("{", 1),
            ("[", 1), ("}", 0), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{a:1}", 1), ("[1,]", 3),
            ("[1 2]", 3), ("[1}", 2), ("{\"a\":1]", 6), ("1 1", 2), ("{} x", 3), ("'a'", 0), ("[1,2", 4),
            ("NaN", 0), ("Infinity", 0), ("truex", 4), ("/**/1", 0), ("{\"a\":1 \"b\":2}", 7),
            ("\"plain text of some length with a tab\there\"", 37),
        ])
    func refuses(_ text: String, offset: Int) {
        let failure = self.failure(Array(text.utf8))
        #expect(failure?.reason == .syntax)
        #expect(failure?.offset == offset, "\(text): \(String(describing: failure))")
    }

    @Test(
        "strings that are not UTF-8 are refused",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF0, 0x9F, 0x98], [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        let failure = self.failure([0x22] + bytes + [0x22])
        #expect(failure?.reason == .invalidUTF8)
        #expect(failure?.offset == 1)
    }

    @Test("every scalar of Unicode is accepted in a string")
    func acceptsEveryScalar() {
        for plane in 0...16 {
            var text: [UInt8] = [0x22]
            for value in UInt32(plane << 16)...UInt32(plane << 16 | 0xFFFF) {
                guard let scalar = Unicode.Scalar(value), value >= 0x20, value != 0x22, value != 0x5C else { continue }
                text.append(contentsOf: String(scalar).utf8)
            }
            text.append(0x22)
            #expect(self.failure(text) == nil, "plane \(plane)")
        }
    }

    @Test("members and elements are found with their names and ranges")
    func members() throws {
        let text = Array(#" { "a" : 1 , "b\"c":[true, {"x":null} ],"":"" } "#.utf8)[...]
        var scanner = JSONScanner(text)
        #expect(try scanner.peek() == .object)
        try scanner.enter()
        let a = try #require(try scanner.nextMember())
        #expect(String(decoding: text[a.name], as: UTF8.self) == "a")
        #expect(String(decoding: text[a.value], as: UTF8.self) == "1")
        #expect(!a.nameHasEscapes)
        let b = try #require(try scanner.nextMember())
        #expect(JSONText.string(content: text[b.name], hasEscapes: b.nameHasEscapes) == "b\"c")
        let empty = try #require(try scanner.nextMember())
        #expect(empty.name.isEmpty)
        #expect(try scanner.nextMember() == nil)
        try scanner.finish()

        var array = JSONScanner(text[b.value])
        try array.enter()
        var elements: [String] = []
        while let element = try array.nextElement() { elements.append(String(decoding: text[element], as: UTF8.self)) }
        #expect(elements == ["true", #"{"x":null}"#])
    }

    @Test("ranges and offsets are right in a slice that does not begin at 0")
    func slices() throws {
        let text = Array(#"xx{"k":[1]}yy"#.utf8)
        var scanner = JSONScanner(text[2..<11])
        try scanner.enter()
        let member = try #require(try scanner.nextMember())
        #expect(String(decoding: text[member.value], as: UTF8.self) == "[1]")
        #expect(try scanner.nextMember() == nil)
        #expect(throws: JSONScanner.Failure.self) { try JSONScanner.validate(text[2..<12]) }
        var broken = JSONScanner(text[11...])
        let failure = #expect(throws: JSONScanner.Failure.self) { try broken.skipValue() }
        #expect(failure?.offset == 0)
    }

    @Test("nesting is bounded by a limit that can be set, and costs no stack")
    func depth() {
        func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
            Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
        }
        let limit = JSONScanner.defaultMaxDepth
        #expect(self.failure(nested(limit, "[", "]")) == nil)
        #expect(self.failure(nested(limit, #"{"a":"#, "}")) == nil)
        #expect(self.failure(nested(limit / 2, #"[{"a":"#, "}]")) == nil)
        #expect(self.failure(nested(limit + 1, "[", "]"))?.reason == .tooDeep)
        #expect(self.failure(nested(1_000_000, "[", "]"))?.reason == .tooDeep)
        #expect(self.failure(nested(200, "[", "}"))?.offset == 201)
        #expect(throws: Never.self) { try JSONScanner.validate(nested(100_000, "[", "]")[...], maxDepth: 100_000) }
        #expect(throws: JSONScanner.Failure.self) { try JSONScanner.validate(nested(4, "[", "]")[...], maxDepth: 3) }
    }

    @Test("it accepts what SwiftProtobuf accepts, and only what Foundation accepts", arguments: 0..<20 as Range<UInt64>)
    func agrees(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for round in 0..<200 {
            var input = random.jsonLikeBytes(0...12)
            if random.chance(1, in: 2) { input = random.mutate(try random.value().jsonUTF8Bytes()) }
            let accepted = self.failure(input) == nil
            let text = String(decoding: input, as: UTF8.self)
            if (try? Google_Protobuf_Value(jsonUTF8Bytes: input)) != nil {
                #expect(accepted, "seed \(seed), round \(round): \(text)")
            }
            // Foundation refuses half of a surrogate pair and numbers beyond a double, which the grammar allows, and
            // guesses at other encodings where there are NULs.
            if accepted, !text.contains("\\u"), !text.contains(/e\+?\d{3}/), !input.contains(0) {
                let object = try? JSONSerialization.jsonObject(with: Data(input), options: [.fragmentsAllowed])
                #expect(object != nil, "seed \(seed), round \(round): \(text)")
            }
        }
    }

    @Test("text written as a string is read as the same string", arguments: 0..<10 as Range<UInt64>)
    func strings(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for _ in 0..<200 {
            let string = random.string()
            var json: [UInt8] = []
            JSONText.append(string, to: &json)
            #expect(JSONText.string(json[...])?.utf8.elementsEqual(string.utf8) == true, "seed \(seed): \(string)")
            #expect(try Google_Protobuf_StringValue(jsonUTF8Bytes: json).value == string, "seed \(seed)")
        }
        #expect(JSONText.string(Array(#""\ud83d\ude00\b\f""#.utf8)[...]) == "\u{1F600}\u{8}\u{C}")
        for broken in [#""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\u12""#, #""\"#, "\"", "7"] {
            #expect(JSONText.string(Array(broken.utf8)[...]) == nil, "\(broken)")
        }
    }
}
