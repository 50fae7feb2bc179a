package import SwiftProtobuf

/// The envelopes of JSON-RPC 2.0, in which one of the bindings wraps requests and answers (§9).
package enum JSONRPC {
    /// An identifier of a request: a string, a number or null.
    ///
    /// The JSON text is kept, so that an answer repeats it exactly, whatever kind of number it is.
    package struct ID: Sendable, Hashable, CustomStringConvertible {
        /// The longest identifier that is accepted, in bytes of its JSON text.
        package static let maxLength = 1024

        /// The identifier as JSON text.
        package let json: [UInt8]

        /// The answer to a request whose identifier could not be read.
        package static let null = ID(json: Array("null".utf8))

        /// A number.
        package init(_ number: Int64) { self.json = Array(String(number).utf8) }

        /// A string.
        package init(_ string: String) {
            var json: [UInt8] = []
            JSONText.append(string, to: &json)
            self.json = json
        }

        /// An identifier in an envelope; `nil` if it is of another type or too long.
        init?(_ value: ArraySlice<UInt8>) {
            guard value.count <= Self.maxLength, let first = value.first else { return nil }
            switch first {
            case UInt8(ascii: "\""), UInt8(ascii: "n"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                self.json = Array(value)
            default: return nil
            }
        }

        private init(json: [UInt8]) { self.json = json }

        /// The identifier as an integer, if it is one.
        package var int64: Int64? { Int64(self.description) }

        /// The JSON text.
        package var description: String { String(decoding: self.json, as: UTF8.self) }
    }

    /// A request, its envelope opened.
    package struct Request: Sendable {
        /// The identifier; `nil` for a notification, which gets no answer.
        package var id: ID?
        package var method: String
        /// The parameters as JSON; `nil` if there are none.
        package var params: ArraySlice<UInt8>?

        /// The parameters, or an empty object where there are none.
        package var paramsOrEmpty: ArraySlice<UInt8> { self.params ?? JSONRPC.emptyObject }

        /// The operation that the method names.
        package var operation: A2AOperation? { A2AOperation(rawValue: self.method) }
    }

    /// What is wrong with an envelope, and which identifier the answer carries.
    package struct RequestFailure: Error, Sendable {
        package var id: ID
        package var error: A2AError
    }

    /// An answer, its envelope opened.
    package struct Response: Sendable {
        package enum Outcome: Sendable {
            /// The result as JSON.
            case result(ArraySlice<UInt8>)
            case error(A2AError)
        }

        package var id: ID
        package var outcome: Outcome

        /// The result, or the error thrown.
        package func result() throws(A2AError) -> ArraySlice<UInt8> {
            switch self.outcome {
            case .result(let result): return result
            case .error(let error): throw error
            }
        }
    }

    private static let emptyObject = ArraySlice("{}".utf8)
}

// MARK: - Writing

extension JSONRPC {
    /// An answer with a result, which is JSON already.
    package static func encodeResult(id: ID, result: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(result.count + id.json.count + 40)
        Self.appendHead(id, to: &output)
        JSONText.append(raw: ",\"result\":", to: &output)
        output.append(contentsOf: result)
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// An answer with a message as its result.
    package static func encodeResult<M: Message>(id: ID, message: M) throws(A2AError) -> [UInt8] {
        Self.encodeResult(id: id, result: try ModelJSON.encode(message))
    }

    /// An answer with an error.
    package static func encodeError(id: ID, _ error: A2AError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        Self.appendHead(id, to: &output)
        output.append(contentsOf: ",\"error\":{\"code\":\(error.code.jsonRPC),\"message\":".utf8)
        JSONText.append(error.message, to: &output)
        let details = error.wireDetails
        if !details.isEmpty {
            JSONText.append(raw: ",\"data\":", to: &output)
            ErrorDetailJSON.append(details, to: &output)
        }
        JSONText.append(raw: "}}", to: &output)
        return output
    }

    /// A request for an operation.
    ///
    /// - Throws: ``A2AError`` with `.internal` if the parameters cannot be written as JSON.
    package static func encodeRequest<M: Message>(
        id: Int64, operation: A2AOperation, params: M
    ) throws(A2AError) -> [UInt8] {
        let params = try ModelJSON.encode(params)
        var output: [UInt8] = []
        output.reserveCapacity(params.count + 96)
        Self.appendHead(ID(id), to: &output)
        JSONText.append(raw: ",\"method\":", to: &output)
        JSONText.append(operation.rawValue, to: &output)
        JSONText.append(raw: ",\"params\":", to: &output)
        output.append(contentsOf: params)
        output.append(UInt8(ascii: "}"))
        return output
    }

    private static func appendHead(_ id: ID, to output: inout [UInt8]) {
        JSONText.append(raw: "{\"jsonrpc\":\"2.0\",\"id\":", to: &output)
        output.append(contentsOf: id.json)
    }
}
