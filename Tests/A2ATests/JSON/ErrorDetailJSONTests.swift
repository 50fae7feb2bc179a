import A2A
import SwiftProtobuf
import Testing

@Suite("Error details as JSON")
struct ErrorDetailJSONTests {
    private func encode(_ details: [ErrorDetail]) -> String {
        var output: [UInt8] = []
        ErrorDetailJSON.append(details, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func decode(_ text: String) -> [ErrorDetail] { ErrorDetailJSON.decode(Array(text.utf8)[...]) }

    @Test("each detail has its type and the names of ProtoJSON")
    func encodes() {
        #expect(self.encode([]) == "[]")
        #expect(
            self.encode([.errorInfo(reason: "TASK_NOT_FOUND", metadata: ["taskId": "a\"b", "a": ""])])
                == #"[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","#
                + #""domain":"a2a-protocol.org","metadata":{"a":"","taskId":"a\"b"}}]"#)
        #expect(
            self.encode([.badRequest([.init(field: "a", description: "b"), .init(field: "c", description: "d")])])
                == #"[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":"#
                + #"[{"field":"a","description":"b"},{"field":"c","description":"d"}]}]"#)
        #expect(
            self.encode([.retryInfo(.milliseconds(1500)), .other(type: "t/x", fields: ["n": 1, "@type": "no"])])
                == #"[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"},{"@type":"t/x","n":1}]"#)
    }

    @Test(
        "delays are seconds with up to nine digits",
        arguments: [
            (Duration.zero, "0s"), (.seconds(3), "3s"), (.nanoseconds(1), "0.000000001s"),
            (.milliseconds(-1500), "-1.5s"),
            (.seconds(90) + .microseconds(25), "90.000025s"), (.nanoseconds(-1), "-0.000000001s"),
        ])
    func delays(_ delay: Duration, text: String) {
        let json = self.encode([.retryInfo(delay)])
        #expect(json.contains("\"\(text)\""))
        #expect(self.decode(json) == [.retryInfo(delay)])
    }

    @Test("what is written is read again", arguments: 0..<10 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = CodecRandom(seed: seed)
        for _ in 0..<50 {
            let details = random.list(0...4) { random -> ErrorDetail in
                switch random.int(0...3) {
                case 0:
                    return .errorInfo(
                        reason: random.string(), domain: random.string(), metadata: ["k": random.string()])
                case 1:
                    return .badRequest(
                        random.list(0...2) { FieldViolation(field: $0.string(), description: $0.string()) })
                case 2: return .retryInfo(.milliseconds(random.int(-100_000...100_000)))
                default:
                    var fields = random.structure()
                    fields.fields["@type"] = nil
                    return .other(type: "x" + random.string(), fields: fields)
                }
            }
            #expect(self.decode(self.encode(details)) == details, "seed \(seed)")
        }
    }

    @Test("reading is tolerant of one object, other shapes and missing fields")
    func tolerant() {
        let info = #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"X"}"#
        #expect(self.decode(info) == [.errorInfo(reason: "X", domain: "")])
        #expect(self.decode("[1,null,{},{\"@type\":1},\(info)]") == [.errorInfo(reason: "X", domain: "")])
        for other in ["null", "\"text\"", "7", "[]", "{}", "", "x"] { #expect(self.decode(other).isEmpty, "\(other)") }
        let badDelay = #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"soon"}"#
        #expect(
            self.decode(badDelay) == [
                .other(type: "type.googleapis.com/google.rpc.RetryInfo", fields: ["retryDelay": "soon"])
            ])
        #expect(self.decode("[" + Array(repeating: info, count: 100).joined(separator: ",") + "]").count == 32)
    }
}
