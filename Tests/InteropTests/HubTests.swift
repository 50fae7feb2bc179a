import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import Foundation
import Testing

/// `a2a hub` and agents that dial it, each in a process of its own.
@Suite("A hub and the agents that dial it", .timeLimit(.minutes(2)))
struct HubTests {
    /// A running hub.
    private struct Hub: Sendable {
        var base: String
        /// Where agents dial.
        var address: String
    }

    private static func withHub<Result: Sendable>(
        _ arguments: [String], _ body: (Hub) async throws -> Result
    ) async throws -> Result {
        let listening = ["hub", "--http-port", "0", "--grpc-port", "0", "--tcp-port", "0"]
        return try await ChildProcess.run(Programs.product("a2a"), listening + arguments) { child in
            var hub = Hub(base: "", address: "")
            for await line in child.lines {
                if let dial = line.firstMatch(of: /Agents dial +(\S+)/) { hub.address = String(dial.1) }
                guard line.hasPrefix("READY ") else { continue }
                hub.base = String(line.dropFirst("READY ".count))
                return try await body(hub)
            }
            throw Missing(description: "the hub ended: \(child.standardError)")
        }
    }

    /// An agent that dials, while `body` runs; it is given the address of its card.
    private static func withAgent<Result: Sendable>(
        _ arguments: [String], _ body: (String, ChildProcess) async throws -> Result
    ) async throws -> Result {
        try await ChildProcess.run(Programs.product("a2a-agent"), arguments + ["--no-listen", "--store", "memory"]) {
            child in
            for await line in child.lines where line.hasPrefix("READY ") {
                return try await body(String(line.dropFirst("READY ".count)), child)
            }
            throw Missing(description: "the agent ended: \(child.standardError)")
        }
    }

    private static func client(_ card: String, over binding: ProtocolBinding) async throws -> Client {
        var configuration = ClientConfiguration()
        configuration.preferredBindings = [binding]
        configuration.retry = .never
        return try await Client.discover(
            card, configuration: configuration, transport: HTTPTransportFactory(options: HTTPClientOptions()),
            additionalTransports: [GRPCTransportFactory(options: GRPCClientOptions())])
    }

    @Test(
        "an agent that is killed is away, and called again when it is started again",
        arguments: [ProtocolBinding.jsonRPC, .grpc])
    func killed(_ binding: ProtocolBinding) async throws {
        let name = "agent-\(UUID().uuidString)"
        try await Self.withHub(["--agent-token", "\(name)=secret"]) { hub async throws in
            let dial = ["--dial", hub.address, "--dial-name", name, "--dial-token", "secret"]
            let client = try await Self.withAgent(dial) { card, _ async throws in
                #expect(card == "\(hub.base)/\(name)/.well-known/agent-card.json")
                let client = try await Self.client(card, over: binding)
                #expect(try await client.send("Hello").text == "Hello")
                try Self.kill(name)
                // The hub learns of it by the end of the connection.
                var error: A2AError?
                while error == nil {
                    do { _ = try await client.send("Hello") } catch let failure as A2AError { error = failure }
                }
                #expect(error?.code == .unavailable)
                return client
            }
            try await Self.withAgent(dial) { _, _ async throws in
                #expect(try await client.send("Hello again").text == "Hello again")
            }
        }
    }

    /// SIGKILL to the program that has a text among its arguments, and to no other.
    private static func kill(_ argument: String) throws {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        for process in processes {
            guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { continue }
            let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            guard words.first?.hasSuffix("/a2a-agent") == true, words.contains(argument) else { continue }
            #expect(Foundation.kill(process, SIGKILL) == 0)
        }
    }

    @Test("an agent without the token is not taken, and is told why")
    func refused() async throws {
        try await Self.withHub(["--agent-token", "one=secret"]) { hub async throws in
            let dial = [
                "--dial", hub.address, "--dial-name", "one", "--dial-token", "wrong", "--no-listen", "--store",
                "memory",
            ]
            try await ChildProcess.run(Programs.product("a2a-agent"), dial) { child in
                while !child.standardError.contains("not that of the agent of this name") {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test(
        "an agent in plain Python, written from the specification, is called through the hub",
        arguments: [ProtocolBinding.jsonRPC, .grpc])
    func python(_ binding: ProtocolBinding) async throws {
        let script = Programs.root.appendingPathComponent("spec/bindings/tcp_reference.py").path
        try await Self.withHub(["--agent-token", "snake=secret", "--list-agents"]) { hub async throws in
            let place = String(hub.address.split(separator: "/").last ?? "")
            try await ChildProcess.run(
                URL(fileURLWithPath: "/usr/bin/env"), ["python3", script, "serve", place, "snake", "secret"]
            ) { child in
                for await line in child.lines where line.hasPrefix("REGISTERED ") { break }
                let client = try await Self.client("\(hub.base)/snake/.well-known/agent-card.json", over: binding)
                for number in 0..<20 { #expect(try await client.send("\(number)").text == "\(number)") }
                var events = 0
                for try await _ in try await client.stream("Hello") { events += 1 }
                #expect(events == 1)
            }
        }
    }
}
