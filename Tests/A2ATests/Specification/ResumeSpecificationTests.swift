import A2A
import Foundation
import Testing

/// The extension's document, the list of its requirements and the tests say the same.
@Suite("Lossless resume: the specification")
struct ResumeSpecificationTests {
    /// The tests that show each requirement, by their sentences, or as much of them as tells them apart.
    static let shown: [String: [String]] = [
        "RESUME-01": [
            "what a card says of resuming is read as it was written",
            "the extension of lossless resume is never required",
        ],
        "RESUME-02": [
            "replay after Last-Event-ID exactly what was missed, on both bindings",
            "a subscription goes on after the last event seen; a number that is none starts with the task",
        ],
        "RESUME-03": ["our client asks for generations on streams only"],
        "RESUME-04": [
            "carry the generation as id, and an error before the first event is an ordinary answer",
            "a caller that does not ask does not see the draft's generation",
        ],
        "RESUME-05": [
            "without the extension numbers are hints, and may skip",
            "an event without an id of its own has no generation",
            "numbers that run backwards in the first snapshot are no generations",
        ],
        "RESUME-06": [
            "generations of concurrent appends are unique and consecutive",
            "all subscribers see the same events in the same order, early and late ones",
        ],
        "RESUME-07": [
            "loses nothing, doubles nothing and mixes nothing up, at whatever moments",
            "whichever write fails, what was acknowledged is in the file, and what was refused is not",
        ],
        "RESUME-08": ["a stream begins with the task, counts its generations and ends with the end"],
        "RESUME-09": ["a direct reply is the only event of its stream"],
        "RESUME-10": ["a resumed stream has exactly what was missed, from every cursor"],
        "RESUME-11": ["replay after Last-Event-ID exactly what was missed, on both bindings"],
        "RESUME-12": ["a task of another tenant or principal does not exist, for any call"],
        "RESUME-13": ["a subscription goes on after the last event seen; a number that is none starts with the task"],
        "RESUME-14": [
            "after a break the agent is asked for what follows the last generation, and no event comes twice",
            "an event that skips a number is not passed on; the stream is read again after the last one",
        ],
        "RESUME-15": ["a cursor that is not the task's own begins with the task as it stands"],
        "RESUME-16": [
            "replay after Last-Event-ID exactly what was missed, on both bindings",
            "a random conversation, word for word",
        ],
        "RESUME-17": [
            "a snapshot that is ahead of the last generation is passed on",
            "UnsupportedOperation upon subscribing fetches the task, which ends the stream if it has ended",
        ],
        "RESUME-18": ["a subscriber that falls out of the window is told, and can begin again"],
        "RESUME-20": ["loses nothing, doubles nothing and mixes nothing up, at whatever moments"],
        "RESUME-21": [
            "a number that the original gave out after the copy was made is a gap in the copy, however far both have gone on"
        ],
        "RESUME-22": ["a subscription stays open while nobody works on its task, and goes on when somebody does"],
        "RESUME-24": [
            "a message that an earlier process accepted leads to its task, not to another one",
            "a message that an earlier process answered with a message gets the same answer, and runs nothing",
            "the stream of a repeated message ends as the first one did; a subscription waits for more",
        ],
        "RESUME-25": ["other contents, other callers and no window make another message"],
        "RESUME-26": [
            "a message of unknown fate is sent again, the same, to an agent whose card says that it recognises it",
            "a stream that breaks before its first event begins again with the same message, if that is recognised",
        ],
        "RESUME-27": ["a stream that broke waits as long as the agent asked, and a little more"],
    ]

    private static func text(_ path: String) throws -> String { try RequirementsList.text(path) }

    @Test(
        "every numbered requirement of the extension is in the list, with its section, level and party, and none besides"
    )
    func requirements() throws {
        var section = ""
        var specified: [String] = []
        for block in try Self.text("spec/extensions/resume.md").split(separator: /\n(?=- |## )/) {
            if let heading = block.prefixMatch(of: /## (\d+)\./) { section = String(heading.1) }
            guard let match = block.prefixMatch(of: /- \*\*(RESUME-\d\d)\*\* \[(\w+)\]/) else { continue }
            let level = block.firstMatch(of: /\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b/).map { String($0.1) }
            specified.append("\(match.1) §\(section) \(level ?? "none") \(match.2)")
        }
        let listed = try RequirementsList().entries.filter { $0["source"] == "resume" }.map {
            "\($0.id) §\($0["section"] ?? "") \($0["level"] ?? "") \($0["party"] ?? "")"
        }
        #expect(specified == listed)
        #expect(specified.count == 27)
    }

    @Test("every requirement of the extension that can be tested is shown by tests that exist")
    func tests() throws {
        let testable = try RequirementsList().entries.filter { $0["source"] == "resume" && $0.isTestable }.map(\.id)
        #expect(Self.shown.keys.sorted() == testable.sorted())
        var sentences = ""
        for folder in ["Tests", "Sources/A2ATesting"] {
            let root = RequirementsList.root.appending(path: folder)
            let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            while let file = files?.nextObject() as? URL {
                guard file.pathExtension == "swift" else { continue }
                let code = try String(contentsOf: file, encoding: .utf8)
                for match in code.matches(of: /(?:@Test|Rule)\(\s*"([^\n]*)"/) { sentences += match.1 + "\n" }
            }
        }
        for (id, tests) in Self.shown.sorted(by: { $0.key < $1.key }) {
            for test in tests { #expect(sentences.contains(test), "\(id): no test says '\(test)'") }
        }
    }

    @Test("the extension of lossless resume is never required")
    func neverRequired() {
        for extended in [ResumeExtension(), ResumeExtension(recognition: .seconds(600), isDurable: true)] {
            #expect(extended.declaration.required == false && extended.declaration.uri == ResumeExtension.uri)
        }
    }
}
