import A2A

/// What is to be said to a call, before it has the form of a binding.
enum PlayedAnswer: Sendable {
    case result(JSONValue)
    case error(PlayedError)
    /// Events, and the error after them.
    case events([JSONValue], PlayedError?)

    /// From a payload of ACTS §10: an envelope of JSON-RPC, a list of those or of events, or the response itself.
    init(payload: JSONValue, isStream: Bool) {
        if let elements = payload.elements {
            var events: [JSONValue] = []
            for element in elements {
                if let error = PlayedError(envelope: element) {
                    self = .events(events, error)
                    return
                }
                events.append(Self.result(of: element))
            }
            self = .events(events, nil)
        } else if let error = PlayedError(envelope: payload) {
            self = .error(error)
        } else if isStream {
            self = .events([Self.result(of: payload)], nil)
        } else {
            self = .result(Self.result(of: payload))
        }
    }

    private static func result(of value: JSONValue) -> JSONValue {
        value["jsonrpc"] == nil ? value : value["result"] ?? .null
    }
}

/// An error that an agent answers with, in the form of JSON-RPC.
struct PlayedError: Sendable {
    var code: A2AError.Code
    /// As the payload has it; codes that are nobody's stay as they are.
    var number: Int
    var message: String
    var details: JSONValue?

    init?(envelope: JSONValue) {
        guard envelope["jsonrpc"] != nil || envelope.members?.count == 1, let error = envelope["error"],
            let number = error["code"]?.int
        else { return nil }
        self.number = number
        self.code = A2AError.Code(jsonRPC: number)
        self.message = error["message"]?.string ?? ""
        self.details = error["data"]
    }

    init(_ code: A2AError.Code, _ message: String) {
        self.code = code
        self.number = code.jsonRPC
        self.message = message
        self.details = [
            [
                "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": .string(code.reason),
                "domain": "a2a-protocol.org",
            ]
        ]
    }

    /// What an agent says to a call that the test has no answer for.
    static func unexpected(_ operation: String?) -> PlayedError {
        PlayedError(.methodNotFound, "the test has no answer for \(operation ?? "this")")
    }

    /// The details for bindings that write them in Protocol Buffers.
    var packed: [ErrorDetail] { ErrorDetailJSON.decode(self.details?.bytes[...] ?? []) }

    var jsonRPC: JSONValue {
        var json: JSONValue = ["code": .integer(Int64(self.number)), "message": .string(self.message)]
        json["data"] = self.details
        return json
    }

    /// The body of HTTP+JSON (A2A §11.6).
    var rest: JSONValue {
        var error: JSONValue = [
            "code": .integer(Int64(self.code.http)), "status": .string(self.code.grpcStatusName),
            "message": .string(self.message),
        ]
        error["details"] = self.details
        return ["error": error]
    }
}
