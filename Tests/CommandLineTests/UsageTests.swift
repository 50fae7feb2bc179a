import A2A
import Testing

@testable import A2ACommand

@Suite("Usage")
struct UsageTests {
    @Test(
        "usage errors exit 2, on standard error or as JSON on standard output",
        arguments: [
            ["--bogus"], ["nonsense"], ["send", "--bogus"], ["send"], ["send", "a", "b"], ["send", "hi"],
            ["send", "hi", "-o", "xml"], ["send", "hi", "--media-type", "x/y"], ["send", "hi", "--timeout", "soon"],
            ["send", "hi", "--poll-interval", "-1s"], ["send", "hi", "--svc-param", "novalue"],
            ["send", "hi", "--svc-param", "b@d:v"], ["send", "hi", "--transport", "carrier-pigeon"],
            ["send", "hi", "--async", "--wait", "-a", "h"], ["send", "hi", "--async", "--stream", "-a", "h"],
            ["send", "hi", "--metadata", "[]", "-a", "h"], ["send", "hi", "--a2a-version", "one", "-a", "h"],
            ["send", "--data", "-", "-a", "h"], ["send", "--file", "/nonexistent/x", "-a", "h"],
            ["send", "hi", "--history", "-1", "-a", "h"], ["send", "hi", "-a", "ftp://h"],
            ["task", "get"], ["task", "list", "--status", "happy", "-a", "h"], ["task", "get", "t", "--history", "x"],
            ["send", "hi", "--config", "/nonexistent/.env"],
        ])
    func usageErrors(_ arguments: [String]) async throws {
        let text = await runTool(arguments)
        #expect(text.status == .usage)
        #expect(text.output.isEmpty)
        #expect(text.notes.hasPrefix("Error: A2ACLI_ERR_USAGE: "))

        guard !arguments.contains("-o") else { return }
        let json = await runTool(arguments + ["-o", "json"])
        #expect(json.status == .usage)
        #expect(json.output.hasPrefix(#"{"error":{"code":"A2ACLI_ERR_USAGE","message":""#))
        #expect(json.output.hasSuffix(#","a2aCode":null}}"# + "\n"))
        #expect(json.output.filter(\.isNewline).count == 1)
        #expect(json.notes.isEmpty)
    }

    @Test("the format of early errors is found however it is written", arguments: [["--output=json"], ["-ojson"]])
    func earlyFormat(_ format: [String]) async {
        #expect(await runTool(["send", "--bogus"] + format).output.hasPrefix("{"))
    }

    @Test("the environment chooses the format of early errors too")
    func environmentFormat() async {
        #expect(await runTool(["send", "--bogus"], environment: ["A2ACLI_OUTPUT": "json"]).output.hasPrefix("{"))
    }

    @Test(
        "help is an answer",
        arguments: [
            ["help"], ["--help"], ["-h"], [], ["task"], ["card"], ["help", "send"], ["send", "--help"],
            ["task", "get", "-h"],
        ])
    func help(_ arguments: [String]) async {
        let result = await runTool(arguments)
        #expect(result.status == .success)
        #expect(result.output.contains("USAGE: a2a"))
        #expect(result.notes.isEmpty)
    }

    @Test(
        "help is of what was asked for",
        arguments: [
            (["--help"], "USAGE: a2a <subcommand>"), (["help"], "USAGE: a2a <subcommand>"),
            (["help", "send"], "USAGE: a2a send"), (["send", "--help"], "USAGE: a2a send"),
            (["task"], "USAGE: a2a task <subcommand>"), (["gateway", "-h"], "USAGE: a2a gateway"),
        ])
    func helpOf(_ arguments: [String], _ usage: String) async {
        let result = await runTool(arguments)
        #expect(result.output.contains(usage), "\(result.output.prefix(200))")
    }

    @Test("the version", arguments: [["--version"], ["-v"], ["send", "-v"], ["task", "get", "--version"]])
    func version(_ arguments: [String]) async {
        let result = await runTool(arguments)
        #expect(result.status == .success)
        #expect(result.output == "a2a \(Invocation.version)\n")
    }

    @Test("the version flag as somebody's value is not the version flag")
    func versionAsValue() async {
        #expect(await runTool(["send", "--text", "-v"]).status == .usage)
    }

    @Test("switching TLS verification off is warned about, also from the environment")
    func insecure() async {
        for (arguments, environment) in [(["--insecure"], [:]), ([], ["A2ACLI_INSECURE": "true"])] {
            let result = await runTool(["config", "show"] + arguments, environment: environment)
            #expect(result.notes.hasPrefix("Warning: --insecure"))
        }
        #expect(await runTool(["config", "show"]).notes.isEmpty)
    }

    @Test("canonical flags and their aliases are all accepted")
    func flags() async {
        for flag in ["--async", "--return-immediately", "--no-wait", "--wait", "--watch", "--stream", "--verbose"] {
            let result = await runTool(["send", "hi", flag, "-a", "/nonexistent/card.json"])
            #expect(result.status == .unreachable, "\(flag): \(result.notes)")
        }
        for transport in ["jsonrpc", "JSONRPC", "http+json", "HTTP+JSON", "rest", "grpc"] {
            let result = await runTool(["send", "hi", "--transport", transport, "-a", "/nonexistent/card.json"])
            #expect(result.status == .unreachable, "\(transport): \(result.notes)")
        }
    }
}
