import A2A
import A2AGRPC
import A2AHTTP
import A2ASQLite
import A2AServer
import A2ATCP
import ArgumentParser
import Testing

@testable import A2AAgentCommand

@Suite("The options of a2a-agent")
struct AgentOptionsTests {
    private func bindings(_ arguments: [String]) throws -> [any ServerBinding] {
        try AgentCommand.parse(arguments).bindings
    }

    private func tcp(_ arguments: [String]) throws -> TCPServerConfiguration? {
        try self.bindings(arguments).compactMap { ($0 as? TCPBinding)?.configuration }.first
    }

    @Test("by default HTTP, gRPC and TCP are served on neighbouring ports, in this order")
    func standard() throws {
        let descriptions = try self.bindings([]).map(\.description)
        #expect(descriptions == ["HTTP(127.0.0.1:9900)", "gRPC(127.0.0.1:9901)", "TCP(127.0.0.1:9902)"])
    }

    @Test(
        "the port for TCP is its own, or the second after that of HTTP, or a free one beside a free one",
        arguments: [
            (["--port", "100"], 102), (["--port", "0"], 0), (["--port", "0", "--tcp-port", "7"], 7),
            (["--tcp-port", "0"], 0),
        ])
    func port(_ arguments: [String], _ port: Int) throws {
        #expect(try self.tcp(arguments)?.port == port)
    }

    @Test("tasks are kept in a file below the current folder, in another file, or in memory")
    func store() throws {
        func place(_ arguments: [String]) throws -> StoreOptions.Place {
            try AgentCommand.parse(arguments).storage.store
        }
        #expect(try place([]) == .sqlite(".a2a/agent.db"))
        #expect(try place(["--store", "sqlite:/tmp/x.db"]) == .sqlite("/tmp/x.db"))
        #expect(try place(["--store", "memory"]) == .memory)
        for wrong in ["", "sqlite", "sqlite:", "postgres:x", "/tmp/x.db"] {
            #expect(throws: (any Error).self) { try place(["--store", wrong]) }
        }
        let bytes = try AgentCommand.parse(["--max-store-bytes", "9000"]).limits
        #expect(bytes.retention(.durable).bytes == 9_000 && bytes.retention(.durable).tasks == 2_000_000)
        let limits = try AgentCommand.parse(["--max-tasks", "7"]).limits
        #expect(limits.retention(.init()).tasks == 7)
        #expect(limits.retention(.durable).age == TaskRetention.durable.age)
    }

    @Test("TCP can be left out")
    func left() throws {
        #expect(try self.bindings(["--no-tcp"]).count == 2)
        #expect(try self.bindings(["--no-tcp", "--no-grpc", "--host", "0.0.0.0"]).count == 1)
        // A port that is not needed is no mistake.
        #expect(try self.bindings(["--port", "65535", "--no-tcp", "--no-grpc"]).count == 1)
    }

