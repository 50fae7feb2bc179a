import A2A

/// The behaviours that ACTS names by how the text begins (conformance/profile.md, section 6).
enum BehaviourPrefix {
    /// The script of the prefix that a message has, if it has one.
    static func steps(for message: A2AMessage) -> [ConformanceScript.Step]? {
        guard case .text(let text)? = message.parts.first?.content else { return nil }
        let word = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        return self.scripts[String(word)]
    }

    private static let scripts: [String: [ConformanceScript.Step]] = [
        "tck-complete-task": [.complete(["Task completed."])],
        "tck-input-required": [.requireInput(["More input is required."]), .complete(["Task completed."])],
        "tck-reject-task": [.reject(["Task rejected."])],
        "tck-message-response": [.reply(["Direct message response."])],
        "tck-artifact-text": [.whole("text", "Generated text content"), .complete([])],
        "tck-artifact-file": [
            .whole(
                "file", .raw(Array("Generated file content".utf8), mediaType: "text/plain", filename: "output.txt")),
            .complete([]),
        ],
        "tck-artifact-file-url": [
            .whole(
                "file-url",
                .url("https://example.com/output.txt", mediaType: "text/plain", filename: "output.txt")),
            .complete([]),
        ],
        "tck-artifact-data": [
            .whole("data", .data(["key": "value", "count": 42], mediaType: "application/json")), .complete([]),
        ],
        "tck-long-running": [.working(["Working."]), .delay(milliseconds: 5000), .complete(["Task completed."])],
        "tck-multi-turn": [
            .requireInput(["First turn done, send the next message."]), .complete(["Second turn done."]),
        ],
        "tck-cancel": [.working(["Working until cancelled."])]
            + Array(repeating: .delay(milliseconds: 60_000), count: 10)
            + [.fail(["Not cancelled in time."])],
        "tck-stream-basic": [
            .working(["Working."]), .whole("stream", "Streamed content", lastChunk: true), .complete([]),
        ],
        "tck-stream-chunked": [
            .working(["Working."]),
            .whole("chunked", "chunk 1 "),
            .chunk("chunked", "chunk 2 "),
            .chunk("chunked", "chunk 3", lastChunk: true),
            .complete([]),
        ],
        "tck-task-failure": [.fail(["Task failed."])],
    ]
}

extension ConformanceScript.Step {
    fileprivate static func whole(_ id: String, _ part: A2APart, lastChunk: Bool = false) -> Self {
        .artifact(A2AArtifact(parts: [part], artifactID: id, name: id), append: false, lastChunk: lastChunk)
    }

    fileprivate static func chunk(_ id: String, _ part: A2APart, lastChunk: Bool = false) -> Self {
        .artifact(A2AArtifact(parts: [part], artifactID: id), append: true, lastChunk: lastChunk)
    }
}
