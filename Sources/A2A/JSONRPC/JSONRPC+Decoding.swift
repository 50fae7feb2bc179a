extension JSONRPC {
    /// Opens the envelope of a request.
    ///
    /// Text that is not JSON is a parse error. A batch, or anything else that is not one request object of version
    /// 2.0, is an invalid request. `"params": null` counts as no parameters; positional parameters are left to the
    /// decoder of the operation, which wants an object.
    ///
    /// - Throws: ``RequestFailure`` with the identifier to answer with: the request's if it can be read, else null.
    package static func decodeRequest(_ body: [UInt8]) throws(RequestFailure) -> Request {
        let envelope: Envelope
        do {
            envelope = try Envelope(body[...])
        } catch {
            throw RequestFailure(id: .null, error: error)
        }
        let id = envelope.id.flatMap { ID(body[$0]) }
        func invalid(_ message: String) -> RequestFailure {
            RequestFailure(id: id ?? .null, error: A2AError(.invalidRequest, message))
        }

        if let name = envelope.repeated { throw invalid("The member '\(name)' appears twice.") }
        if envelope.id != nil, id == nil {
            throw invalid("'id' must be a string of at most \(ID.maxLength) bytes, a number or null.")
        }
        guard let version = envelope.version, JSONText.string(body[version]) == "2.0" else {
            throw invalid("'jsonrpc' must be \"2.0\".")
        }
        guard let method = envelope.method.flatMap({ JSONText.string(body[$0]) }) else {
            throw invalid("'method' must be a string.")
        }
        var params: ArraySlice<UInt8>?
        if let range = envelope.params {
            switch body[range.lowerBound] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): params = body[range]
            case UInt8(ascii: "n"): break
            default: throw invalid("'params' must be an object.")
            }
        }
        return Request(id: id, method: method, params: params)
    }

    /// Opens the envelope of an answer.
    ///
    /// Members that we do not know are ignored, in any order.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse` if it is no answer.
    package static func decodeResponse(_ body: ArraySlice<UInt8>) throws(A2AError) -> Response {
        let envelope: Envelope
        do {
            envelope = try Envelope(body)
        } catch {
            throw A2AError(
                .invalidAgentResponse, "The agent's answer is no JSON-RPC response: \(error.message)", cause: error)
        }
        guard let version = envelope.version, JSONText.string(body[version]) == "2.0" else {
            throw A2AError(.invalidAgentResponse, "The agent's answer has no \"jsonrpc\": \"2.0\".")
        }
        let id = envelope.id.flatMap { ID(body[$0]) } ?? .null
        if let range = envelope.error, body[range].first != UInt8(ascii: "n") {
            return Response(id: id, outcome: .error(try Self.decodeError(body[range])))
        }
        guard let range = envelope.result else {
            throw A2AError(.invalidAgentResponse, "The agent's answer has neither 'result' nor 'error'.")
        }
        return Response(id: id, outcome: .result(body[range]))
    }

    /// Opens the envelope of an answer.
    package static func decodeResponse(_ body: [UInt8]) throws(A2AError) -> Response {
        try Self.decodeResponse(body[...])
    }

    /// Reads an error object.
    ///
    /// An `ErrorInfo` whose reason we know decides the code, else the number does.
    private static func decodeError(_ json: ArraySlice<UInt8>) throws(A2AError) -> A2AError {
        var scanner = JSONScanner(json)
        var (number, message, details): (Int?, String?, [ErrorDetail]) = (nil, nil, [])
        do {
            try scanner.enter()
            while let member = try scanner.nextMember() {
                let value = json[member.value]
                switch JSONText.string(content: json[member.name], hasEscapes: member.nameHasEscapes) {
                case "code": number = Int(String(decoding: value, as: UTF8.self))
                case "message": message = JSONText.string(value)
                case "data": details = ErrorDetailJSON.decode(value)
                default: break
                }
            }
        } catch {
            throw A2AError(.invalidAgentResponse, "The agent's error is no object.")
        }
        let code = ErrorDetailJSON.code(of: details) ?? number.map { A2AError.Code(jsonRPC: $0) } ?? .internal
        return A2AError(code, ErrorDetailJSON.bounded(message ?? "The agent sent no message."), details: details)
    }
}

/// Where the members of an envelope lie.
private struct Envelope {
    var version: Range<Int>?
    var id: Range<Int>?
    var method: Range<Int>?
    var params: Range<Int>?
    var result: Range<Int>?
    var error: Range<Int>?
    /// A member that appears twice, which makes it unclear what is meant.
    var repeated: String?

    init(_ body: ArraySlice<UInt8>) throws(A2AError) {
        do {
            var scanner = JSONScanner(body)
            let kind = try scanner.peek()
            guard kind == .object else {
                _ = try scanner.skipValue()
                try scanner.finish()
                throw Self.noObject(kind)
            }
            try scanner.enter()
            while let member = try scanner.nextMember() {
                self.note(member, in: body)
            }
            try scanner.finish()
        } catch let failure as JSONScanner.Failure {
            throw DecodingDiagnosis.error(for: failure)
        } catch let error as A2AError {
            throw error
        } catch {
            throw A2AError(.internal, "Internal error.", cause: error)
        }
    }

    private static func noObject(_ kind: JSONScanner.Kind) -> A2AError {
        A2AError(
            .invalidRequest,
            kind == .array ? "Batches are not supported: send one request object." : "The JSON is no request object.")
    }

    private mutating func note(_ member: JSONScanner.Member, in body: ArraySlice<UInt8>) {
        let raw = body[member.name]
        let value = member.value
        if member.nameHasEscapes {
            guard let name = JSONText.string(content: raw) else { return }
            self.note(ArraySlice(name.utf8), value)
        } else {
            self.note(raw, value)
        }
    }

    private mutating func note(_ name: ArraySlice<UInt8>, _ value: Range<Int>) {
        switch name.count {
        case 2 where name.elementsEqual("id".utf8): Self.set(&self.id, value, "id", &self.repeated)
        case 5 where name.elementsEqual("error".utf8): Self.set(&self.error, value, "error", &self.repeated)
        case 6 where name.elementsEqual("method".utf8): Self.set(&self.method, value, "method", &self.repeated)
        case 6 where name.elementsEqual("params".utf8): Self.set(&self.params, value, "params", &self.repeated)
        case 6 where name.elementsEqual("result".utf8): Self.set(&self.result, value, "result", &self.repeated)
        case 7 where name.elementsEqual("jsonrpc".utf8): Self.set(&self.version, value, "jsonrpc", &self.repeated)
        default: break
        }
    }

    private static func set(
        _ slot: inout Range<Int>?, _ value: Range<Int>, _ name: String, _ repeated: inout String?
    ) {
        if slot != nil { repeated = name }
        slot = value
    }
}
