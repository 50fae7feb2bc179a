import A2A
import A2AGRPC
import A2AHTTP
import A2AServer
import A2ATCP
import A2ATesting
import SwiftProtobuf
import TestSupport
import Testing

@testable import A2ACommand

@Suite("The tool over TCP", .timeLimit(.minutes(1)))
struct TCPTests {
    /// Every binding with the tests' certificates.
    private static func secured(mutual: Bool = false) -> [any ServerBinding] {
        let (chain, key) = (certificate("server.pem"), certificate("server-key.pem"))
        let roots = mutual ? certificate("ca.pem") : nil
        var http = HTTPServerConfiguration.ephemeral
        http.tls = .init(certificateChain: chain, privateKey: key, clientTrustRoots: roots)
        var grpc = GRPCServerConfiguration.ephemeral
        grpc.tls = .init(certificateChain: chain, privateKey: key, clientTrustRoots: roots)
        var tcp = TCPServerConfiguration.ephemeral
        tcp.tls = .init(
            certificateChain: chain, privateKey: key, clientTrustRoots: roots, requiresClientCertificate: mutual)
        return [.http(http), .grpc(grpc), .tcp(tcp)]
    }

    @Test("sends and streams, by both names of the binding", arguments: ["tcp", "a2a+tcp", "TCP"])
    func sends(_ name: String) async throws {
        try await withTestAgent(bindings: [.http(.ephemeral), .tcp(.ephemeral)]) { endpoints in
            let (url, address) = (endpoints[0].address, endpoints[1].address)
            let reply = await runTool(["send", "echo hello", "-a", url, "--transport", name, "--debug"])
            #expect(reply.status == .success, "\(reply.notes)")
            #expect(reply.output.contains("Text:\necho hello\n"))
            #expect(reply.notes.contains("at \(address), signalling"))
            let stream = await runTool(["send", "stream a b c", "--stream", "-a", url, "--transport", name])
            #expect(stream.status == .success, "\(stream.notes)")
            #expect(stream.output.contains("State: TASK_STATE_COMPLETED"))
        }
    }

    @Test("an agent that serves nothing but TCP is found and called by its address")
    func address() async throws {
        try await withTestAgent(bindings: [.tcp(.ephemeral)]) { endpoints in
            let address = endpoints[0].address
            let card = await runTool(["card", "get", "-o", "json", "-a", address])
            #expect(card.status == .success, "\(card.output)")
            let fetched = try A2AAgentCard(jsonString: card.output)
            #expect(fetched.supportedInterfaces.map(\.url) == [address])
            let reply = await runTool(["send", "form", "-a", address])
            #expect(reply.status == .success, "\(reply.notes)")
            #expect(reply.output.contains("Next: a2a send --agent-card \(address) --task-id"))
        }
    }

    @Test("a card that came over TCP makes the agent be called over it, unless told otherwise")
    func preferred() async throws {
        try await withTestAgent(bindings: [.http(.ephemeral), .tcp(.ephemeral)]) { endpoints in
            let address = endpoints[1].address
            let here = await runTool(["send", "echo", "-a", address, "--debug"])
            #expect(here.notes.contains("at \(address), signalling"), "\(here.notes)")
            let there = await runTool(["send", "echo", "-a", address, "--debug", "--transport", "jsonrpc"])
            #expect(there.notes.contains("chose JSONRPC"), "\(there.notes)")
        }
    }

    @Test("a bearer token gets to the agent over TCP, and is asked for where it is missing")
    func credentials() async throws {
        let authenticator = StaticTokenAuthenticator(["right-token": Principal(id: "tester")])
        try await withTestAgent(
            bindings: [.tcp(.ephemeral)], middleware: [AuthenticationMiddleware(authenticator)]
        ) { endpoints in
            let address = endpoints[0].address
            #expect(await runTool(["send", "echo", "-a", address]).status == .authentication)
            let right = await runTool(["send", "echo", "-a", address, "--bearer", "right-token"])
            #expect(right.status == .success, "\(right.notes)")
        }
    }

