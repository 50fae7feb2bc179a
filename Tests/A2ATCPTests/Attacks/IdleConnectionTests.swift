import Foundation
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

/// What a connection costs that is there and says nothing.
@Suite("Idle connections over TCP", .timeLimit(.minutes(3)))
struct IdleConnectionTests {
    /// Most resident octets of this process per idle connection without TLS: 32 KiB.
    private static let most = 32 << 10

    /// Connects as often as it is told to, greets, waits for the greetings of the server, and stays until its input ends.
    private static let program = """
        import resource, socket, sys
        port, count, greeting = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        peers = []
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", port))
            peer.sendall(greeting)
            peers.append(peer)
        for peer in peers:
            if len(peer.recv(16)) == 0:
                sys.exit("the server closed a connection")
        print("READY", flush=True)
        sys.stdin.read()
        """

    @Test("ten thousand idle connections take at most 32 KiB each, and others are served")
    func idle() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        defer {
            limit.rlim_cur = soft
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        // As many as the machine allows, with some left for everything else.
        let count = min(10_000, max(Int(clamping: limit.rlim_max) - 1_000, 100))
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxConnections = count + 10
        configuration.idleTimeout = .seconds(3_600)
        try await withTCPAgent(configuration: configuration) { address in
            let service = try transport(address)
            _ = try await service.sendMessage(.text("Hello"), context: CallContext())
            var settings = TCPSettings()
            settings.idleTimeoutSeconds = 3_600
            var greeting = TCPPreface.octets
            TCPHello(settings: settings).encode(into: &greeting)

            let before = residentBytes()
            let peers = Process()
            peers.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            peers.arguments = [
                "python3", "-c", Self.program, "\(port(address))", "\(count)",
                greeting.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(),
            ]
            let (input, output) = (Pipe(), Pipe())
            peers.standardInput = input
            peers.standardOutput = output
            try peers.run()
            let ready = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        returning: String(decoding: output.fileHandleForReading.availableData, as: UTF8.self))
                }
            }
            #expect(ready.hasPrefix("READY"))
            let each = (residentBytes() - before) / count
            print("idle connections over TCP: \(count), \(each) octets resident each")
            #expect(each <= Self.most, "\(each) octets for each of \(count) connections")
            #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
            try input.fileHandleForWriting.close()
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    peers.waitUntilExit()
                    continuation.resume()
                }
            }
            #expect(peers.terminationStatus == 0)
        }
    }
}
