import A2A
import A2AGRPC
import A2AHTTP
import A2ATCP
import A2ATesting
import HTTPTypes
import Testing

@testable import A2ACommand
@testable import A2AGateway

@Suite("a2a hub", .timeLimit(.minutes(1)))
struct HubCommandTests {
    @Test(
        "usage errors",
        arguments: [
            [], ["--agent-token", "one"], ["--agent-token", "one="], ["--agent-token", "a/b=x"],
            ["--agent-token", "one=x", "--agent-token", "one=y"], ["--insecure-any-agent", "--host", "0.0.0.0"],
            ["--insecure-any-agent", "--max-agents", "0"], ["--agent-ca", "ca.pem"],
            ["--agent-token", "one=x", "--host", "0.0.0.0"], ["--agent-token", "one=x", "--tcp-port", "65536"],
            ["--agent-token-file", "missing"],
            [
                "--agent-ca", "a", "--tls-client-ca", "b", "--tls-certificate", "c", "--tls-key", "d",
            ],
        ])
    func usage(_ arguments: [String]) async {
        let console = ReadyConsole()
        let invocation = Invocation(
            arguments: ["hub"] + arguments, environment: [:], workingDirectory: "/", console: console)
        #expect(await invocation.run() == .usage)
        #expect(console.notes.hasPrefix("Error: A2ACLI_ERR_USAGE: "))
        #expect(console.output.isEmpty)
    }

    @Test("options become configurations")
    func options() throws {
        let command = try #require(
            try Invocation.parse([
                "hub", "--agent-ca", "ca", "--tls-certificate", "c", "--tls-key", "k", "--public-tcp-address",
                "hub.example:1",
            ]) as? HubCommand)
        let tcp = command.listening.tcp(agentCA: command.agents.certificateAuthority)
        #expect(tcp.port == 9922)
        #expect(tcp.tls?.clientTrustRoots == "ca")
        #expect(tcp.publicAddress == "hub.example:1")
        #expect(command.listening.http?.port == 9920)
        #expect(command.listening.grpc?.port == 9921)
    }

    @Test("tokens come from options and from a file")
    func tokens() async throws {
        let command = try #require(
            try Invocation.parse(["hub", "--agent-token", "one=a=b", "--agent-token-file", "f"]) as? HubCommand)
        let authorizer = try command.agents.authorizer { path in
            #expect(path == "f")
            return "# ours\ntwo=2\n\n"
        }
        for (name, token) in [("one", "a=b"), ("two", "2")] {
            let context = CallContext(parameters: ServiceParameters([.authorization: "Bearer \(token)"]))
            let principal = try await authorizer.authorize(name: name, context: context)
            #expect(principal.id == "agent:\(name)")
        }
        #expect(throws: (any Error).self) { try command.agents.authorizer { _ in "nonsense" } }
    }
}
