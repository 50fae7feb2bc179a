import Testing

@testable import A2A

@Suite("A2A/TCP conversations")
struct TCPConversationTests {
    @Test("a wrong frame gets the answer that the specification names", arguments: TCPVectors.errors)
    func errors(_ vector: TCPVectors.Vector) throws {
        for chunk in [Int.max, 1_000, 7] where chunk > 100 || vector.octets.count < 2_000 {
            let role: TCPRole = vector.direction == "to-listener" ? .listener : .initiator
            let steps = vector.after ?? []
            let hello = try TCPPlayer.hello(of: role, in: steps) ?? TCPHello()
            var player = TCPPlayer(role, hello: hello, plaintext: vector.plaintext == true)
            try player.play(steps, chunk: chunk)
            #expect(player.closure == nil && player.problems == [], "before the octets of the vector")
            let glitches = player.connection.glitchCount
            let before = player.written.count
            player.feed(vector.octets, chunk: chunk)
            let written = player.written.dropFirst(before)

            if let code = vector.expect["goaway"]?.text {
                guard case .goAway(let goAway)? = written.last else {
                    Issue.record("no GOAWAY but \(written)")
                    return
                }
                #expect(goAway.code.description == code)
                #expect(player.connection.isClosed && player.connection.openStreams == 0)
            } else if let reset = vector.expect["reset"] {
                let codes = written.compactMap { frame -> String? in
                    guard case .reset(let stream, let found) = frame else { return nil }
                    return "\(stream) \(found.code)"
                }
                #expect(codes == ["\(reset["stream"]?.number ?? 0) \(reset["code"]?.text ?? "")"])
                #expect(!player.connection.isClosed)
            } else if vector.expect["close"]?.text == "silent" {
                #expect(player.raw.isEmpty && written.isEmpty && player.closure == .notA2A)
            } else if vector.expect["close"]?.text == "preface" {
                #expect(player.raw == TCPPreface.octets && player.closure == .version(2))
            } else {
                #expect(written.isEmpty && !player.connection.isClosed)
                #expect(player.connection.glitchCount - glitches == vector.expect["ignored"]?["glitches"]?.number)
            }
        }
    }

    @Test(
        "both sides speak as in the transcript", arguments: TCPVectors.transcripts, [TCPRole.listener, .initiator])
    func transcripts(_ vector: TCPVectors.Vector, _ role: TCPRole) throws {
        let steps = vector.steps ?? []
        // What crosses on the wire cannot be played from the side that would have to look ahead.
        if role == .initiator, steps.contains(where: { $0.crossing == true }) { return }
        for chunk in [Int.max, 3] {
            let hello = try TCPPlayer.hello(of: role, in: steps) ?? TCPHello()
            var player = TCPPlayer(role, hello: hello)
            try player.play(steps, chunk: chunk)
            #expect(player.problems == [])
            #expect(player.written == [], "frames that the transcript does not have")
            var ends: [UInt32: String] = [:]
            if case .object(let streams)? = vector.expect["streams"] {
                for (id, how) in streams { ends[UInt32(id) ?? 0] = how.text }
            }
            #expect(player.ends == ends)
            #expect(player.connection.openStreams == 0 && player.connection.reservedOctets == 0)
            let state =
                switch player.closure {
                case nil: "open"
                case .drained: "drained"
                case .violation(let code, _): "goaway \(code)"
                case .goneAway(let goAway): "goaway \(goAway.code)"
                case .some(let other): "\(other)"
                }
            #expect(state == vector.expect["connection"]?.text)
        }
    }
}
