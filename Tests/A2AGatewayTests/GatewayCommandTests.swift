import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import A2ATCP
import A2ATesting
import Synchronization
import Testing

@testable import A2ACommand

@Suite("a2a gateway", .timeLimit(.minutes(1)))
struct GatewayCommandTests {
    @Test("an upstream is a card, or a name and a card")
    func upstreams() throws {
        let parsed: [(String, String, String)] = [
            ("http://127.0.0.1:9900", "", "http://127.0.0.1:9900"), ("one=http://h/x", "one", "http://h/x"),
            ("http://h/card?a=b", "", "http://h/card?a=b"), ("./a=b.json", "", "./a=b.json"),
            ("one=./a=b.json", "one", "./a=b.json"), ("localhost:9900", "", "localhost:9900"),
        ]
        for (text, name, card) in parsed {
            let argument = try UpstreamArgument(parsing: text)
            #expect(argument.name == name)
            #expect(argument.card == card)
        }
        for text in ["", "one=", "=http://h", String(repeating: "a", count: 65) + "=http://h"] {
            #expect(throws: (any Error).self) { try UpstreamArgument(parsing: text) }
        }
    }

    @Test(
        "usage errors",
        arguments: [
            [], ["--upstream", "a=x", "--upstream", "a=y"], ["--upstream", "x", "--upstream", "y"],
            ["--upstream", "x", "--no-http", "--no-grpc", "--no-tcp"],
            ["--upstream", "x", "--http-port", "65536"], ["--upstream", "x", "--tcp-port", "65536"],
            ["--upstream", "x", "--host", "0.0.0.0"], ["--upstream", "x", "--tls-client-ca", "c"],
            ["--upstream", "x", "--grpc-port", "-1"], ["--upstream", "x", "--tls-key", "k"],
            ["--upstream", "x", "--upstream-transport", "pigeon"], ["--upstream", "x", "--max-hops", "0"],
            ["--upstream", "ftp://x"], ["--upstream", "x", "extra"],
        ])
    func usage(_ arguments: [String]) async {
        let console = ReadyConsole()
        #expect(await run(arguments, console) == .usage)
        #expect(console.notes.hasPrefix("Error: A2ACLI_ERR_USAGE: "))
        #expect(console.output.isEmpty)
    }

    @Test("options become configurations")
    func options() throws {
        let command = try #require(
            try Invocation.parse([
                "gateway", "--upstream", "a=x", "--host", "::1", "--http-port", "1", "--grpc-port", "2",
                "--public-url", "https://example.com//", "--tls-certificate", "c", "--tls-key", "k",
                "--upstream-transport", "grpc,rest,tcp",
            ]) as? GatewayCommand)
        let http = try #require(command.listening.http)
        #expect(http.host == "::1")
        #expect(http.port == 1)
        #expect(http.publicURL == "https://example.com")
        #expect(http.tls?.certificateChain == "c")
        #expect(command.listening.grpc?.port == 2)
        #expect(command.listening.tcp?.port == 3)
        #expect(command.listening.tcp?.tls?.privateKey == "k")
        #expect(try command.agents.preferences() == [.grpc, .httpJSON, .tcp])
    }

    @Test("an agent that is not there ends the command with status 3")
    func unreachable() async throws {
        let address = try await withServed(ScriptedUpstream()) { card in try baseURL(card) }
        let console = ReadyConsole()
        #expect(await run(["--upstream", address, "--http-port", "0", "--grpc-port", "0"], console) == .unreachable)
        #expect(console.notes.contains("A2ACLI_ERR_UNREACHABLE"))
        #expect(console.notes.contains(address))
    }

    @Test("a port that is taken ends the command with a hint")
    func portTaken() async throws {
        try await withReferenceAgent { card async throws in
            let base = try baseURL(card)
            let port = String(base.split(separator: ":").last ?? "")
            let console = ReadyConsole()
            #expect(await run(["--upstream", base, "--http-port", port, "--no-grpc", "--no-tcp"], console) == .failure)
            #expect(console.notes.contains("cannot listen"))
            #expect(console.notes.contains("--http-port"))
        }
    }

    @Test("serves, says where, and ends when it is told to")
    func serving() async throws {
        try await withReferenceAgent { card async throws in
            let (base, console) = (try baseURL(card), ReadyConsole())
            await withTaskGroup(of: ToolStatus.self) { group in
                group.addTask {
                    await run(
                        [
                            "--upstream", base, "--upstream", "two=\(base)", "--http-port", "0", "--no-grpc",
                            "--upstream-transport", "http+json", "--debug",
                        ], console)
                }
                let address = await console.ready()
                #expect(console.output.contains("Agent card  \(address)/two/.well-known/agent-card.json"))
                for (path, tenant) in [("", ""), ("/two/.well-known/agent-card.json", "two")] {
                    let client = try? await Client.discover(address + path)
                    #expect(client?.tenant == tenant)
                    #expect((try? await client?.send("Hello"))?.text == "Hello")
                }
                #expect(console.notes.contains("Agent 'two': swift-a2a reference agent, over HTTP+JSON at \(base)/v1"))
                #expect(console.output.contains("  TCP         a2a+tcp://127.0.0.1:"))
                #expect(console.notes.contains("debug: → SendMessage"))
                group.cancelAll()
                for await status in group { #expect(status == .success, "\(console.notes)") }
            }
        }
    }

    @Test("an agent named by its address over TCP is called over TCP, with nothing else listening")
    func tcpOnly() async throws {
        try await withReferenceAgent { card async throws in
            let address = try #require(card.supportedInterfaces.first { $0.binding == .tcp }).url
            let console = ReadyConsole()
            await withTaskGroup(of: ToolStatus.self) { group in
                group.addTask {
                    await run(["--upstream", address, "--http-port", "0", "--no-http", "--no-grpc"], console)
                }
                let base = await console.ready()
                #expect(base.hasPrefix("a2a+tcp://127.0.0.1:"))
                let client = try? await Client.discover(base, transports: try allTransports())
                #expect((try? await client?.send("Hello"))?.text == "Hello")
                #expect(console.notes.contains("over TCP at \(address)"))
                group.cancelAll()
                for await status in group { #expect(status == .success, "\(console.notes)") }
            }
        }
    }

    private func run(_ arguments: [String], _ console: ReadyConsole) async -> ToolStatus {
        await Invocation(
            arguments: ["gateway"] + arguments, environment: [:], workingDirectory: "/nonexistent", console: console
        ).run()
    }
}

/// A console that keeps what is written, and says when `READY` came.
final class ReadyConsole: Console {
    private let text = Mutex((output: "", notes: ""))
    private let lines = AsyncStream.makeStream(of: String.self)

    var output: String { self.text.withLock { $0.output } }
    var notes: String { self.text.withLock { $0.notes } }

    func write(_ text: String) {
        self.text.withLock { $0.output += text }
        for line in text.split(separator: "\n") where line.hasPrefix("READY ") {
            self.lines.continuation.yield(String(line.dropFirst("READY ".count)))
        }
    }

    func note(_ text: String) { self.text.withLock { $0.notes += text } }
    func readInput(upTo limit: Int) -> [UInt8]? { [] }

    /// The base URL after `READY`.
    func ready() async -> String {
        for await line in self.lines.stream { return line }
        return ""
    }
}
