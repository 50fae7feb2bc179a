import Testing

@testable import A2AConformance

@Suite("Frames of the judge")
struct FrameStepTests {
    private func bytes(_ yaml: String) throws -> [UInt8] {
        var writer = FrameWriter()
        try writer.write(try YAMLNode(parsing: yaml, file: "f.yaml").json)
        return writer.bytes
    }

    private func frame(_ hex: String, encoding: UInt8 = 1) throws -> FrameView {
        var bytes = try FrameWriter.hex(.string(hex))[...]
        var frame = try #require(FrameView(taking: &bytes))
        #expect(bytes.isEmpty)
        frame.read(encoding: encoding)
        return frame
    }

    // The examples of spec/bindings/tcp.md, appendix A.
    @Test(
        "are made as the specification has them",
        arguments: [
            ("preface", "41 32 41 2f 54 43 50 01"),
            ("{hello: {}}", "01 00 00 01 00 00 00 00 00"),
            (
                "{hello: {settings: [[CALL_CREDIT, 100], [STREAM_CREDIT, 65536], [MAX_MESSAGE, 4194304], [IDLE_TIMEOUT, 60], [\"6\", 300]]}}",
                """
                01 00 00 1f 00 00 00 00 05 00 01 00 00 00 64 00 02 00 01 00 00 00 03 00 40 00 00 00 04 00 00
                00 3c 00 06 00 00 01 2c
                """
            ),
            (
                "{auth: {slot: 1, entries: [{kind: 1, name: Bearer, value: abc}]}}",
                "02 00 00 0f 00 00 00 00 00 01 01 06 42 65 61 72 65 72 00 03 61 62 63"
            ),
            (
                "{call: {stream: 1, method: GetTask, encoding: protobuf, timeout_ms: 5000, slot: 1}}",
                "03 00 00 0c 00 00 00 01 03 01 01 00 00 00 13 88 01 00 00 01"
            ),
            ("{msg: {stream: 1, of: GetTask, protobuf: {id: t1}}}", "05 01 00 08 00 00 00 01 00 00 00 04 12 02 74 31"),
            (
                "{msg: {stream: 3, json: {id: t1}}}",
                "05 01 00 0f 00 00 00 03 00 00 00 0b 7b 22 69 64 22 3a 22 74 31 22 7d"
            ),
            (
                "{call: {stream: 5, method: SubscribeToTask, encoding: 1, priority: 2, slot: 1, trace: 4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701}}",
                """
                03 01 00 25 00 00 00 05 06 01 01 00 00 00 00 00 02 00 00 01 4b f9 2f 35 77 b3 4d a6 a3 ce 92 9d
                0e 0e 47 36 00 f0 67 aa 0b a9 02 b7 01
                """
            ),
            ("{msg: {stream: 1, total: 5, end: false, hex: 6162 63}}", "05 00 00 07 00 00 00 01 00 00 00 05 61 62 63"),
            ("{data: {stream: 1, hex: 6465}}", "06 01 00 02 00 00 00 01 64 65"),
            ("{data: {stream: 7}}", "06 01 00 00 00 00 00 07"),
            ("{credit: {stream: 0, increment: 50}}", "07 00 00 04 00 00 00 00 00 00 00 32"),
            ("{reset: {stream: 7, code: CANCELED}}", "08 00 00 08 00 00 00 07 00 01 00 00 00 00 00 00"),
            ("{ping: {}}", "09 00 00 08 00 00 00 00 01 02 03 04 05 06 07 08"),
            ("{ping: {ack: true}}", "09 01 00 08 00 00 00 00 01 02 03 04 05 06 07 08"),
            ("{frame: {type: 11, flags: 255, length: 9, stream: 2, payload: ff}}", "0b ff 00 09 00 00 00 02 ff"),
            (
                "{repeat: {times: 2, step: 2, frames: [{data: {stream: 1}}]}}",
                "06 01 00 00 00 00 00 01 06 01 00 00 00 00 00 03"
            ),
        ])
    func writing(_ yaml: String, _ hex: String) throws {
        #expect(try self.bytes(yaml) == FrameWriter.hex(.string(hex)))
    }

