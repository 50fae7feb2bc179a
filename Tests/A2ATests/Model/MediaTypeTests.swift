import A2A
import Testing

@Suite("Media types")
struct MediaTypeTests {
    @Test(
        "patterns cover types",
        arguments: [
            ("text/plain", "text/plain", true), ("text/plain", "text/html", false), ("text/*", "text/html", true),
            ("text/*", "image/png", false), ("*/*", "image/png", true), ("*", "image/png", true),
            ("TEXT/Plain", "text/PLAIN", true), ("application/json", "application/json; charset=utf-8", true),
            ("application/json; charset=utf-8", "application/json", true), (" text/plain ", "text/plain", true),
            ("application/json; profile=a", "application/json", false),
            ("application/json; profile=\"A\"", "application/json;profile=a", true),
            ("application/json; profile=a", "application/json; profile=b", false),
            ("text/*;q=0.5", "text/plain", true), ("text", "text", true), ("text", "text/plain", false),
            ("application/json", "application/ld+json", false), ("", "text/plain", false), ("*/*", "", true),
            ("/", "text/plain", false), (";;;=", "text/plain", false), ("text/plain", "text/plain;", true),
        ])
    func covering(_ pattern: String, type: String, isCovered: Bool) {
        #expect(MediaType.accepts([pattern], type) == isCovered)
    }

    @Test("one pattern of several suffices, none covers nothing")
    func lists() {
        #expect(MediaType.accepts(["image/*", "text/plain"], "text/plain"))
        #expect(!MediaType.accepts([], "text/plain"))
    }

    @Test("lists overlap if a pattern of one covers one of the other")
    func overlap() {
        #expect(MediaType.overlap(["text/*"], ["image/png", "text/html"]))
        #expect(MediaType.overlap(["text/html"], ["*/*"]))
        #expect(!MediaType.overlap(["text/html"], ["text/plain"]))
        #expect(!MediaType.overlap([], ["text/plain"]))
    }

    @Test("any text is taken without a trap")
    func fuzz() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        let alphabet = Array("*/;=\"qa, \u{0}é")
        for _ in 0..<5000 {
            func text() -> String {
                String(
                    (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in
                        alphabet.randomElement(using: &random)
                    })
            }
            let (pattern, type) = (text(), text())
            let answer = MediaType.accepts([pattern], type)
            #expect(MediaType.accepts([pattern.uppercased()], type) == answer, "seed \(seed): '\(pattern)' '\(type)'")
            #expect(MediaType.accepts(["*/*"], type), "seed \(seed): '\(type)'")
        }
    }
}

/// A small random generator that a seed determines.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
