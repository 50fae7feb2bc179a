/// What a harness says of itself in its first line (conformance/client-harness.md §2).
package struct HarnessHello: Sendable, Hashable {
    /// The version of the protocol that is spoken here.
    static let supportedVersion = 1

    package var name: String
    package var version: String
    /// Protocol bindings by the names that cards have.
    package var bindings: [String]
    /// Names of operations; `nil` for all.
    package var operations: [String]?
    package var features: Set<String>

    package init(
        name: String, version: String, bindings: [String], operations: [String]? = nil, features: Set<String> = []
    ) {
        self.name = name
        self.version = version
        self.bindings = bindings
        self.operations = operations
        self.features = features
    }

    /// Features that cases may need.
    static let featureNames = ["push_receiver", "card_cache"]

    init(_ json: JSONValue) throws(HarnessFailure) {
        guard let version = json["a2a-client-harness"]?.int else {
            throw HarnessFailure("its first line is no hello: \(Mismatch.text(json))")
        }
        guard version == Self.supportedVersion else {
            throw HarnessFailure("it speaks version \(version) of the harness protocol; here it is 1")
        }
        guard let bindings = json["bindings"]?.elements, bindings.allSatisfy({ $0.string != nil }), !bindings.isEmpty
        else { throw HarnessFailure("its hello names no bindings: \(Mismatch.text(json))") }
        self.init(
            name: json["name"]?.string ?? "a client without a name", version: json["version"]?.string ?? "",
            bindings: bindings.compactMap(\.string),
            operations: json["operations"]?.elements?.compactMap(\.string),
            features: Set(json["features"]?.elements?.compactMap(\.string) ?? []))
    }

    /// Whether the client has an operation.
    func has(_ operation: String) -> Bool { self.operations?.contains(operation) ?? true }
}

/// What a harness is asked to do (conformance/client-harness.md §3).
package struct HarnessCommand: Sendable, Hashable {
    /// An operation of ACTS, or one of the harness.
    package var operation: String
    /// The agent's base URL, under which its card is.
    package var card: String
    /// The name of the binding that is tested, as the card has it.
    package var binding: String
    package var request: JSONValue = [:]
    package var extensions: [String] = []
    /// Secrets by the names of the card's security schemes.
    package var credentials: [String: String] = [:]
    /// Certificates of authorities to trust, in PEM.
    package var trust: String?
    /// When the client is to give up.
    package var timeoutMilliseconds = HarnessCommand.defaultTimeout
    /// Streams: leave after that many events.
    package var maxEvents: Int?

    static let defaultTimeout = 5000

    package init(operation: String, card: String, binding: String) {
        self.operation = operation
        self.card = card
        self.binding = binding
    }

    package func json(id: String) -> JSONValue {
        var json: [String: JSONValue] = [
            "id": .string(id), "operation": .string(self.operation), "card": .string(self.card),
            "binding": .string(self.binding), "request": self.request,
            "timeout_ms": .integer(Int64(self.timeoutMilliseconds)),
        ]
        if !self.extensions.isEmpty { json["extensions"] = .array(self.extensions.map(JSONValue.string)) }
        if !self.credentials.isEmpty {
            json["credentials"] = .object(self.credentials.mapValues(JSONValue.string))
        }
        json["trust"] = self.trust.map(JSONValue.string)
        json["max_events"] = self.maxEvents.map { .integer(Int64($0)) }
        return .object(json)
    }
}

/// What a client made of a command.
package struct HarnessAnswer: Sendable, Hashable {
    /// The response of the operation.
    package var result: JSONValue?
    /// The events of a stream.
    package var events: [JSONValue]?
    /// What went wrong; with `events` after them.
    package var error: JSONValue?

    package init(result: JSONValue? = nil, events: [JSONValue]? = nil, error: JSONValue? = nil) {
        self.result = result
        self.events = events
        self.error = error
    }

    init(_ json: JSONValue, id: String) throws(HarnessFailure) {
        guard json.members != nil else { throw HarnessFailure("it printed what is no object: \(Mismatch.text(json))") }
        guard json["id"]?.string == id else {
            throw HarnessFailure("it answered something else than command \(id): \(Mismatch.text(json))")
        }
        self.result = json["result"]
        self.events = json["events"]?.elements
        self.error = json["error"]
        guard (self.result == nil) != (self.events == nil) || (self.error != nil && self.result == nil) else {
            throw HarnessFailure("its answer has not one of result, events and error: \(Mismatch.text(json))")
        }
        guard self.error == nil || self.error?.members != nil else {
            throw HarnessFailure("the error in its answer is no object: \(Mismatch.text(json))")
        }
    }

    /// What assertions on the parsed answer see: the result, or `{events, error}` of a stream.
    var parsed: JSONValue? {
        if let events = self.events {
            var json: JSONValue = ["events": .array(events)]
            if let error = self.error { json["error"] = error }
            return json
        }
        return self.result
    }
}

/// Nothing was tested: the harness is at fault, not the client.
package struct HarnessFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// A client under test.
package protocol ClientHarness: Sendable {
    /// Has the client do something.
    ///
    /// - Throws: ``HarnessFailure``, after which the harness is of no more use.
    func perform(_ command: HarnessCommand) async throws(HarnessFailure) -> HarnessAnswer
}
