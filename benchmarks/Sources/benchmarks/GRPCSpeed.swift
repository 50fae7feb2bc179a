import A2A
import A2AGRPC
import A2AServer
import A2ATesting
import ArgumentParser
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Logging
import SwiftProtobuf

/// gRPC SendMessage against a bare grpc-swift unary call with the same messages.
struct GRPCSpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grpc",
        abstract: "gRPC SendMessage against a bare unary call, 64 calls in flight on 4 connections, client included.")

    @Option(help: "Rounds of each; the median counts.")
    var rounds = 5

    @Option(help: "Seconds of one measurement.")
    var seconds = 3

    func run() async throws {
        let load = GRPCLoad(connections: 4, callsPerConnection: 16, duration: .seconds(self.seconds))
        let runtime = TaskRuntime(agent: HelloAgent(), card: .testCard(), logger: .silent)
        try await withBareServer { bare in
            try await withAgentServer(runtime, bindings: [.grpc(.ephemeral)], logger: .silent) { endpoints in
                var rates: [String: [Double]] = [:]
                let text = RequestTemplate("text")
                for _ in 0..<self.rounds {
                    rates["bare", default: []].append(try await load.run(bare) { text.request($0) })
                    for name in ["message", "task"] {
                        let template = RequestTemplate(name)
                        rates[name, default: []].append(
                            try await load.run(endpoints[0].address) { template.request($0) })
                    }
                }
                let medians = rates.mapValues(\.median)
                let bare = medians["bare"] ?? 1
                print("grpc: 64 calls in flight on 4 connections, \(self.rounds) rounds of \(self.seconds) s, medians")
                report("bare unary call", bare, unit: " calls/s")
                report("gRPC, direct reply", medians["message"] ?? 0, unit: " calls/s")
                report("gRPC, task with one artifact", medians["task"] ?? 0, unit: " calls/s")
                report("direct reply / bare", (medians["message"] ?? 0) / bare, target: "0.7 or more")
            }
        }
    }

    /// The same request as in `speed`, in binary.
    static func request(_ text: String, _ number: Int) -> [UInt8] { RequestTemplate(text).request(number) }
}

/// A request in binary that differs from another one in the number of its message only.
///
/// Making each anew would be most of what the caller does.
struct RequestTemplate: Sendable {
    private static let digits = 18
    private let octets: [UInt8]
    private let offset: Int

    init(_ text: String) {
        let id = String(repeating: "0", count: Self.digits)
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(
            role: .user, parts: [.text("\(text): please say hello to the whole world")], messageID: "message-\(id)")
        request.configuration.acceptedOutputModes = ["text/plain"]
        self.octets = (try? request.serializedBytes()) ?? []
        let digits = Array(id.utf8)
        let octets = self.octets
        self.offset = octets.indices.first { octets[$0...].starts(with: digits) } ?? 0
    }

    func request(_ number: Int) -> [UInt8] {
        var octets = self.octets
        var rest = number
        for place in (self.offset..<(self.offset + Self.digits)).reversed() {
            octets[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return octets
    }
}

/// Greets; with a text that begins with "task", by a task with one artifact.
struct HelloAgent: Agent {
    func run(_ turn: Turn) async throws {
        if turn.message.text.hasPrefix("task") {
            try await turn.append(.text("result"), toArtifact: "result", lastChunk: true)
        } else {
            try await turn.reply("Hello")
        }
    }
}

/// A server with nothing but grpc-swift: it reads the same request and writes an answer like the agent's.
private func withBareServer(_ body: (_ address: String) async throws -> Void) async throws {
    let server = GRPCServer(
        transport: .http2NIOPosix(address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext),
        services: [BareService()])
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.serve() }
        let address = try await server.listeningAddress
        try await body("127.0.0.1:\(address?.ipv4?.port ?? 0)")
        server.beginGracefulShutdown()
        try await group.waitForAll()
    }
}

private struct BareService: RegistrableRPCService {
    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: GRPCLoad.sendMessage, deserializer: ProtobufDeserializer<A2ASendMessageRequest>(),
            serializer: ProtobufSerializer<A2ASendMessageResponse>()
        ) { request, _ in
            let input = try await ServerRequest(stream: request).message
            var reply = A2AMessage.agent("Hello", contextID: input.message.contextID)
            reply.messageID = input.message.messageID
            return StreamingServerResponse(single: ServerResponse(message: A2ASendMessageResponse.message(reply)))
        }
    }
}
