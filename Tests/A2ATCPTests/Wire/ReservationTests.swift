import Testing

@testable import A2A

@Suite("Memory for messages in fragments")
struct ReservationTests {
    /// A connection and what has come to it that was not consumed.
    private struct Side {
        var connection: TCPConnection
        var unread: [TCPMessage] = []
        var calls: [UInt32] = []
        var failures = 0

        init(_ role: TCPRole, _ configuration: TCPConfiguration) {
            self.connection = TCPConnection(role, configuration, now: ReservationTests.now)
        }

        mutating func take(_ octets: [UInt8]) {
            var offset = 0
            while let event = octets.withUnsafeBytes({
                self.connection.receive($0, at: &offset, now: ReservationTests.now)
            }) {
                switch event {
                case .call(let stream, _): self.calls.append(stream)
                case .message(let message): self.unread.append(message)
                case .failed, .reset, .closed: self.failures += 1
                default: continue
                }
            }
        }
    }

    private static let now = TCPInstant(milliseconds: 0)

    @Test("what was consumed is given back while the next message arrives")
    func stream() throws {
        var settings = TCPSettings()
        settings.callCredit = 8
        var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
        configuration.loneFragment = 8_192
        var server = Side(.listener, configuration)
        // Room for a window of messages, and those that it cuts.
        configuration.hello.settings.callCredit = 0
        configuration.reassemblyLimit = 8 * 12_000
        var client = Side(.initiator, configuration)

        func exchange() {
            for _ in 0..<20 {
                var octets: [UInt8] = []
                _ = client.connection.output(into: &octets, limit: 1 << 20, now: Self.now)
                server.take(octets)
                octets = []
                _ = server.connection.output(into: &octets, limit: 1 << 20, now: Self.now)
                client.take(octets)
            }
        }
        exchange()
        guard case .stream(let stream) = client.connection.open(TCPCall(.init(.subscribeToTask)), now: Self.now) else {
            Issue.record("no credit")
            return
        }
        #expect(client.connection.send([1], isLast: true, on: stream) == .queued)
        exchange()
        #expect(server.calls == [stream])

        let body = [UInt8](repeating: 7, count: 12_000)
        var read = 0
        for _ in 0..<100 { #expect(server.connection.send(body, isLast: false, on: stream) == .queued) }
        while read < 100 {
            exchange()
            let message = try #require(client.unread.first, "after \(read) messages")
            client.unread.removeFirst()
            read += 1
            // However many follow, no more come than there is credit for.
            #expect(client.unread.count <= 6, "after \(read) messages")
            client.connection.consume(message.cost, on: stream)
            #expect(client.connection.reservedOctets <= 7 * 12_000, "after \(read) messages")
        }
        #expect(client.failures == 0)
    }
}
