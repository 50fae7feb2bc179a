import A2A
import A2AServer
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import TestSupport
import Testing

@testable import A2AGRPC

@Suite("Health", .timeLimit(.minutes(1)))
struct HealthTests {
    private static let check = MethodDescriptor("grpc.health.v1.Health", "Check")
    private static let watch = MethodDescriptor("grpc.health.v1.Health", "Watch")

    private static func request(_ service: String) throws -> [UInt8] {
        var request = Grpc_Health_V1_HealthCheckRequest()
        request.service = service
        return try request.serializedBytes()
    }

    @Test("the server and the agent are well", arguments: ["", "lf.a2a.v1.A2AService"])
    func serving(_ service: String) async throws {
        try await withGRPCAgent { address in
            // Without any A2A metadata, as probes come.
            let answer = try await rawCall(address, Self.check, metadata: [:], [Self.request(service)])
            #expect(answer.status?.code == .ok)
            #expect(try answer.message(Grpc_Health_V1_HealthCheckResponse.self).status == .serving)
        }
    }

    @Test("a service that is not known")
    func unknown() async throws {
        try await withGRPCAgent { address in
            let answer = try await rawCall(address, Self.check, metadata: [:], [Self.request("a.b.C")])
            #expect(answer.status?.code == .notFound)
        }
        let status = ServingStatus(services: ["a"])
        var iterator = status.watch("b").makeAsyncIterator()
        #expect(await iterator.next() == .serviceUnknown)
    }

    @Test("who watches is told of the shutdown before the connection goes")
    func watchesShutdown() async throws {
        let begun = Signal()
        let seen = try await withThrowingTaskGroup(
            of: [Grpc_Health_V1_HealthCheckResponse.ServingStatus].self
        ) { group in
            try await withGRPCAgent { address in
                group.addTask {
                    try await withRawTransport(address) { transport in
                        try await transport.withStream(descriptor: Self.watch, options: .defaults) { stream, _ in
                            var seen: [Grpc_Health_V1_HealthCheckResponse.ServingStatus] = []
                            try await stream.outbound.write(.metadata([:]))
                            try await stream.outbound.write(.message(Bytes(Self.request(""))))
                            await stream.outbound.finish()
                            for try await part in stream.inbound {
                                guard case .message(let bytes) = part else { continue }
                                let response = try Grpc_Health_V1_HealthCheckResponse(
                                    serializedBytes: bytes.withUnsafeBytes { Array($0) })
                                seen.append(response.status)
                                begun.raise()
                            }
                            return seen
                        }
                    }
                }
                await begun.wait()
            }
            return try await group.next() ?? []
        }
        #expect(seen.first == .serving)
    }

    @Test("the status changes once, and everybody who watches hears of it")
    func status() async {
        let status = ServingStatus(services: ["a"])
        #expect(status.status(of: "a") == .serving)
        #expect(status.status(of: "b") == nil)
        var first = status.watch("a").makeAsyncIterator()
        #expect(await first.next() == .serving)
        status.beginShutdown()
        #expect(await first.next() == .notServing)
        #expect(await first.next() == nil)
        #expect(status.status(of: "") == .notServing)
        var late = status.watch("").makeAsyncIterator()
        #expect(await late.next() == .notServing)
        #expect(await late.next() == nil)
    }
}
