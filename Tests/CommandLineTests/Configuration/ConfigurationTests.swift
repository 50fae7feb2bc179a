import Foundation
import Testing

@testable import A2ACommand

@Suite("Configuration")
struct ConfigurationTests {
    @Test("a file of settings")
    func file() {
        let file = EnvironmentFile(
            parsing: """
                # a comment
                A2ACLI_AGENT_CARD = http://h:1  # the agent
                export A2ACLI_BEARER="a \\"b\\" #c"\r
                A2ACLI_API_KEY='x # y'
                nonsense
                =x
                A2ACLI_EMPTY=
                A2ACLI_URL=http://h/#frag
                """)
        #expect(
            file.values == [
                "A2ACLI_AGENT_CARD": "http://h:1", "A2ACLI_BEARER": #"a "b" #c"#, "A2ACLI_API_KEY": "x # y",
                "A2ACLI_EMPTY": "", "A2ACLI_URL": "http://h/#frag",
            ])
    }

    @Test("flag, environment, local file, global file, default: the first that has a value wins")
    func precedence() async throws {
        let root = NSTemporaryDirectory() + "/a2a-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        func write(_ path: String, _ text: String) throws {
            let full = "\(root)/\(path)"
            try FileManager.default.createDirectory(
                atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text.write(toFile: full, atomically: true, encoding: .utf8)
        }
        try write("home/.config/a2a-cli/.env", "A2ACLI_TIMEOUT=1s\nA2ACLI_POLL_INTERVAL=1s\nA2ACLI_OUTPUT=json\n")
        try write("work/.env", "A2ACLI_TIMEOUT=2s\nA2ACLI_POLL_INTERVAL=2s\nA2ACLI_STREAM=true\n")
        try write("work/other.env", "A2ACLI_TIMEOUT=3s\n")
        try write("work/deep/down/x", "")
        let environment = ["HOME": "\(root)/home", "A2ACLI_POLL_INTERVAL": "4s", "A2ACLI_BEARER": "verysecret"]
        func show(_ arguments: String...) async -> String {
            await runTool(
                ["config", "show", "-o", "text"] + arguments, environment: environment,
                directory: "\(root)/work/deep/down"
            ).output
        }
        let plain = await show()
        #expect(plain.contains("timeout: 2s (file \(root)/work/.env)\n"))
        #expect(plain.contains("poll-interval: 4s (environment variable A2ACLI_POLL_INTERVAL)\n"))
        #expect(plain.contains("output: text (flag)\n"))
        #expect(plain.contains("insecure: false (default)\n"))
        #expect(plain.contains("bearer: [redacted] (environment variable A2ACLI_BEARER)\n"))
        #expect(!plain.contains("verysecret"))
        let explicit = await show("--config", "\(root)/work/other.env", "--poll-interval", "5s")
        #expect(explicit.contains("timeout: 3s (file \(root)/work/other.env)\n"))
        #expect(explicit.contains("poll-interval: 5s (flag)\n"))
        // Streaming is never read from anywhere but a flag.
        let command = try #require(try Invocation.parse(["config", "show"]) as? ConfigShowCommand)
        let settings = try Settings(
            command.global,
            invocation: Invocation(
                arguments: [], environment: ["A2ACLI_STREAM": "true"], workingDirectory: "\(root)/work",
                console: TestConsole()),
            redactor: Redactor())
        #expect(!settings.isStreaming)
    }

    @Test(
        "durations as people write them",
        arguments: [
            ("500ms", 0.5), ("30s", 30), ("30", 30), ("1.5m", 90), ("1m30s", 90), ("2h", 7200), ("1d", 86400),
            ("99999999999999999999h", 86_400_000),
        ] as [(String, Double)])
    func durations(_ text: String, _ seconds: Double) {
        #expect(Duration(parsing: text) == .seconds(seconds))
    }

    @Test("what is no duration", arguments: ["", "s", "1x", "-1s", "1 s", "1..2s", "nan", "١s"])
    func noDurations(_ text: String) {
        #expect(Duration(parsing: text) == nil)
    }
}
