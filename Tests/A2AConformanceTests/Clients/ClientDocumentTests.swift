import Testing

@testable import A2AConformance

@Suite("Documents with tests of clients")
struct ClientDocumentTests {
    private func document(_ keys: String, step: String = "") -> String {
        """
        acts_version: "0.1"
        spec_version: "1.0"
        suites:
          - id: s
            name: S
            tests:
              - id: T
                name: T
                level: must
                \(keys)
                steps:
                  - id: a
                    client_response: {operation: get_task, wire_payload: {}}
                    expect_parsed: {}
                    \(step)
        """
    }

    private func test(_ text: String) throws -> A2AConformance.Test {
        var plan = TestPlan()
        try plan.add(text, file: "d")
        return plan.suites[0].tests[0]
    }

    @Test(
        "what is wrong in our keys is refused with its line",
        arguments: [
            ("x-agent: {tls: broken}", "", 10), ("x-agent: {kard: {}}", "", 10), ("x-harness: [magic]", "", 10),
            ("x-agent: {interfaces: [{name: A b}]}", "", 10), ("x-agent: {interfaces: [{name: a}, {name: a}]}", "", 10),
            ("", "x-serve: [{on: Nothing}]", 15), ("", "x-serve: [{ending: soon}]", 15),
            ("", "x-serve: [{octets_base64: '*'}]", 15), ("", "x-serve: [{delay_ms: -1}]", 15),
            ("", "x-serve: [{colour: red}]", 15), ("", "x-operation: dance", 15), ("", "x-notify: [{body: {}}]", 15),
            ("", "x-timeout_ms: 1", 15),
        ])
    func refused(keys: String, step: String, line: Int) throws {
        do {
            _ = try self.test(self.document(keys, step: step))
            Issue.record("it was taken")
        } catch let error as DocumentError {
            #expect(error.line == line, "\(error)")
        }
    }

    @Test("without our keys there is an agent with one interface, and the payload is the answer")
    func usual() throws {
        let test = try self.test(self.document(""))
        #expect(test.isClientTest)
        let card = test.agent.card(binding: .grpc) { "at \($0.name)" }
        #expect(card["supportedInterfaces"]?[0]?["protocolBinding"] == "GRPC")
        #expect(card["supportedInterfaces"]?[0]?["url"] == "at main")
        #expect(card["capabilities"]?["streaming"] == true)
    }

    @Test("members of the card are merged, and null takes one away")
    func merged() throws {
        let test = try self.test(
            self.document("x-agent: {card: {description: null, capabilities: {streaming: false}}}"))
        let card = test.agent.card(binding: .rest) { _ in "" }
        #expect(card["description"] == nil)
        #expect(card["capabilities"]?["streaming"] == false)
        #expect(card["capabilities"]?["pushNotifications"] == true)
    }

    @Test("exchanges come in turn, for each operation, and the last stays")
    func exchanges() {
        let log = PlayLog(binding: .jsonrpc)
        func exchange(_ operation: String?, _ status: Int) -> PlayedExchange {
            var exchange = PlayedExchange()
            exchange.operation = operation
            exchange.status = status
            return exchange
        }
        log.begin(
            "GetTask", payload: 7, [exchange(nil, 1), exchange("CancelTask", 2), exchange(nil, 3)],
            WireTrace(Redactor()))
        func next(_ operation: String) -> Int? {
            var request = PlayedRequest(binding: .jsonrpc, interface: "main")
            request.operation = operation
            return log.note(request)?.exchange.status
        }
        #expect(next("GetTask") == 1)
        #expect(next("CancelTask") == 2)
        #expect(next("GetTask") == 3)
        #expect(next("GetTask") == 3)
        #expect(next("ListTasks") == nil)
        #expect(log.requests.elements?.count == 5)
    }

    @Test("events are written in the form that was asked for")
    func form() {
        var form = PlayedExchange.Form()
        #expect(String(decoding: form.written(["a": 1], index: 0), as: UTF8.self) == "data: {\"a\":1}\n\n")
        form.newline = "\r\n"
        form.hasComments = true
        form.hasIDs = true
        form.isMultiline = true
        form.hasSpace = false
        form.hasMark = true
        let text = String(decoding: form.written(["a": 1], index: 0), as: UTF8.self)
        #expect(text.unicodeScalars.first == "\u{FEFF}")
        #expect(text.contains(": nothing new\r\n"))
        #expect(text.contains("id: 1\r\n"))
        #expect(text.hasSuffix("data:{\r\ndata:  \"a\": 1\r\ndata:}\r\n\r\n"))
    }

    @Test("an answer that is cut off has just so many bytes, and ends the connection")
    func cut() {
        var exchange = PlayedExchange()
        exchange.cutAfter = 20
        exchange.split = 8
        let request = PlayedRequest(binding: .jsonrpc, interface: "main")
        let answer = HTTPAnswer(exchange, .result(["a": 1]), request) { $0 }
        #expect(answer.writes.map(\.bytes.count) == [8, 8, 4])
        #expect(answer.ending == .close)
    }
}
