import A2A
import A2AGRPC
import A2AHTTP
import A2AServer
import A2ATCP
import A2ATesting
import ArgumentParser
import Foundation
import Logging
import NIOSSL

/// A2A over TCP against the other bindings and against a plain TCP connection.
struct TCPSpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tcp",
        abstract: "A2A over TCP against gRPC, JSON-RPC, SSE, raw TCP and itself on TLS, callers included.")

    /// What is measured.
    enum Part: String, CaseIterable, ExpressibleByArgument {
        case unary, latency, stream, bulk, tls
    }

    @Option(help: "Rounds of each; the median counts.")
    var rounds = 5

    @Option(help: "Seconds of one measurement.")
    var seconds = 3

    @Option(help: "Measures only these; for profiling.")
    var only: [Part] = Part.allCases

    @Flag(help: "Leaves the other bindings out; for profiling.")
    var alone = false

    private static let inFlight = 64

    func run() async throws {
        print("tcp: one connection, \(self.rounds) rounds of \(self.seconds) s, medians")
        var retention = MemoryTaskStore.Retention()
        retention.bytes = 8 << 30
        retention.bytesPerTask = 2 << 30
        retention.eventBytesPerTask = 2 << 30
        let runtime = TaskRuntime(
            agent: LoadAgent(), card: .testCard(), store: MemoryTaskStore(retention: retention), logger: .silent)
        let certificates = try DevelopmentCertificates()
        var secure = TCPServerConfiguration.ephemeral
        secure.tls = certificates.files
        try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), .grpc(.ephemeral), .tcp(.ephemeral), .tcp(secure)], logger: .silent
        ) { endpoints in
            let servers = Servers(
                http: endpoints[0].address, grpc: endpoints[1].address, tcp: Self.port(endpoints[2].address),
                tls: Self.port(endpoints[3].address), trust: try certificates.trust())
            if self.only.contains(.unary) { try await self.unary(servers) }
            if self.only.contains(.latency) { try await self.latency(servers) }
            if self.only.contains(.stream) { try await self.stream(servers) }
            if self.only.contains(.bulk) { try await self.bulk(servers) }
            if self.only.contains(.tls) { try await self.tls(servers) }
        }
    }

    private struct Servers {
        var http: String
        var grpc: String
        var tcp: Int
        var tls: Int
        var trust: NIOSSLContext
    }

    private static func port(_ address: String) -> Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

    // MARK: Parts

    private func plan(_ text: String) -> TCPLoad.Plan {
        let template = RequestTemplate(text)
        var plan = TCPLoad.Plan { template.request($0) }
        plan.inFlight = Self.inFlight
        plan.duration = .seconds(self.seconds)
        return plan
    }

    private func unary(_ servers: Servers) async throws {
        let grpc = GRPCLoad(connections: 4, callsPerConnection: Self.inFlight / 4, duration: .seconds(self.seconds))
        let http = LoadGenerator(connections: Self.inFlight, duration: .seconds(self.seconds))
        var rates: [String: [Double]] = [:]
        for _ in 0..<self.rounds {
            rates["tcp", default: []].append(try await TCPLoad.run(self.plan("message"), port: servers.tcp).callRate)
            guard !self.alone else { continue }
            rates["task", default: []].append(try await TCPLoad.run(self.plan("task"), port: servers.tcp).callRate)
            let template = RequestTemplate("message")
            rates["grpc", default: []].append(try await grpc.run(servers.grpc) { template.request($0) })
            rates["http", default: []].append(try await http.run(servers.http) { Speed.rpcBody("message", $0) })
        }
        let medians = rates.mapValues(\.median)
        let tcp = medians["tcp"] ?? 0
        report("TCP, direct reply, \(Self.inFlight) calls in flight", tcp, unit: " calls/s")
        guard !self.alone else { return }
        report("TCP, task with one artifact", medians["task"] ?? 0, unit: " calls/s")
        report("gRPC, direct reply", medians["grpc"] ?? 0, unit: " calls/s")
        report("JSON-RPC, direct reply", medians["http"] ?? 0, unit: " calls/s")
        report("TCP / gRPC", tcp / (medians["grpc"] ?? 1), target: "2 or more")
        report("TCP / JSON-RPC", tcp / (medians["http"] ?? 1), target: "3 or more")
    }

    private func latency(_ servers: Servers) async throws {
        var plan = self.plan("message")
        plan.inFlight = 1
        plan.measuresLatency = true
        var calls: [Double] = []
        var raw: [Double] = []
        let size = GRPCSpeed.request("message", 123_456_789_012).count + 32
        for _ in 0..<self.rounds {
            let result = try await TCPLoad.run(plan, port: servers.tcp)
            let answer = result.octets / max(1, result.answers) + 8
            calls.append(result.latencies.median)
            raw.append(try await PingPong.run(request: size, answer: answer, rounds: result.latencies.count).median)
        }
        report("one call at a time, round trip", calls.median / 1_000, unit: " µs")
        report("raw TCP, the same sizes", raw.median / 1_000, unit: " µs")
        report("call / raw", calls.median / raw.median, target: "2 or less")
    }

    private func stream(_ servers: Servers) async throws {
        var plan = TCPLoad.Plan { GRPCSpeed.request("stream", $0) }
        plan.method = 0x02
        plan.calls = 1
        var tcp: [Double] = []
        var sse: [Double] = []
        for round in 0..<(4 * self.rounds) {
            let result = try await TCPLoad.run(plan, port: servers.tcp)
            guard result.events >= LoadAgent.events else {
                throw TCPLoad.Unexpected(what: "\(result.events) events")
            }
            tcp.append(Double(result.events) / result.elapsed.inSeconds)
            guard !self.alone else { continue }
            let body = Speed.rpcBody("stream", round).replacing("\"SendMessage\"", with: "\"SendStreamingMessage\"")
            let answer = try await SSELoad.run(servers.http, body: body)
            guard answer.events >= LoadAgent.events else {
                throw TCPLoad.Unexpected(what: "\(answer.events) events over SSE")
            }
            sse.append(Double(answer.events) / answer.elapsed.inSeconds)
        }
        report(
            "TCP, one stream of \(LoadAgent.events) events", tcp.median, unit: " events/s",
            target: "150 000, or 5 times SSE")
        guard !self.alone else { return }
        report("SSE, the same", sse.median, unit: " events/s")
        report("TCP / SSE", tcp.median / sse.median)
    }

    private func bulk(_ servers: Servers) async throws {
        var plan = self.plan("message")
        plan.inFlight = 1
        plan.measuresLatency = true
        plan.priority = 2
        plan.bulk = GRPCSpeed.request("bulk", Int.random(in: 0..<1_000_000_000))
        let result = try await TCPLoad.run(plan, port: servers.tcp)
        guard result.octets >= LoadAgent.bulkOctets else { throw TCPLoad.Unexpected(what: "\(result.octets) octets") }
        let sorted = result.latencies.sorted()
        report("artifact of 1 GiB", Double(LoadAgent.bulkOctets >> 20) / result.bulkTime.inSeconds, unit: " MiB/s")
        report(
            "\(sorted.count) small calls beside it on the same connection, p50", sorted.percentile(0.5) / 1e6,
            unit: " ms")
        report("p99", sorted.percentile(0.99) / 1e6, unit: " ms", target: "below 10 ms")
    }

    private func tls(_ servers: Servers) async throws {
        var rates: [String: [Double]] = [:]
        for _ in 0..<self.rounds {
            rates["plain", default: []].append(try await TCPLoad.run(self.plan("message"), port: servers.tcp).callRate)
            rates["tls", default: []].append(
                try await TCPLoad.run(self.plan("message"), port: servers.tls, tls: servers.trust).callRate)
        }
        let medians = rates.mapValues(\.median)
        report("TCP with TLS, direct reply", medians["tls"] ?? 0, unit: " calls/s")
        report("TLS / plaintext", (medians["tls"] ?? 0) / (medians["plain"] ?? 1), target: "0.7 or more")
    }
}

