import A2A
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATesting
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

@Suite("Streams over HTTP", .timeLimit(.minutes(1)))
struct EventStreamServerTests {
    /// The events of a server-sent event stream, read to its end.
    private func events(_ answer: Answer) throws -> [SSEEvent] {
        var parser = SSEParser()
        return try parser.push(answer.body)
    }

    @Test("carry the generation as id, and an error before the first event is an ordinary answer")
    func idsAndErrors() async throws {
        try await withTestAgent { base async throws in
            let answer = try await rpc(base, "SendStreamingMessage", message("tck-stream-chunked"))
            #expect(answer.headers.first(name: "content-type") == "text/event-stream")
            let events = try self.events(answer)
            #expect(events.map(\.id) == (1...6).map(String.init))
            let results = try events.map { try A2AValue(jsonUTF8Bytes: $0.data)["result"] }
            #expect(results.first??["task"]?["status"]?["state"]?.string == "TASK_STATE_SUBMITTED")
            #expect(results.last??["statusUpdate"]?["status"]?["state"]?.string == "TASK_STATE_COMPLETED")

            let refused = try await rpc(base, "SubscribeToTask", "{\"id\":\"none\"}")
            #expect(refused.headers.first(name: "content-type") == "application/json")
            #expect(refused.errorCode == -32001)
            let rest = try await send(.GET, base + "/v1/tasks/none:subscribe")
            #expect(rest.status == 404)
            #expect(rest.headers.first(name: "content-type") == "application/a2a+json")
        }
    }

    @Test("replay after Last-Event-ID exactly what was missed, on both bindings")
    func resume() async throws {
        try await withTestAgent { base async throws in
            let whole = try self.events(try await rpc(base, "SendStreamingMessage", message("tck-stream-chunked")))
            let id = try #require(
                try A2AValue(jsonUTF8Bytes: whole[0].data)["result"]?["task"]?["id"]?.string)
            for cursor in 1...5 {
                let header = [("Last-Event-ID", "\(cursor)")]
                let rest = try self.events(
                    try await rpc(base, "SubscribeToTask", "{\"id\":\"\(id)\"}", headers: header))
                #expect(rest.map(\.id) == (cursor + 1...6).map(String.init))
                #expect(rest.map(\.data) == whole[cursor...].map(\.data))
                let restREST = try self.events(
                    try await send(.POST, base + "/v1/tasks/\(id):subscribe", headers: header))
                #expect(restREST.map(\.id) == rest.map(\.id))
            }
            // The last one has seen all; the others are no numbers, as if they were not there.
            for cursor in ["6", "+3", "-3", "3.0", "0x3", "9223372036854775808", "three"] {
                let refused = try await rpc(
                    base, "SubscribeToTask", "{\"id\":\"\(id)\"}", headers: [("Last-Event-ID", cursor)])
                #expect(refused.errorCode == -32004, "\(cursor)")
            }
        }
    }

    /// What a stream begins with that goes on for longer.
    private func firstEvent(_ base: String, _ line: String, _ cursor: String, _ body: String) async throws -> String {
        try await RawConnection.with(base) { exchange in
            try await exchange.send(
                """
                \(line)\r\nHost: x\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\nLast-Event-ID: \(cursor)\r\n\
                Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                """)
            return try await exchange.read(until: "\n\n")
        }
    }

    @Test("a Last-Event-ID that is no number, or no event's, begins with the task, on both bindings")
    func malformedCursor() async throws {
        try await withTestAgent { base async throws in
            let form = try await rpc(base, "SendMessage", message("form"))
            let id = try #require(try A2AValue(jsonUTF8Bytes: form.body)["result"]?["task"]?["id"]?.string)
            for cursor in ["x", "", "1 2", "1.0", "0x1", "-1", "0", "99999999999999999999999", "1000"] {
                let calls = [
                    try await self.firstEvent(
                        base, "POST / HTTP/1.1", cursor,
                        #"{"jsonrpc":"2.0","id":1,"method":"SubscribeToTask","params":{"id":"\#(id)"}}"#),
                    try await self.firstEvent(base, "POST /v1/tasks/\(id):subscribe HTTP/1.1", cursor, ""),
                ]
                for event in calls { #expect(event.contains("\"task\":{"), "\(cursor): \(event)") }
            }
        }
    }

    @Test("send comments while nothing happens")
    func keepAlive() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.keepAliveInterval = .milliseconds(5)
        var runtime = RuntimeConfiguration()
        runtime.shutdownGrace = .milliseconds(10)
        try await withTestAgent(configuration: configuration, runtime: runtime) { base async throws in
            try await RawConnection.with(base) { exchange in
                let body =
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SendStreamingMessage\",\"params\":\(message("tck-cancel"))}"
                try await exchange.send(
                    """
                    POST / HTTP/1.1\r\nHost: x\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n\
                    Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                    """)
                #expect(try await exchange.read(until: ": keep-alive").contains(": keep-alive"))
            }
        }
    }

    @Test("are refused where the card does not offer them")
    func capability() async throws {
        try await withTestAgent(card: ReferenceCards.without(.streaming)!) { base async throws in
            #expect(try await rpc(base, "SendStreamingMessage", message("Hello")).errorCode == -32004)
            #expect(try await rpc(base, "SubscribeToTask", "{\"id\":\"none\"}").errorCode == -32004)
        }
    }

    @Test("end with an error when the agent shuts down, and the server ends too")
    func shutdown() async throws {
        var runtime = RuntimeConfiguration()
        runtime.shutdownGrace = .milliseconds(50)
        let text = try await withTestAgent(runtime: runtime) { base async throws in
            var request = HTTPClientRequest(url: base + "/v1/message:stream")
            request.method = .POST
            request.headers.add(name: "A2A-Version", value: "1.0")
            request.body = .bytes(ByteBuffer(string: message("tck-cancel")))
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            // The first event is here; the rest is read while the server goes down.
            return response.body
        }
        var received = ""
        for try await buffer in text { received += String(buffer: buffer) }
        #expect(received.contains("TASK_STATE_FAILED"))
        #expect(received.contains("shut down"))
    }
}
