import Testing

@testable import A2A
@testable import A2ATCP

@Suite("Errors in RESET")
struct ErrorWireTests {
    private static let all = A2AError.Code.specified + A2AError.Code.generic

    @Test("every error comes back as it went, in both encodings", arguments: TCPEncoding.allCases)
    func roundTrip(_ encoding: TCPEncoding) {
        for code in Self.all {
            let error = A2AError(
                code, "What was wrong.",
                details: [
                    .errorInfo(reason: code.reason, metadata: ["a": "b"]), .retryInfo(.milliseconds(1_500)),
                    .badRequest([FieldViolation(field: "x", description: "y")]),
                    .other(type: "type.example.com/T", fields: ["k": "v"]),
                ])
            let reset = TCPReset(error, encoding: encoding)
            let back = A2AError(reset, encoding: encoding, address: "a")
            #expect(back.code == code)
            #expect(back.message == error.message)
            #expect(back.details == error.details, "\(code.name)")
            #expect(reset.retryAfterMilliseconds == 1_500)
        }
    }

    @Test("without details, the code says which error it is")
    func bare() {
        #expect(A2AError(TCPReset(.permissionDenied), encoding: .json, address: "a").code == .permissionDenied)
        #expect(
            A2AError(TCPReset(.init(rawValue: 0x7777), "x"), encoding: .protobuf, address: "a").code == .internal)
        let refused = A2AError(TCPReset(.refused, notProcessed: true), encoding: .protobuf, address: "a")
        #expect(refused.code == .unavailable)
        #expect(A2AError(TCPReset(.resumeGap), encoding: .protobuf, address: "a").code == .resumeGap)
    }

    @Test("details that are too long are cut from the end, and garbage is no error", arguments: TCPEncoding.allCases)
    func limits(_ encoding: TCPEncoding) {
        let violations = (0..<2_000).map { FieldViolation(field: "field\($0)", description: "is wrong in some way") }
        let reset = TCPReset(A2AError.invalidParams(violations), encoding: encoding)
        #expect(reset.details.count <= TCPReset.maxDetailsOctets)
        let back = A2AError(reset, encoding: encoding, address: "a")
        #expect(back.code == .invalidParams)
        #expect(!back.fieldViolations.isEmpty)
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        for _ in 0..<500 {
            let octets = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let error = A2AError(TCPReset(.unavailable, details: octets), encoding: encoding, address: "a")
            #expect(error.message.isEmpty == false, "seed \(seed)")
        }
    }

    @Test("cursors, as they are written and as they may not be")
    func cursors() {
        #expect(TCPCursor("00000000deadbeef:41") == TCPCursor(epoch: 0xDEAD_BEEF, number: 41))
        #expect(TCPCursor(epoch: 0xDEAD_BEEF, number: 41).text == "00000000deadbeef:41")
        for text in [
            "", ":", "00000000deadbeef", "00000000DEADBEEF:41", "0000000deadbeef:41", "00000000deadbeef:",
            "00000000deadbeef:-1", "00000000deadbeef:99999999999999999999", "00000000deadbeef:1:2",
        ] { #expect(TCPCursor(text) == nil, "\(text)") }
    }

    @Test("trace contexts, as they are written and as they may not be")
    func traces() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(TCPTraceContext(header)?.header == header)
        for text in [
            "", "01" + header.dropFirst(2), "00-" + String(repeating: "0", count: 32) + "-00f067aa0ba902b7-01",
            header.uppercased(), header + "-x",
        ] { #expect(TCPTraceContext(text) == nil, "\(text)") }
    }
}
