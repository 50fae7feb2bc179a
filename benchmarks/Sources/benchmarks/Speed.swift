import A2A
import A2AHTTP
import A2AServer
import A2ATesting
import ArgumentParser
import Hummingbird
import Logging
import ServiceLifecycle
import SwiftProtobuf

/// JSON-RPC SendMessage against a bare Hummingbird route that decodes and encodes the same message.
struct Speed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "JSON-RPC SendMessage against a bare route, over 32 connections, load generator included.")

    @Option(help: "Rounds of each; the median counts.")
    var rounds = 5

    @Option(help: "Seconds of one measurement.")
    var seconds = 3

    @Option(help: "Measures only one of bare, message, task; for profiling.")
    var only: String?

    func run() async throws {
        try await self.withBareServer { bare in
            let runtime = TaskRuntime(agent: HelloAgent(), card: .testCard(), logger: .silent)
            try await withAgentServer(runtime, logger: .silent) { base in
                let load = LoadGenerator(connections: 32, duration: .seconds(self.seconds))
                var rates: [String: [Double]] = [:]
                for _ in 0..<self.rounds {
                    for name in ["bare", "message", "task"] where self.only == nil || self.only == name {
                        let rate =
                            name == "bare"
                            ? try await load.run(bare) { Self.bareBody("text", $0) }
                            : try await load.run(base) { Self.rpcBody(name, $0) }
                        rates[name, default: []].append(rate)
                    }
                }
                let medians = rates.mapValues(\.median)
                print("speed: \(load.connections) connections, \(self.rounds) rounds of \(self.seconds) s, medians")
                report("bare route", medians["bare"] ?? 0, unit: " requests/s")
                report("JSON-RPC, direct reply", medians["message"] ?? 0, unit: " requests/s")
                report("JSON-RPC, task with one artifact", medians["task"] ?? 0, unit: " requests/s")
                report("direct reply / bare", (medians["message"] ?? 0) / (medians["bare"] ?? 1), target: "0.7 or more")
                report("task / bare", (medians["task"] ?? 0) / (medians["bare"] ?? 1), target: "0.5 or more")
            }
        }
    }

    static func rpcBody(_ text: String, _ number: Int) -> String {
        "{\"jsonrpc\":\"2.0\",\"id\":\(number),\"method\":\"SendMessage\",\"params\":\(self.bareBody(text, number))}"
    }

    private static func bareBody(_ text: String, _ number: Int) -> String {
        """
        {"message":{"messageId":"message-\(number)","role":"ROLE_USER",\
        "parts":[{"text":"\(text): please say hello to the whole world"}]},\
        "configuration":{"acceptedOutputModes":["text/plain"]}}
        """
    }

    /// A route that reads the same request, and writes an answer like the agent's.
    private func withBareServer(_ body: (String) async throws -> Void) async throws {
        let router = Router()
        router.post("/") { request, _ in
            let buffer = try await request.body.collect(upTo: 1 << 20)
            let input = try A2ASendMessageRequest(jsonUTF8Bytes: Array(buffer.readableBytesView))
            var reply = A2AMessage.agent("Hello", contextID: input.message.contextID)
            reply.messageID = input.message.messageID
            let output: [UInt8] = try A2ASendMessageResponse.message(reply).jsonUTF8Bytes()
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: output)))
        }
        let (ports, input) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                input.yield(channel.localAddress?.port ?? 0)
                input.finish()
            }, logger: .silent)
        try await withService(application) {
            for await port in ports { try await body("http://127.0.0.1:\(port)") }
        }
    }
}
