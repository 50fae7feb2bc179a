extension Step {
    private static let common: Set<String> = ["id", "description"]
    private static let callKeys: Set<String> = [
        "operation", "params", "expect", "expect_error", "expect_stream", "capture", "assertions", "repeat", "delay_ms",
    ]
    private static let rawKeys: Set<String> = ["raw", "expect", "expect_error", "capture", "assertions"]
    private static let clientKeys: Set<String> = ["client_response", "expect_parsed", "assertions"]
    private static let frameKeys: Set<String> = ["capture", "assertions"]
    private static let kinds = ["operation", "raw", "assertion", "client_response", "x-tcp"]

    /// How often a call is made at the same time at most.
    private static let maxParallel = 100

    /// Longest wait before a step, in milliseconds.
    private static let maxDelay = 600_000

    init(_ node: YAMLNode, of test: String, file: String) throws(DocumentError) {
        let any = try MapReader(node, "a step of \(test)", file: file, keys: nil)
        let id = try any.requiredText("id")
        let what = "step '\(id)' of \(test)"
        let kinds = Self.kinds.filter(any.has)
        guard kinds.count == 1, let kind = kinds.first else {
            throw DocumentError(
                file: file, line: node.line,
                kinds.isEmpty
                    ? "\(what) has none of operation, raw, assertion, client_response and x-tcp"
                    : "\(what) has \(kinds.joined(separator: " and ")); a step has one of them")
        }
        let keys: Set<String> =
            switch kind {
            case "operation": Self.callKeys
            case "raw": Self.rawKeys
            case "assertion": ["assertion"]
            case "x-tcp": Self.frameKeys
            default: Self.clientKeys
            }
        let map = try MapReader(node, what, file: file, keys: Self.common.union(keys))
        self.id = id
        self.line = node.line
        self.description = try map.text("description")
        switch kind {
        case "operation": self.action = .call(try Self.call(map, what, file: file))
        case "x-tcp":
            self.action = .frames(try FrameStep(try map.required("x-tcp"), what, file: file))
        case "raw": self.action = .raw(try RawRequest(try map.required("raw"), what, file: file))
        case "assertion":
            self.action = .assertion(
                try NamedAssertion(
                    try map.required("assertion"), "the assertion of \(what)", file: file, isInline: true))
        default: self.action = .client(try Self.client(map, what, file: file))
        }
        self.expect = try map.node("expect").map { node throws(DocumentError) in
            try ExpectBlock(node, what, file: file)
        }
        self.expectError = try map.node("expect_error").map { node throws(DocumentError) in
            try ExpectError(node, what, file: file)
        }
        if self.expect != nil, self.expectError != nil {
            throw map.refuse("expect_error", "\(what) has expect and expect_error; a step has one of them")
        }
        if map.has("capture") {
            let entries = try map.textMap("capture") ?? [:]
            guard !entries.isEmpty else { throw map.refuse("capture", "'capture' of \(what) is empty") }
            for (name, path) in entries.sorted(by: { $0.key < $1.key }) {
                self.capture.append((name, try JSONPath(path, map, "capture")))
            }
        }
        self.assertions = try NamedAssertion.list(map, "assertions", file: file)
        self.checks = (try map.texts("x-check", ResponseCheck.names) ?? []).compactMap(ResponseCheck.init)
        self.timing = Timing(
            most: try map.integer("x-within_ms", 1...600_000),
            least: try map.integer("x-at_least_ms", 0...600_000))
        self.awaits = try map.texts("x-await") ?? []
        try self.checkStream(map, what)
    }

    private func checkStream(_ map: MapReader, _ what: String) throws(DocumentError) {
        guard case .call(let call) = self.action else { return }
        if call.stream != nil, self.expectError != nil {
            throw map.refuse(
                "expect_error", "\(what) has expect_stream and expect_error; a step has one of them")
        }
        if call.operation.isStreaming, self.expect?.body != nil {
            throw map.refuse("expect", "\(what) is a stream; its events are asserted in expect_stream")
        }
    }

    private static func call(_ map: MapReader, _ what: String, file: String) throws(DocumentError) -> Call {
        let name = try map.choice("operation", AbstractOperation.allCases.map(\.rawValue)) ?? ""
        guard let operation = AbstractOperation(rawValue: name) else {
            throw map.refuse("operation", "the operation of \(what) is unknown")
        }
        guard let params = map.node("params") else {
            throw DocumentError(file: file, line: map.line, "\(what) has no 'params'; write params: {} for none")
        }
        guard case .map = params.content else {
            throw map.refuse("params", "'params' of \(what) must be a map, not \(params.kind)")
        }
        var call = Call(operation: operation, params: params.json)
        if let node = map.node("expect_stream") {
            guard operation.isStreaming else {
                throw map.refuse(
                    "expect_stream", "\(what) has expect_stream, but \(operation.rawValue) does not stream")
            }
            call.stream = try StreamExpectation(node, what, file: file)
        }
        if let node = map.node("repeat") {
            guard !operation.isStreaming else {
                throw map.refuse("repeat", "\(what) is a stream, which is not repeated")
            }
            call.repetition = try RepeatConfiguration(node, what, file: file)
        }
        call.delayMilliseconds = try map.integer("delay_ms", 0...Self.maxDelay)
        for entry in try map.entries("x-headers") ?? [] {
            switch entry.value.content {
            case .scalar(.null): call.headers.append((entry.key, nil))
            case .scalar(.string(let text)): call.headers.append((entry.key, text))
            default:
                throw DocumentError(
                    file: file, line: entry.line,
                    "'\(entry.key)' in 'x-headers' of \(what) must be a text, or null to leave it out")
            }
        }
        call.parallel = try map.integer("x-parallel", 2...Self.maxParallel) ?? 1
        if call.parallel > 1, call.repetition != nil {
            throw map.refuse("x-parallel", "\(what) has x-parallel and repeat; a step has one of them")
        }
        call.isBackground = try map.flag("x-background") ?? false
        if call.isBackground, !operation.isStreaming {
            throw map.refuse("x-background", "only a stream runs in the background, not \(operation.rawValue)")
        }
        if call.stream?.holdAfter != nil, !call.isBackground {
            throw map.refuse("expect_stream", "only a stream in the background is held, by x-hold_after")
        }
        return call
    }

    private static func client(
        _ map: MapReader, _ what: String, file: String
    ) throws(DocumentError) -> ClientResponse {
        let response = try MapReader(
            try map.required("client_response"), "'client_response' of \(what)", file: file,
            keys: ["operation", "wire_payload"])
        _ = try response.requiredText("operation")
        let name = try response.choice("operation", AbstractOperation.allCases.map(\.rawValue)) ?? ""
        guard let operation = AbstractOperation(rawValue: name) else {
            throw response.refuse("operation", "the operation of \(what) is unknown")
        }
        let payload = try response.required("wire_payload").json
        let parsed = try map.required("expect_parsed")
        guard case .map = parsed.content else {
            throw map.refuse("expect_parsed", "'expect_parsed' of \(what) must be a map")
        }
        return ClientResponse(
            operation: operation, payload: payload, parsed: try Assertion(parsed, file: file),
            client: try ClientExpectations(map, what, file: file))
    }
}
