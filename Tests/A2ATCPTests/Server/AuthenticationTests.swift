import A2AServer
import A2ATesting
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("Who calls over TCP", .timeLimit(.minutes(1)))
struct TCPAuthenticationTests {
    /// Tokens of the form `name-number`, each valid for a minute from when it is seen.
    private static let tokens = ClosureAuthenticator { _, context in
        guard let token = context.parameters["authorization"]?.split(separator: " ").last, token != "wrong" else {
            throw A2AError(.unauthenticated, "Say who you are.", challenge: "Bearer")
        }
        return AuthenticatedCaller(
            Principal(id: String(token.split(separator: "-").first ?? "")), validFor: .seconds(60))
    }

    /// A service that answers sends with the caller's name, and has an endless stream.
    private static let service = StubService(
        onSend: { _, context in .message(A2AMessage(role: .agent, parts: [.text(context.principal.id)])) },
        onSubscribe: { _, _ in
            let rest = Rest([StreamEvent(.task(A2ATask(id: "t", status: .init(.working))), generation: 1)])
            return EventStream {
                ClosureSource({
                    if let event = rest.next() { return event }
                    try await waitForCancellation()
                    return nil
                })
            }
        })

    private func serve(
        _ clock: ManualClock = ManualClock(), configuration: TCPServerConfiguration = .ephemeral,
        _ body: (String) async throws -> Void
    ) async throws {
        let service = Self.service.with(AuthenticationMiddleware(Self.tokens, clock: clock))
        try await withTCPService(service, configuration: configuration, body)
    }

    private static let send = TCPMethod(.sendMessage)
    private static let hello = #"{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"hi"}]}}"#

    @Test("a call is made with what its slot says when CALL comes, whatever comes into the slot before the request")
    func atCall() async throws {
        try await self.serve { address in
            try await FramePeer.dial(address) { peer in
                try await peer.send(.bearer("alice-1"), .call(1, Self.send, slot: 1), .bearer("bob-1"))
                try await peer.send(.ping(opaque: 1, isAcknowledgement: false))
                _ = try await peer.next { if case .ping = $0 { true } else { nil } }
                try await peer.send(.message(1, Self.hello))
                let first = try await peer.message(on: 1)
                #expect(String(decoding: first ?? [], as: UTF8.self).contains("alice"))
                try await peer.send(.call(3, Self.send, slot: 1), .message(3, Self.hello))
                let second = try await peer.message(on: 3)
                #expect(String(decoding: second ?? [], as: UTF8.self).contains("bob"))
            }
        }
    }

    @Test("a refused call hears so before its request has come, with the challenge")
    func onCall() async throws {
        try await self.serve { address in
            try await FramePeer.dial(address) { peer in
                try await peer.send(.bearer("wrong"))
                for (stream, slot) in [(UInt32(1), UInt16(1)), (3, 0)] {
                    try await peer.send(.call(stream, Self.send, slot: slot))
                    let reset = try #require(try await peer.reset(of: stream))
                    #expect(reset.code == .unauthenticated && !reset.isNotProcessed)
                    #expect(String(decoding: reset.details, as: UTF8.self).contains("wwwAuthenticate"))
                }
                // The card is for everybody.
                try await peer.send(.call(5, .getAgentCard), .message(5, "{}"))
                let reset = try await peer.reset(of: 5)
                #expect(reset?.text == "The test does not use this.")
            }
        }
    }

