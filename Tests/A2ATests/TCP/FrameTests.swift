import Testing

@testable import A2A

@Suite("A2A/TCP frames")
struct TCPFrameTests {
    @Test("a frame says what the vector says", arguments: TCPVectors.frames)
    func vectors(_ vector: TCPVectors.Vector) throws {
        let found = try frames(vector.octets)
        let expected = vector.expect["frames"]?.list ?? []
        #expect(found.map(TCPVectors.value) == expected.map(Self.normalized))
    }

    @Test("a frame is written as it was read", arguments: TCPVectors.frames)
    func encoding(_ vector: TCPVectors.Vector) throws {
        let found = try frames(vector.octets)
        let again = found.flatMap(\.octets)
        if case .hello = found.first {
            // Settings that are unknown or have the default are left out.
            #expect(try frames(again) == found)
        } else {
            #expect(again == vector.octets)
        }
    }

    @Test("a frame that is cut off is no frame yet", arguments: TCPVectors.frames)
    func cut(_ vector: TCPVectors.Vector) throws {
        let octets = Array(vector.octets.prefix(600))
        let complete = try frames(vector.octets)
        for count in 0..<octets.count {
            let found = try frames(Array(octets.prefix(count)))
            #expect(found == Array(complete.prefix(found.count)))
            #expect(found.count < complete.count)
        }
    }

    @Test("there are as many vectors as the specification promises")
    func count() {
        #expect(TCPVectors.frames.count + TCPVectors.errors.count >= 60)
        #expect(TCPVectors.transcripts.count >= 15)
    }

    @Test("every A2A error has a code and comes back from it")
    func errors() {
        for code in A2AError.Code.specified {
            let number = TCPErrorCode(code)
            #expect(Int(number.rawValue) == 0x100 - 32_000 - code.jsonRPC)
            #expect(number.a2aCode == code)
        }
        for code in A2AError.Code.generic { #expect(TCPErrorCode(code).a2aCode == code) }
        #expect(TCPErrorCode(rawValue: 0x7ABC).a2aCode == .internal)
        #expect(TCPErrorCode(rawValue: 0x01FF).a2aCode == .internal)
        #expect(TCPErrorCode(A2AError.Code(jsonRPC: -32050)) == .internal)
        #expect(TCPErrorCode.refused.description == "0201")
    }

    @Test("every operation has a number and comes back from it")
    func methods() {
        for (index, operation) in A2AOperation.allCases.enumerated() {
            #expect(TCPMethod(operation).rawValue == UInt8(index + 1))
            #expect(TCPMethod(operation).operation == operation)
            #expect(TCPMethod(operation).isIdempotent == operation.isIdempotent)
        }
        #expect(TCPMethod.getAgentCard.operation == nil && TCPMethod.getAgentCard.isKnown)
        #expect(TCPMethod.resumeStream.isStreaming && !TCPMethod(rawValue: 0x7F).isKnown)
    }

    @Test("texts that are too long end before a character, not within")
    func cutText() throws {
        let reset = TCPReset(.internal, String(repeating: "ü", count: 600) + "x")
        guard case .reset(_, let read)? = try frames(TCPFrame.reset(stream: 1, reset).octets).first else {
            Issue.record("no RESET")
            return
        }
        #expect(read.text == String(repeating: "ü", count: 512))
    }

    @Test("parameters know what a peer would refuse")
    func parameterProblems() {
        #expect(TCPParameters([("a", "1"), ("b.c-d_0", "")]).problem == nil)
        for bad: TCPParameters in [
            ["A": ""], ["": ""], ["a": "\n"], ["a": "1", "a": "2"], ["a": String(repeating: "x", count: 8_193)],
            TCPParameters((0..<65).map { ("k\($0)", "") }), ["a": "\u{7F}"],
        ] { #expect(bad.problem != nil) }
    }

    @Test("credentials do not appear where they are printed")
    func secrets() {
        let credentials = TCPCredentials(slot: 1, entries: [.init(.authorization, name: "Bearer", value: "s3cret")])
        #expect(!"\(credentials)".contains("s3cret"))
        #expect(!String(describing: TCPFrame.auth(credentials)).contains("s3cret"))
        let event = TCPEvent.credentials(credentials)
        for value in [credentials, credentials.entries, credentials.entries[0], event, TCPFrame.auth(credentials)]
            as [Any]
        {
            var dumped = ""
            dump(value, to: &dumped)
            #expect(!dumped.contains("s3cret") && !String(reflecting: value).contains("s3cret"))
            #expect(dumped.contains("Bearer"))
        }
    }

    /// HELLO as it is read: without settings that are unknown or have the default.
    private static func normalized(_ value: TCPVectors.Value) -> TCPVectors.Value {
        switch value {
        case .object(var members):
            if let settings = members["settings"] {
                let defaults = [1: 0, 2: 65_536, 3: 1 << 20, 4: 60, 6: 0, 7: 0, 8: 4, 9: 0]
                let kept = settings.list.filter {
                    guard let id = $0.list.first?.number, let standard = defaults[id] else { return false }
                    return $0.list.last?.number != standard
                }.sorted { ($0.list.first?.number ?? 0) < ($1.list.first?.number ?? 0) }
                members["settings"] = .list(kept)
            }
            for key in ["body", "details"] {
                if let text = members[key]?.text {
                    let octets = TCPVectors.octets(text)
                    members[key] = .text(
                        octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
                }
            }
            return .object(members)
        default: return value
        }
    }
}