    @Test("limits, the window of recognised messages and the public address reach the binding")
    func limits() throws {
        let configuration = try #require(
            try self.tcp(["--max-body-bytes", "2000000", "--public-tcp-address", "agent.example.com:1"]))
        #expect(configuration.maxMessageBytes == 2_000_000)
        #expect(configuration.deduplicationWindow == RuntimeConfiguration().deduplicationWindow)
        #expect(configuration.publicAddress == "agent.example.com:1")
        #expect(configuration.cutsConnectionsAfter == nil)
        #expect(try self.tcp(["--cut-tcp-after", "0.5"])?.cutsConnectionsAfter == .milliseconds(500))
    }

    @Test("certificates are for every binding; those of callers are asked for over TCP, and required of all if told so")
    func certificates() throws {
        let files = ["--tls-certificate", "c", "--tls-key", "k"]
        for binding in try self.bindings(files + ["--tls-client-ca", "ca"]) {
            switch binding {
            case let http as HTTPBinding:
                #expect(http.configuration.tls?.certificateChain == "c")
                #expect(http.configuration.tls?.clientTrustRoots == nil)
            case let grpc as GRPCBinding:
                #expect(grpc.configuration.tls?.privateKey == "k")
                #expect(grpc.configuration.tls?.clientTrustRoots == nil)
            case let tcp as TCPBinding:
                #expect(tcp.configuration.tls?.clientTrustRoots == "ca")
                #expect(tcp.configuration.tls?.requiresClientCertificate == false)
            default: Issue.record("\(binding)")
            }
        }
        let required = files + ["--tls-client-ca", "ca", "--tls-require-client-certificate"]
        for binding in try self.bindings(required) {
            switch binding {
            case let http as HTTPBinding: #expect(http.configuration.tls?.clientTrustRoots == "ca")
            case let grpc as GRPCBinding: #expect(grpc.configuration.tls?.clientTrustRoots == "ca")
            case let tcp as TCPBinding: #expect(tcp.configuration.tls?.requiresClientCertificate == true)
            default: Issue.record("\(binding)")
            }
        }
    }

    @Test(
        "plaintext TCP beyond loopback is refused, with the three ways out",
        arguments: ["0.0.0.0", "::", "192.0.2.1", "agent.example.com"])
    func plaintext(_ host: String) throws {
        let error = #expect(throws: (any Error).self) { try AgentCommand.parse(["--host", host]) }
        let text = error.map { AgentCommand.message(for: $0) } ?? ""
        for way in ["--tls-certificate", "--no-tcp", "--insecure-plaintext-tcp"] { #expect(text.contains(way)) }
        let insecure = try self.tcp(["--host", host, "--insecure-plaintext-tcp"])
        #expect(insecure?.insecurelyAllowPlaintextBeyondLoopback == true)
        #expect(try self.tcp(["--host", host, "--tls-certificate", "c", "--tls-key", "k"])?.tls != nil)
        #expect(try self.tcp(["--host", host, "--no-tcp"]) == nil)
    }

    @Test("loopback needs none of them", arguments: ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
    func loopback(_ host: String) throws {
        #expect(try self.tcp(["--host", host])?.insecurelyAllowPlaintextBeyondLoopback == false)
    }

    @Test(
        "mistakes are told",
        arguments: [
            (["--tcp-port", "65536"], "--tcp-port"), (["--port", "65534"], "--tcp-port"),
            (["--tls-certificate", "c"], "go together"), (["--tls-client-ca", "c"], "--tls-certificate"),
            (["--tls-certificate", "c", "--tls-key", "k", "--tls-require-client-certificate"], "--tls-client-ca"),
            (["--public-tcp-address", "agent.example.com"], "has no port"),
            (["--public-tcp-address", "a2a+tls://agent.example.com"], "host:port"),
            (["--cut-tcp-after", "0"], "--cut-tcp-after"), (["--cut-tcp-after", "nan"], "--cut-tcp-after"),
            (["--public-url", "foo"], "--public-url is an http or https URL"),
            (["--public-url", "https://"], "--public-url"),
            (["--public-grpc-address", "x"], "--public-grpc-address is host:port"),
            (["--max-tasks", "0"], "--max-tasks takes a positive number, not 0"), (["--lease", "0"], "--lease"),
        ])
    func mistakes(_ arguments: [String], _ part: String) {
        let error = #expect(throws: (any Error).self) { try AgentCommand.parse(arguments) }
        #expect(error.map { AgentCommand.message(for: $0).contains(part) } == true, "\(String(describing: error))")
    }

    @Test("the banner names the bindings as people do")
    func banner() {
        let banner = Banner(endpoints: [
            BindingEndpoint(
                address: "http://h:1", interfaces: [A2AAgentInterface(url: "http://h:1/", binding: .jsonRPC)]),
            BindingEndpoint(
                address: "a2a+tcp://h:3", interfaces: [A2AAgentInterface(url: "a2a+tcp://h:3", binding: .tcp)]),
        ])
        #expect(banner.text.contains("  JSON-RPC    http://h:1/\n  TCP         a2a+tcp://h:3\n"))
        #expect(banner.text.hasSuffix("READY http://h:1\n"))
    }
}