    @Test(
        "when the credential of a stream ends, its slot decides",
        arguments: [
            ("alice-2", TCPErrorCode?.none), ("bob-1", .permissionDenied), ("wrong", .unauthenticated),
            ("", .unauthenticated),
        ])
    func renewal(_ token: String, _ code: TCPErrorCode?) async throws {
        let clock = ManualClock()
        try await self.serve(clock) { address in
            try await FramePeer.dial(address) { peer in
                try await peer.send(
                    .bearer("alice-1"), .call(1, .init(.subscribeToTask), slot: 1), .message(1, #"{"id":"t"}"#))
                _ = try await peer.message(on: 1)
                await clock.untilSomebodySleeps()
                try await peer.send(.bearer(token.isEmpty ? nil : token), .ping(opaque: 1, isAcknowledgement: false))
                _ = try await peer.next { if case .ping = $0 { true } else { nil } }
                clock.advance(by: .seconds(60))
                if let code {
                    #expect(try await peer.reset(of: 1)?.code == code)
                } else {
                    // The stream's next term has begun.
                    await clock.untilSomebodySleeps()
                    try await peer.send(.reset(stream: 1, TCPReset(.canceled)), .call(3, Self.send, slot: 1))
                    try await peer.send(.message(3, Self.hello))
                    let answer = try await peer.next { frame -> String? in
                        switch frame {
                        case .reset(let stream, let reset): "\(stream) \(reset.code)"
                        case .message(3, _, let body, _): String(decoding: body, as: UTF8.self)
                        default: nil
                        }
                    }
                    #expect(answer?.contains("alice") == true)
                }
            }
        }
    }

    // MARK: Before the peer is known

    @Test("until a peer is known it has eight calls and 64 KiB of a request; then the rest comes")
    func unknown() async throws {
        try await self.serve { address in
            try await FramePeer.dial(address) { peer in
                let hello = try await peer.next { if case .hello(let hello) = $0 { hello } else { nil } }
                #expect(hello?.settings.callCredit == 8 && hello?.settings.streamCredit == 65_536)
                // The card's request is never so large; it is not served before it is complete.
                let total = 100_000
                try await peer.send(
                    .call(1, .getAgentCard), .message(1, String(repeating: " ", count: 60_000), of: total))
                // What the first causes stands before the second answer.
                var between: [TCPFrame] = []
                for opaque in [UInt64(1), 2] {
                    try await peer.send(.ping(opaque: opaque, isAcknowledgement: false))
                    while let frame = try await peer.next(), frame != .ping(opaque: opaque, isAcknowledgement: true) {
                        between.append(frame)
                    }
                }
                #expect(between == [], "no CREDIT")
                try await peer.send(.bearer("alice-1"), .call(3, Self.send, slot: 1), .message(3, Self.hello))
                var granted: [UInt32: UInt32] = [:]
                while granted.count < 2 {
                    let credit = try await peer.next { frame -> (stream: UInt32, increment: UInt32)? in
                        if case .credit(let stream, let increment) = frame { (stream, increment) } else { nil }
                    }
                    guard let credit else { break }
                    granted[credit.stream] = credit.increment
                }
                #expect(Set(granted.keys) == [0, 1])
                #expect(granted[0] ?? 0 >= 992)
            }
        }
    }

    @Test("eight calls at a time are there for one who only reads the card, however often")
    func cards() async throws {
        try await self.serve { address in
            try await FramePeer.dial(address) { peer in
                for index in UInt32(0)..<50 {
                    let stream = 2 * index + 1
                    try await peer.send(.call(stream, .getAgentCard), .message(stream, "{}"))
                    #expect(try await peer.reset(of: stream)?.code == TCPErrorCode(.unsupportedOperation))
                }
            }
        }
    }

    @Test("a connection on which nobody authenticates is given up")
    func timeout() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.authenticationTimeout = .milliseconds(50)
        try await self.serve(configuration: configuration) { address in
            try await FramePeer.dial(address) { peer in
                let (code, next) = (try await peer.goAway(), try await peer.next())
                #expect(code == .noError && next == nil)
            }
        }
    }

    @Test("unknown connections of one address are bounded; who is known, is on loopback or has gone does not count")
    func addresses() throws {
        var configuration = TCPServerConfiguration()
        configuration.maxUnauthenticatedConnectionsPerAddress = 2
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connections = TCPServerConnections(configuration, requiresAuthentication: true)
        func admit(_ address: String) throws -> TCPChannelHandler? {
            connections.admit(from: try SocketAddress(ipAddress: address, port: 1), eventLoop: loop)
        }
        let first = try #require(try admit("192.0.2.1"))
        let second = try #require(try admit("::ffff:192.0.2.1"))
        #expect(try admit("192.0.2.1") == nil)
        #expect(try admit("192.0.2.2") != nil)
        first.notePeerIsKnown()
        first.notePeerIsKnown()
        #expect(try admit("192.0.2.1") != nil)
        #expect(try admit("192.0.2.1") == nil)
        connections.remove(first)
        #expect(try admit("192.0.2.1") == nil, "counted once only")
        connections.remove(second)
        #expect(try admit("192.0.2.1") != nil)
        // One network of IPv6 is one address.
        #expect(try admit("2001:db8::1") != nil)
        #expect(try admit("2001:db8::2") != nil)
        #expect(try admit("2001:db8::3") == nil)
        #expect(try admit("2001:db8:0:1::3") != nil)
        for _ in 0..<5 { #expect(try admit("127.0.0.1") != nil) }

        let open = TCPServerConnections(configuration, requiresAuthentication: false)
        for _ in 0..<5 {
            #expect(open.admit(from: try SocketAddress(ipAddress: "192.0.2.1", port: 1), eventLoop: loop) != nil)
        }
    }

    // MARK: Certificates

    @Test("the principal of a certificate: a SPIFFE URI, another one, a DNS name, in this order")
    func principal() {
        let uris = ["https://example.com/a", "spiffe://example.com/b", "spiffe://example.com/c"]
        #expect(TCPSecurity.principal(uris: uris, names: ["a.example.com"]).id == "spiffe://example.com/b")
        #expect(TCPSecurity.principal(uris: [uris[0]], names: ["a.example.com"]).id == "https://example.com/a")
        #expect(TCPSecurity.principal(uris: [], names: ["a.example.com", "b.example.com"]).id == "a.example.com")
        #expect(TCPSecurity.principal(uris: [], names: []).isAnonymous)
    }

    @Test("a token that is bound to a certificate is taken on connections with it and refused on others")
    func boundToken() async throws {
        // What the token would have as `cnf.x5t#S256`: `openssl x509 -in client.pem -outform DER | sha256sum`, in base64url.
        let thumbprint = "HTZ0dv2r6rphWFAbIlLCpht7JSAUu34TqEVTA7nFN3s"
        let authenticator = ClosureAuthenticator { _, context in
            guard context.evidence?.certificate?.thumbprint == thumbprint else {
                throw A2AError(.unauthenticated, "The token belongs to another certificate.", challenge: "Bearer")
            }
            return Principal(id: "bound")
        }
        let service = Self.service.with(AuthenticationMiddleware(authenticator))
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"),
            clientTrustRoots: certificate("ca.pem"))
        var options = TCPClientOptions()
        options.additionalTrustRootsPEM = try pem("ca.pem")
        let without = options
        options.clientCertificatePEM = try pem("client.pem")
        options.clientKeyPEM = try pem("client-key.pem")
        let with = options
        try await withTCPService(service, configuration: configuration) { address in
            let answer = try await transport(address, options: with).sendMessage(.text("hi"), context: CallContext())
            #expect(answer.text == "bound")
            let error = await #expect(throws: A2AError.self) {
                try await transport(address, options: without).sendMessage(.text("hi"), context: CallContext())
            }
            #expect(error?.code == .unauthenticated)
        }
    }
}
