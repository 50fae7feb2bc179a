import A2A
import Testing

@Suite("Server-sent events")
struct SSETests {
    private func parse(_ text: String) throws -> [SSEEvent] {
        var parser = SSEParser()
        return try parser.push(Array(text.utf8))
    }

    private func event(_ data: String, id: String? = nil, name: String = "message") -> SSEEvent {
        SSEEvent(id: id, name: name, data: Array(data.utf8))
    }

    @Test("events end with an empty line, after LF, CR or both", arguments: ["\n", "\r", "\r\n"])
    func lineEnds(_ end: String) throws {
        let text = ["id: 1", "event: x", "data: a", "data: b", "", "data: c", "", ""].joined(separator: end)
        #expect(try self.parse(text) == [self.event("a\nb", id: "1", name: "x"), self.event("c", id: "1")])
    }

    @Test(
        "fields are read by the rules of the standard",
        arguments: [
            ("data:a\n\n", ["a"]), ("data: a\n\n", ["a"]), ("data:  a\n\n", [" a"]), ("data\n\n", [""]),
            ("data:\n\n", [""]),
            ("data\ndata\n\n", ["\n"]), (":comment\n\n", []), (": c\ndata: a\n: d\n\n", ["a"]), ("event: x\n\n", []),
            ("event: x\n\ndata: a\n\n", ["a"]), ("Data: a\n\n", []), ("data : a\n\n", []), (" data: a\n\n", []),
            ("unknown: 1\ndata: a\n\n", ["a"]), ("data: a", []), ("data: a\n", []), ("\n\n\ndata: a\n\n\n", ["a"]),
            ("\u{FEFF}data: a\n\n", ["a"]), ("\u{FEFF}\u{FEFF}data: a\n\n", []),
            ("data: a\n\n\u{FEFF}data: b\n\n", ["a"]),
            ("data: a:b\n\n", ["a:b"]), ("data: é\u{2028}\n\n", ["é\u{2028}"]),
        ])
    func fields(_ text: String, data: [String]) throws {
        #expect(try self.parse(text).map { String(decoding: $0.data, as: UTF8.self) } == data)
    }

    @Test("an event without a name is a message, also after one that had a name but no data")
    func names() throws {
        #expect(try self.parse("event: x\n\ndata: a\n\n") == [self.event("a")])
    }

    @Test("the id lasts until the next, an empty one clears it, one with NUL does not count")
    func ids() throws {
        let events = try self.parse(
            "id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\nid: 3\u{0}\ndata: d\n\nid\ndata: e\n\nid: 漢\ndata: f\n\n")
        #expect(events.map(\.id) == ["1", "1", "2", "2", nil, "漢"])
    }

    @Test("the id of an event that broke off is not where the stream goes on")
    func lastEventID() throws {
        var parser = SSEParser()
        _ = try parser.push(Array("id: 1\ndata: a\n\nid: 2\ndata: b\n".utf8))
        #expect(parser.lastEventID == "1")
        _ = try parser.push([0x0A])
        #expect(parser.lastEventID == "2")
    }

    @Test("the time to wait is a number of milliseconds and nothing else")
    func retry() throws {
        var parser = SSEParser()
        for (line, expected) in [
            ("retry: 1500", 1500), ("retry: x", 1500), ("retry: -1", 1500), ("retry:", 1500),
            ("retry: 99999999999999999999", 1500),
            ("retry: 0", 0),
        ] {
            _ = try parser.push(Array("\(line)\n".utf8))
            #expect(parser.retryMilliseconds == expected, "\(line)")
        }
    }