    @Test(
        "development certificates are trusted with --ca-file, on every binding", arguments: ["jsonrpc", "grpc", "tcp"])
    func trust(_ name: String) async throws {
        try await withTestAgent(bindings: Self.secured()) { endpoints in
            let arguments = ["send", "echo hello", "-a", endpoints[2].address, "--transport", name]
            let untrusted = await runTool(arguments)
            #expect(untrusted.status == .unreachable)
            #expect(untrusted.notes.contains("certificate"), "\(untrusted.notes)")
            for more in [["--ca-file", certificate("ca.pem")], ["--insecure"]] {
                let trusted = await runTool(arguments + more)
                #expect(trusted.status == .success, "\(trusted.notes)")
            }
            let card = await runTool(["card", "get", "-a", endpoints[0].address, "--ca-file", certificate("ca.pem")])
            #expect(card.status == .success, "\(card.notes)")
        }
    }

    @Test("a client certificate is shown where it is asked for", arguments: ["jsonrpc", "grpc", "tcp"])
    func mutual(_ name: String) async throws {
        try await withTestAgent(bindings: Self.secured(mutual: true)) { endpoints in
            let url = name == "jsonrpc" ? endpoints[0].address : endpoints[2].address
            let arguments = ["send", "echo", "-a", url, "--transport", name, "--ca-file", certificate("ca.pem")]
            #expect(await runTool(arguments).status == .unreachable)
            let known = await runTool(
                arguments + [
                    "--client-certificate", certificate("client.pem"), "--client-key", certificate("client-key.pem"),
                ])
            #expect(known.status == .success, "\(known.notes)")
        }
    }

    @Test("a stream whose connection is cut again and again has every word once, in order")
    func cuts() async throws {
        var tcp = TCPServerConfiguration.ephemeral
        tcp.cutsConnectionsAfter = .milliseconds(150)
        let words = (1...30).map { "word\($0)" }
        try await withTestAgent(bindings: [.tcp(tcp)]) { endpoints in
            let result = await runTool([
                "send", "stream " + words.joined(separator: " "), "--stream", "-o", "json", "--debug", "-a",
                endpoints[0].address,
            ])
            #expect(result.status == .success, "\(result.notes)")
            #expect(result.notes.contains("resuming stream"))
            let events = try result.output.split(separator: "\n").map { try A2AStreamResponse(jsonString: String($0)) }
            let said = events.compactMap { event -> String? in
                guard case .artifactUpdate(let update)? = event.payload else { return nil }
                return update.artifact.text
            }
            #expect(said.joined() == words.joined(separator: " "))
            #expect(said.count == words.count)
            #expect(events.last?.state == .completed)
        }
    }

    @Test(
        "usage errors",
        arguments: [
            ["--client-key", "k"], ["--client-certificate", "c"], ["--ca-file", "/nonexistent/ca.pem"],
            ["--client-certificate", "/nonexistent/c", "--client-key", "/nonexistent/k"],
            ["--ca-file", certificate("server-key.pem")],
        ])
    func usage(_ arguments: [String]) async {
        let result = await runTool(["send", "hi", "-a", "a2a+tls://localhost:1"] + arguments)
        #expect(result.status == .usage, "\(result.notes)")
        #expect(result.notes.hasPrefix("Error: A2ACLI_ERR_USAGE: "))
    }

    @Test(
        "addresses that are none are told with one that is right",
        arguments: ["a2a+tcp://127.0.0.1", "a2a+tls://h/path", "a2a+tcp://h:0"])
    func addresses(_ address: String) async {
        let result = await runTool(["send", "hi", "-a", address])
        #expect(result.status == .unreachable)
        #expect(result.notes.contains("A2ACLI_ERR_CARD_NOT_FOUND"), "\(result.notes)")
        #expect(result.notes.contains("a2a+tls://agent.example.com:41632"))
    }

    @Test("plaintext to other machines is refused unless it is asked for, with a warning")
    func plaintext() async {
        let refused = await runTool(["send", "hi", "-a", "a2a+tcp://192.0.2.1:9902"])
        #expect(refused.notes.contains("without TLS"), "\(refused.notes)")
        let asked = await runTool(["config", "show", "--insecure-plaintext"])
        #expect(asked.notes.hasPrefix("Warning: --insecure-plaintext"))
    }
}