    @Test("are read as the specification has them")
    func reading() throws {
        #expect(
            try self.frame("08 00 00 14 00 00 00 01 01 01 00 0c 00 00 00 00 6e 6f 20 73 75 63 68 20 74 61 73 6b").json
                == [
                    "frame": "RESET", "stream": 1, "flags": 0, "length": 20, "code": "TASK_NOT_FOUND",
                    "not_processed": false, "retry_after_ms": 0, "text": "no such task",
                ])
        let refused = try self.frame("08 01 00 08 00 00 00 09 02 01 00 00 00 00 00 fa").json
        #expect(refused["code"] == "REFUSED" && refused["not_processed"] == true && refused["retry_after_ms"] == 250)
        #expect(try self.frame("04 00 00 08 00 00 00 07 00 00 00 00 de ad be ef").json["epoch"] == "00000000deadbeef")
        let event = try self.frame(
            "05 04 00 16 00 00 00 07 00 00 00 0a 00 00 00 00 00 00 00 29 0a 08 0a 02 74 31 1a 02 08 02")
        #expect(event.json["seq"] == 41 && event.json["end"] == false && event.json["octets"] == 10)
        let drain = try self.frame("0a 00 00 10 00 00 00 00 00 00 00 09 03 00 00 00 00 00 27 10 00 00 03 e8").json
        #expect(drain["code"] == "NO_ERROR" && drain["last_stream"] == 9 && drain["grace_ms"] == 10_000)
        let hello = try self.frame("01 00 00 0b 00 00 00 00 01 00 01 00 00 00 64 01 61 00 00")
        #expect(hello.json["settings"] == ["CALL_CREDIT": 100] && hello.json["parameters"] == ["a": ""])
    }

    @Test(
        "that no peer may send have a problem",
        arguments: [
            "0b 00 00 00 00 00 00 00", "09 02 00 08 00 00 00 00 00 00 00 00 00 00 00 00",
            "09 00 00 07 00 00 00 00 00 00 00 00 00 00 00", "09 00 00 08 00 00 00 01 00 00 00 00 00 00 00 00",
            "01 00 00 02 00 00 00 00 01 00", "04 00 00 0a 00 00 00 01 00 00 00 00 00 00 00 00 05 61",
            "08 00 00 08 00 00 00 01 01 01 00 01 00 00 00 00",
            "0a 00 00 10 00 00 00 00 00 00 00 00 03 00 00 01 00 00 00 00 00 00 00 00",
        ])
    func problems(_ hex: String) throws { #expect(try self.frame(hex).problem != nil) }

    @Test("a frame that is not whole is waited for")
    func incomplete() throws {
        for count in 0..<16 {
            var bytes = try FrameWriter.hex("09 00 00 08 00 00 00 00 01 02 03 04 05 06 07 08").prefix(count)
            #expect(FrameView(taking: &bytes) == nil)
        }
    }

    @Test(
        "steps that say nothing right are refused with their line",
        arguments: [
            ("x-tcp: []", "does nothing"), ("x-tcp: [{shout: x}]", "unknown key 'shout'"),
            ("x-tcp: [{send: [hello]}]", "must be a map with one member"),
            ("x-tcp: [{send: [{hi: {}}]}]", "unknown frame 'hi'"),
            ("x-tcp: [{send: [{ping: {opaqe: x}}]}]", "unknown key 'opaqe'"),
            ("x-tcp: [{expect_end: GOODBYE}]", "no code 'GOODBYE'"), ("x-tcp: [{expect: [{frame: SHOUT}]}]", "SHOUT"),
            ("x-tcp: [{within_ms: 5}]", "must be one of"), ("x-tcp: [{alive: true, close: true}]", "must be one of"),
            ("x-tcp: {connection: a}", "does nothing"),
        ])
    func refused(_ step: String, _ reason: String) throws {
        let error = #expect(throws: DocumentError.self) {
            try plan([test("T-1", "x-transport: [tcp]", steps: "  - {id: s, \(step)}")])
        }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains("suite.yaml:") == true)
    }

    @Test("steps of frames are for tests over TCP alone")
    func transport() {
        for more in ["", "transport: [rest]", "transport: [rest]\nx-transport: [tcp]"] {
            let error = #expect(throws: DocumentError.self) {
                try plan([test("T-1", more, steps: "  - {id: s, x-tcp: [{alive: true}]}")])
            }
            #expect(error?.description.contains("x-transport: [tcp]") == true)
        }
    }
}