    @Test("an event that is too large ends the stream, what was complete is kept")
    func limit() throws {
        func push(_ text: String) -> ([String], A2AError.Code?) {
            var parser = SSEParser(maxEventBytes: 20)
            var events: [SSEEvent] = []
            do {
                try parser.push(Array(text.utf8)[...], into: &events)
            } catch {
                #expect(throws: A2AError.self) { try parser.push([0x0A]) }
                return (events.map { String(decoding: $0.data, as: UTF8.self) }, error.code)
            }
            return (events.map { String(decoding: $0.data, as: UTF8.self) }, nil)
        }
        let long = String(repeating: "x", count: 100)
        #expect(push("data: a\n\ndata: \(long)") == (["a"], .invalidAgentResponse))
        #expect(push("data: a\n\ndata: \(long)\n\n") == (["a"], .invalidAgentResponse))
        #expect(push(": \(long)") == ([], .invalidAgentResponse))
        #expect(push("data: 1234567890\ndata: 1234567890\n\n") == ([], .invalidAgentResponse))
        #expect(push(String(repeating: "data\n", count: 22)) == ([], .invalidAgentResponse))
        #expect(
            push(String(repeating: "data: 123456789\n\n", count: 50)) == (Array(repeating: "123456789", count: 50), nil)
        )
    }

    @Test("a large event in small pieces is read in one go")
    func large() throws {
        var parser = SSEParser()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1024)
        #expect(try parser.push(Array("data: ".utf8)).isEmpty)
        for _ in 0..<8192 { #expect(try parser.push(piece).isEmpty) }
        let events = try parser.push(Array("\n\n".utf8))
        #expect(events.map(\.data.count) == [8192 * 1024])
    }

    // MARK: Writing

    @Test("an event is written with its fields")
    func writes() {
        func write(_ body: (inout [UInt8]) -> Void) -> String {
            var output: [UInt8] = []
            body(&output)
            return String(decoding: output, as: UTF8.self)
        }
        #expect(write { SSEWriter.append(data: Array("{}".utf8), to: &$0) } == "data: {}\n\n")
        #expect(write { SSEWriter.append(data: Array("{}".utf8), generation: 7, to: &$0) } == "id: 7\ndata: {}\n\n")
        #expect(write { SSEWriter.append(data: Array("{}".utf8), generation: nil, to: &$0) } == "data: {}\n\n")
        #expect(
            write { SSEWriter.append(data: Array("a\r\nb\rc\n".utf8), name: "n", to: &$0) }
                == "event: n\ndata: a\ndata: b\ndata: c\ndata: \n\n")
        #expect(write { SSEWriter.append(data: [], id: "a\nb\u{0}", to: &$0) } == "id: ab\ndata: \n\n")
        #expect(write { SSEWriter.append(comment: "keep\nalive", to: &$0) } == ": keep\n: alive\n\n")
        #expect(write { SSEWriter.append(comment: "", to: &$0) } == ": \n\n")
        #expect(write { SSEWriter.append(retryMilliseconds: 1500, to: &$0) } == "retry: 1500\n\n")
    }

    @Test("what is written is read again, cut anywhere", arguments: 0..<20 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for round in 0..<100 {
            var (output, expected): ([UInt8], [SSEEvent]) = ([], [])
            var id: String?
            for _ in 0..<random.int(0...5) {
                if random.chance(1, in: 3) { SSEWriter.append(comment: random.string(), to: &output) }
                if random.chance(1, in: 4) { SSEWriter.append(retryMilliseconds: random.int(0...9), to: &output) }
                let data = random.chance(1, in: 4) ? random.bytes(0...30) : Array(random.string().utf8)
                if random.chance(1, in: 2) { id = String(random.int(0...99)) }
                SSEWriter.append(data: data, id: id, to: &output)
                let text = String(decoding: data.map { $0 < 0x80 ? $0 : 0x78 }, as: UTF8.self)
                let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
                expected.append(SSEEvent(id: id, name: "message", data: Array(lines.utf8)))
            }
            var (parser, events): (SSEParser, [SSEEvent]) = (SSEParser(), [])
            for chunk in random.chunks(output) { events += try parser.push(chunk) }
            for index in events.indices { events[index].data = events[index].data.map { $0 < 0x80 ? $0 : 0x78 } }
            #expect(events == expected, "seed \(seed), round \(round)")
        }
    }

    @Test("any bytes in any pieces give the same events as in one", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        let tokens = [
            "data:", "data: ", "id: ", "event: ", "retry: 5", ":", "\n", "\r", "\r\n", "\n\n", "\r\r", "x", " ",
            "\u{FEFF}", "é", "\u{0}", "data",
        ]
        for round in 0..<200 {
            var input = random.list(0...30) { Array($0.pick(tokens).utf8) }.flatMap { $0 }
            if random.chance(1, in: 3) { input = random.mutate(input) }
            if random.chance(1, in: 10) { input = random.bytes(0...200) }
            var (whole, pieces): (SSEParser, SSEParser) = (SSEParser(), SSEParser())
            let expected = try whole.push(input)
            var events: [SSEEvent] = []
            for chunk in random.chunks(input) { events += try pieces.push(chunk) }
            #expect(events == expected, "seed \(seed), round \(round): \(input)")
            #expect(pieces.lastEventID == whole.lastEventID, "seed \(seed), round \(round)")
            #expect(pieces.retryMilliseconds == whole.retryMilliseconds, "seed \(seed), round \(round)")
        }
    }
}
