import A2A
import A2AClient
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATesting
import ArgumentParser
import Logging

/// An agent called by our client through a gateway, against the same agent called without one.
struct GatewaySpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "SendMessage with a direct reply through a gateway and without, 32 callers, all in this process.")

    @Option(help: "Rounds of each; the median counts.")
    var rounds = 5

    @Option(help: "Seconds of one measurement.")
    var seconds = 3

    private static let callers = 32

    /// The bindings before and behind the gateway. Only with the same on both sides is the gateway one more hop of a kind.
    private static let ways: [(name: String, front: ProtocolBinding, back: ProtocolBinding, target: String)] = [
        ("JSON-RPC to JSON-RPC", .jsonRPC, .jsonRPC, "0.4 or more"),
        ("HTTP+JSON to HTTP+JSON", .httpJSON, .httpJSON, "0.4 or more"),
        ("gRPC to gRPC", .grpc, .grpc, "0.4 or more"),
        ("JSON-RPC to gRPC", .jsonRPC, .grpc, ""),
        ("gRPC to JSON-RPC", .grpc, .jsonRPC, ""),
    ]

    func run() async throws {
        let runtime = TaskRuntime(agent: HelloAgent(), card: .testCard(), logger: .silent)
        try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), .grpc(.ephemeral)], logger: .silent
        ) { _ in
            let measured = "\(self.rounds) rounds of \(self.seconds) s, medians"
            print("gateway: \(Self.callers) callers, direct replies, \(measured)")
            for way in Self.ways {
                let gateway = try Gateway(
                    upstream: runtime.card, transports: Self.transports(), preferences: [way.back], logger: .silent)
                try await withBindings(
                    [.http(.ephemeral), .grpc(.ephemeral)], of: gateway, logger: .silent
                ) { front in
                    gateway.interfaces = front.flatMap(\.interfaces)
                    let shown = try await gateway.getAgentCard(context: CallContext())
                    var direct: [Double] = []
                    var through: [Double] = []
                    for _ in 0..<self.rounds {
                        direct.append(try await self.rate(runtime.card, over: way.front))
                        through.append(try await self.rate(shown, over: way.front))
                    }
                    report("\(way.name), direct", direct.median, unit: " calls/s")
                    report("\(way.name), through the gateway", through.median, unit: " calls/s")
                    report("through / direct", through.median / direct.median, target: way.target)
                }
            }
        }
    }

    private static func transports() throws -> [any TransportFactory] {
        [try HTTPTransportFactory(options: HTTPClientOptions()), GRPCTransportFactory()]
    }

    /// Calls per second that our client makes.
    private func rate(_ card: A2AAgentCard, over binding: ProtocolBinding) async throws -> Double {
        var configuration = ClientConfiguration()
        configuration.preferredBindings = [binding]
        let client = try Client(card: card, transports: Self.transports(), configuration: configuration)
        let start = ContinuousClock.now
        let end = start + .seconds(self.seconds)
        let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<Self.callers {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        _ = try await client.send("text: please say hello to the whole world")
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(answers) / (ContinuousClock.now - start).inSeconds
    }
}
