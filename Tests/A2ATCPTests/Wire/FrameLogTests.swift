import A2AServer
import HTTPTypes
import Logging
import Synchronization
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("The log of frames", .timeLimit(.minutes(1)))
struct FrameLogTests {
    /// Keeps what is logged.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { self.lines.withLock { $0 } }

        func logger(_ level: Logger.Level) -> Logger {
            var logger = Logger(label: "frames") { _ in Handler(lines: self) }
            logger.logLevel = level
            return logger
        }

        private struct Handler: LogHandler {
            let lines: Lines
            var logLevel = Logger.Level.info
            var metadata: Logger.Metadata = [:]

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { self.metadata[key] }
                set { self.metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                self.lines.lines.withLock { $0.append("\(event.message) \(self.metadata) \(event.metadata ?? [:])") }
            }
        }
    }

    private func play(_ client: Logger, _ server: Logger) async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.frameLog = server
        var options = TCPClientOptions()
        options.frameLog = client
        let limited = options
        try await withTCPAgent(configuration: configuration) { address in
            let service = try transport(address, options: limited)
            for authorization in ["Bearer s3cret", "s3cret", "Basic s3cret"] {
                let context = CallContext(
                    requestedExtensions: ["urn:s3cret"],
                    parameters: ServiceParameters([
                        .authorization: authorization, HTTPField.Name("x-api-key")!: "s3cret",
                        .cookie: "a=s3cret; s3cret=b",
                        HTTPField.Name("x-other")!: "s3cret",
                    ]))
                _ = try await service.sendMessage(.text("s3cret"), context: context)
            }
            _ = try await service.sendStreamingMessage(.text("stream s3cret b"), context: CallContext()).all()
            var get = A2AGetTaskRequest()
            get.id = "s3cret"
            let request = get
            await #expect(throws: A2AError.self) { try await service.getTask(request, context: CallContext()) }
        }
    }

    @Test("every frame has a line on both sides, and no secret is in any")
    func lines() async throws {
        let (client, server) = (Lines(), Lines())
        try await self.play(client.logger(.trace), server.logger(.trace))
        for lines in [client.all, server.all] {
            #expect(lines.allSatisfy { !$0.contains("s3cret") })
            for part in [
                "preface, version 1", "HELLO stream 0", "AUTH stream 0 flags 0 length", "octets withheld",
                "CALL stream 1 flags 0", "method 1", "MSG stream 1 flags 1", "REPLY stream 7", "seq 1",
                "DATA stream 7 flags 1",
                "RESET stream 9 flags 0", "code 0101", "connection",
            ] { #expect(lines.contains { $0.contains(part) }, "no \(part)") }
        }
        // What one side sent the other received.
        func plain(_ lines: [String], _ direction: String) -> [String] {
            lines.filter { $0.hasPrefix(direction) }.map { String($0.dropFirst(3).prefix { $0 != "[" }) }
        }
        let sent = plain(client.all, "->").filter { !$0.hasPrefix("GOAWAY") }
        #expect(sent == plain(server.all, "<-").filter { !$0.hasPrefix("GOAWAY") })
        #expect(sent.count > 10)
    }

    @Test("above trace level nothing is done")
    func off() async throws {
        let lines = Lines()
        try await self.play(lines.logger(.debug), lines.logger(.info))
        #expect(lines.all.isEmpty)
        #expect(TCPFrameLog(lines.logger(.debug)) == nil && TCPFrameLog(nil) == nil)
    }

    @Test("what is no frame is noted and not read on")
    func garbage() throws {
        let lines = Lines()
        let log = try #require(TCPFrameLog(lines.logger(.trace)))
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        for _ in 0..<2_000 {
            var octets = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { octets = RawPeer.greeting + octets }
            octets.withUnsafeBytes { log.note(.received, $0) }
        }
        Array("GET / HTTP/1.1\r\nAuthorization: s3cret\r\n\r\n".utf8).withUnsafeBytes { log.note(.received, $0) }
        #expect(lines.all.last?.hasPrefix("<- type 71 ") == true)
        #expect(lines.all.allSatisfy { !$0.contains("s3cret") }, "seed \(seed)")
    }
}
