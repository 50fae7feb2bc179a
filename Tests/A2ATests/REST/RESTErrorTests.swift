import A2A
import Testing

@Suite("REST errors")
struct RESTErrorTests {
    private func decode(_ status: Int, _ body: String) -> A2AError {
        RESTError.decode(status: status, body: Array(body.utf8))
    }

    @Test("an error is google.rpc.Status under an error key")
    func encodes() {
        let error = A2AError.taskNotFound("t")
        #expect(
            String(decoding: RESTError.encode(error), as: UTF8.self)
                == #"{"error":{"code":404,"status":"NOT_FOUND","message":"Task 't' does not exist or is not accessible.","#
                + #""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","#
                + #""domain":"a2a-protocol.org","metadata":{"taskId":"t"}}]}}"#)
    }

    @Test("every error of the table comes back as itself", arguments: A2AError.Code.specified + A2AError.Code.generic)
    func roundTrip(_ code: A2AError.Code) {
        let error = A2AError(code, "m\"", details: [.retryInfo(.seconds(1))])
        let decoded = RESTError.decode(status: code.http, body: RESTError.encode(error))
        #expect(decoded.code == code)
        #expect(decoded.message == "m\"")
        #expect(decoded.details == error.wireDetails)
    }

    @Test(
        "a generic error comes back as what its status tells",
        arguments: [
            (A2AError.Code.invalidParams, A2AError.Code.invalidParams), (.parseError, .invalidParams),
            (.methodNotFound, .methodNotFound),
            (.internal, .internal), (.unauthenticated, .unauthenticated), (.permissionDenied, .permissionDenied),
            (.resourceExhausted, .resourceExhausted), (.unavailable, .unavailable),
            (.deadlineExceeded, .deadlineExceeded),
            (.canceled, .canceled), (.requestTooLarge, .requestTooLarge),
        ])
    func generic(_ code: A2AError.Code, expected: A2AError.Code) {
        // As from a peer that sends no ErrorInfo.
        let body = #"{"error":{"code":\#(code.http),"status":"\#(code.grpcStatusName)","message":"m"}}"#
        let error = RESTError.decode(status: code.http, body: Array(body.utf8))
        #expect(error.code == expected)
    }

    @Test("other bodies are taken as well as they can be")
    func foreign() {
        let problem = self.decode(
            404, #"{"type":"about:blank","title":"Not Found","status":404,"detail":"No such task"}"#)
        #expect(problem.code == .methodNotFound && problem.message == "No such task")
        #expect(self.decode(503, #"{"title":"Busy"}"#).message == "Busy")
        #expect(self.decode(400, #"{"error":"bad"}"#).message == "bad")
        #expect(self.decode(400, #"{"message":"worse"}"#).message == "worse")
        #expect(
            self.decode(502, "<html>Bad Gateway</html>").message
                == "The agent answered with HTTP status 502: <html>Bad Gateway</html>")
        #expect(self.decode(502, "<html>").code == .unavailable)
        #expect(self.decode(401, "").code == .unauthenticated)
        #expect(self.decode(500, "").message == "The agent answered with HTTP status 500.")
        #expect(self.decode(500, #"{"error":{}}"#).message == "The agent answered with HTTP status 500.")
        #expect(
            self.decode(400, #"{"error":{"details":{"@type":"type.googleapis.com/google.rpc.BadRequest"}}}"#).code
                == .invalidParams)
        #expect(self.decode(404, #"{"error":{"status":"NOT_FOUND"}}"#).code == .taskNotFound)
    }

    @Test("messages are bounded")
    func bounded() {
        let long = String(repeating: "é", count: 1_000_000)
        #expect(self.decode(500, long).message.count < 400)
        #expect(
            self.decode(500, #"{"error":{"message":"\#(long)"}}"#).message.count <= ErrorDetailJSON.maxMessageLength + 1
        )
        #expect(self.decode(500, #"{"detail":"\#(long)"}"#).message.count <= ErrorDetailJSON.maxMessageLength + 1)
    }

    @Test("any body gives an error, and never traps", arguments: 0..<20 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = CodecRandom(seed: seed)
        let valid = RESTError.encode(.invalidParams(field: "a", "b"))
        for _ in 0..<300 {
            let body = random.chance(1, in: 3) ? random.bytes(0...60) : random.mutate(valid)
            let error = RESTError.decode(status: random.int(-1...999), body: body)
            #expect(!error.message.isEmpty || !error.details.isEmpty || body.count > 0, "seed \(seed)")
        }
    }
}
