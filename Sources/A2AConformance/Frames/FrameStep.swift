/// A step below the operations of A2A over TCP: what goes over one connection, frame by frame (`x-tcp`).
///
/// The frames are made and read here, not by our client, so that the agent is judged and nobody else.
struct FrameStep: Sendable {
    /// Connections of a test have names; they live until its end.
    var connection: String
    var actions: [FrameAction]

    static let defaultConnection = "main"

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        self.connection = Self.defaultConnection
        var nodes: [YAMLNode]
        switch node.content {
        case .list(let list): nodes = list
        default:
            let map = try MapReader(node, "'x-tcp' of \(what)", file: file, keys: ["connection", "do"])
            if let name = try map.text("connection") { self.connection = name }
            nodes = try map.list("do") ?? []
        }
        guard !nodes.isEmpty else {
            throw DocumentError(file: file, line: node.line, "'x-tcp' of \(what) does nothing")
        }
        self.actions = []
        for node in nodes { self.actions.append(try FrameAction(node, what, file: file)) }
    }
}

extension FrameStep {
    /// What is sent, as texts.
    var texts: [String] {
        self.actions.flatMap { action -> [String] in
            if case .send(let items) = action.kind { items.map(\.description) } else { [] }
        }
    }
}

/// One thing that is done on a connection.
struct FrameAction: Sendable {
    enum Kind: Sendable {
        /// Connects; by default with preface, HELLO and the credentials of the run, and reads the agent's preface and HELLO.
        case open(Opening)
        /// Sends frames and bytes.
        case send([JSONValue])
        /// Reads frames that are as said, in this order; those of different streams may come mixed.
        case expect([FramePattern])
        /// Reads all frames of a stream to its end, or until nothing more comes; gives one object with all of them.
        case collect(stream: Int, grants: Bool, untilStall: Bool)
        /// Sends a message as the credit of its stream allows, in several frames.
        case upload(JSONValue)
        /// Reads the agent's preface.
        case expectPreface
        /// Reads GOAWAY with one of these codes, and then the end of the connection, with nothing in between.
        case expectEnd([String])
        /// The connection ends, and nothing came before that.
        case expectClosed
        /// Nothing comes for a time, on a stream or at all; with a type, no frame of it.
        case expectSilence(milliseconds: Int, stream: Int?, frame: String?)
        /// A PING is answered, so everything before it was taken.
        case alive
        case wait(milliseconds: Int)
        /// Closes the connection, or only our direction of it.
        case close(half: Bool)
    }

    struct Opening: Sendable {
        /// What HELLO says; `nil` sends neither preface nor HELLO and reads nothing.
        var hello: JSONValue? = .object([:])
        /// What follows HELLO before the agent's is read.
        var early: [JSONValue] = []
        /// Whether the agent's PINGs are answered.
        var answersPings = true
        /// The protocols that TLS offers.
        var alpn: [String]?
        /// The highest version of TLS.
        var usesOldTLS = false
        /// Whether the TLS handshake must fail.
        var fails = false
    }

    var kind: Kind
    /// How long an expectation may take; `nil` for the limit of a call.
    var withinMilliseconds: Int?
    var line: Int

    private static let names = [
        "open", "send", "upload", "expect", "collect", "expect_preface", "expect_end", "expect_closed",
        "expect_silence", "alive", "wait_ms",
        "close", "half_close",
    ]

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let place = "an action in 'x-tcp' of \(what)"
        let map = try MapReader(
            node, place, file: file, keys: Set(Self.names + ["within_ms", "stream", "frame", "grants", "until_stall"]))
        self.line = node.line
        self.withinMilliseconds = try map.integer("within_ms", 1...600_000)
        let found = Self.names.filter(map.has)
        guard found.count == 1, let name = found.first else {
            throw DocumentError(
                file: file, line: node.line, "\(place) must be one of \(Self.names.joined(separator: ", "))")
        }
        switch name {
        case "open": self.kind = .open(try Opening(try map.required("open"), place, file: file))
        case "send":
            var items: [JSONValue] = []
            for node in try map.list("send") ?? [] {
                try FrameWriter.check(node, place, file: file)
                items.append(node.json)
            }
            self.kind = .send(items)
        case "expect":
            var patterns: [FramePattern] = []
            for node in try map.list("expect") ?? [] { patterns.append(try FramePattern(node, place, file: file)) }
            self.kind = .expect(patterns)
        case "expect_preface": self.kind = .expectPreface
        case "expect_end":
            var codes: [String] = []
            if let code = try map.required("expect_end").text {
                codes = [code]
            } else {
                codes = try map.texts("expect_end") ?? []
            }
            for code in codes where FrameCodes.number(code) == nil {
                throw map.refuse("expect_end", "there is no code '\(code)'")
            }
            self.kind = .expectEnd(codes)
        case "expect_closed": self.kind = .expectClosed
        case "expect_silence":
            self.kind = .expectSilence(
                milliseconds: try map.integer("expect_silence", 1...60_000) ?? 1,
                stream: try map.integer("stream", 0...Int(UInt32.max)),
                frame: try map.choice("frame", FrameView.names))
        case "collect":
            self.kind = .collect(
                stream: try map.integer("collect", 1...Int(UInt32.max)) ?? 1,
                grants: try map.flag("grants") ?? true, untilStall: try map.flag("until_stall") ?? false)
        case "upload":
            let node = try map.required("upload")
            try FrameWriter.check("msg", node, place, file: file)
            self.kind = .upload(node.json)
        case "wait_ms": self.kind = .wait(milliseconds: try map.integer("wait_ms", 0...600_000) ?? 0)
        case "close": self.kind = .close(half: false)
        case "half_close": self.kind = .close(half: true)
        default: self.kind = .alive
        }
    }
}

extension FrameAction.Opening {
    fileprivate init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'open' of \(what)", file: file,
            keys: ["hello", "early", "answers_pings", "alpn", "old_tls", "fails"])
        if let hello = map.node("hello") {
            if hello.text == "none" {
                self.hello = nil
            } else {
                try FrameWriter.check("hello", hello, "'hello' of \(what)", file: file)
                self.hello = hello.json
            }
        }
        for node in try map.list("early") ?? [] {
            try FrameWriter.check(node, what, file: file)
            self.early.append(node.json)
        }
        self.answersPings = try map.flag("answers_pings") ?? true
        self.alpn = try map.texts("alpn")
        self.usesOldTLS = try map.flag("old_tls") ?? false
        self.fails = try map.flag("fails") ?? false
    }
}

/// What a frame must be like.
struct FramePattern: Sendable {
    /// The stream; `nil` for the next frame of any.
    var stream: Int?
    /// The type, if it is said.
    var frame: String?
    var assertion: Assertion

    /// More credit for a stream.
    init(credit stream: Int) {
        self.stream = stream
        self.frame = "CREDIT"
        self.assertion = Assertion(kind: .members([]), line: 0)
    }

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(node, "a frame expected by \(what)", file: file, keys: nil)
        self.stream = try map.integer("stream", 0...Int(UInt32.max))
        self.frame = try map.choice("frame", FrameView.names)
        self.assertion = try Assertion(node, file: file)
    }
}