extension TCPLoad.Result {
    var callRate: Double { Double(self.answers) / self.elapsed.inSeconds }
}

extension [UInt64] {
    var median: Double { self.sorted().percentile(0.5) }

    /// Of a sorted array.
    func percentile(_ share: Double) -> Double {
        guard !self.isEmpty else { return .nan }
        return Double(self[Swift.min(self.count - 1, Int(Double(self.count) * share))])
    }
}

/// As ``HelloAgent``, and streams: of many small events, and of 1 GiB.
struct LoadAgent: Agent {
    static let events = 10_000
    static let bulkOctets = 1 << 30
    private static let chunk = Data(repeating: 0x61, count: 256 << 10)

    func run(_ turn: Turn) async throws {
        switch turn.message.text.prefix(4) {
        case "stre":
            let text = String(repeating: "x", count: 100)
            for _ in 0..<Self.events { try await turn.append(.text(text), toArtifact: "words") }
        case "bulk":
            for _ in 0..<(Self.bulkOctets / Self.chunk.count) {
                try await turn.append(.raw(Self.chunk), toArtifact: "bulk")
            }
        default: try await HelloAgent().run(turn)
        }
    }
}

/// A certificate for this machine, made for one run.
struct DevelopmentCertificates {
    let files: TCPServerConfiguration.TLSFiles
    private let root: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "a2a-benchmark-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.root = "\(folder)/server.pem"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-keyout", "\(folder)/server-key.pem", "-out", self.root, "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        self.files = .init(certificateChain: self.root, privateKey: "\(folder)/server-key.pem")
    }

    func trust() throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.applicationProtocols = ["a2a-tcp/1"]
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(self.root))
        return try NIOSSLContext(configuration: tls)
    }
}
