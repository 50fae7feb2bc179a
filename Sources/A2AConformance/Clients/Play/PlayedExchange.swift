#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How one call of a client is answered: an entry of `x-serve` (conformance/format.md §7).
struct PlayedExchange: Sendable {
    /// What happens to the connection after what was said.
    enum Ending: String, Sendable, CaseIterable {
        /// The answer ends in good order.
        case normal
        /// The connection is closed.
        case close
        /// Nothing more comes, and the connection stays.
        case hang
    }

    /// How an event stream is written (Server-Sent Events).
    struct Form: Sendable {
        var newline = "\n"
        var hasComments = false
        var isMultiline = false
        var hasIDs = false
        var event: String?
        var retryMilliseconds: Int?
        var hasSpace = true
        var hasMark = false
    }

    /// The operation that it answers, `card` for the card; `nil` for that of the step.
    var operation: String?
    /// The interface whose calls it answers; `nil` for any.
    var interface: String?
    /// In place of the step's payload.
    var answer: JSONValue?
    var status: Int?
    /// `nil` takes a field away.
    var headers: [(name: String, value: String?)] = []
    /// In place of the body.
    var body: [UInt8]?
    /// Members of the JSON-RPC envelope.
    var envelope: [String: JSONValue] = [:]
    /// Members that the envelope lacks.
    var without: [String] = []
    var form = Form()
    /// Bytes to a write; `nil` for all at once.
    var split: Int?
    /// Before anything is said.
    var delayMilliseconds = 0
    /// Before each event but the first.
    var eventDelayMilliseconds = 0
    /// After that many bytes nothing more is said.
    var cutAfter: Int?
    var ending = Ending.normal
    /// How many characters `{{fill}}` stands for.
    var fill = 0
    var grpcStatus: Int?
    var grpcMessage: String?
    /// In place of `grpc-status-details-bin`.
    var grpcDetails: [UInt8]?
    /// In place of what would be the answer in Protocol Buffers, or the frames over TCP.
    var octets: [UInt8]?

    /// The longest wait, in milliseconds.
    private static let maxDelay = 60_000
    /// The most that `{{fill}}` stands for: 64 MiB.
    private static let maxFill = 64 << 20

    init() {}

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "an entry of 'x-serve' of \(what)", file: file,
            keys: [
                "on", "interface", "answer", "status", "headers", "body", "body_base64", "envelope", "without", "sse",
                "split", "delay_ms", "event_delay_ms", "cut_after", "ending", "fill", "grpc_status", "grpc_message",
                "grpc_details_base64", "octets_base64",
            ])
        self.operation = try map.choice("on", ["card"] + A2AOperationNames.all)
        self.interface = try map.text("interface")
        self.answer = map.node("answer")?.json
        self.status = try map.integer("status", 100...999)
        for entry in try map.entries("headers") ?? [] {
            switch entry.value.json {
            case .null: self.headers.append((entry.key, nil))
            case .string(let text): self.headers.append((entry.key, text))
            default:
                throw DocumentError(
                    file: file, line: entry.line, "the header '\(entry.key)' must be a text, or null to take it away")
            }
        }
        if let body = map.node("body") { self.body = body.text.map { Array($0.utf8) } ?? body.json.bytes }
        self.body = try Self.base64(map, "body_base64") ?? self.body
        for entry in try map.entries("envelope") ?? [] { self.envelope[entry.key] = entry.value.json }
        self.without = try map.texts("without") ?? []
        if let node = map.node("sse") { self.form = try Form(node, what, file: file) }
        self.split = try map.integer("split", 1...1_000_000)
        self.delayMilliseconds = try map.integer("delay_ms", 0...Self.maxDelay) ?? 0
        self.eventDelayMilliseconds = try map.integer("event_delay_ms", 0...Self.maxDelay) ?? 0
        self.cutAfter = try map.integer("cut_after", 0...Self.maxFill)
        let ending = try map.choice("ending", Ending.allCases.map(\.rawValue))
        self.ending = ending.flatMap(Ending.init) ?? .normal
        self.fill = try map.integer("fill", 0...Self.maxFill) ?? 0
        self.grpcStatus = try map.integer("grpc_status", 0...16)
        self.grpcMessage = try map.text("grpc_message")
        self.grpcDetails = try Self.base64(map, "grpc_details_base64")
        self.octets = try Self.base64(map, "octets_base64")
    }

    private static func base64(_ map: MapReader, _ key: String) throws(DocumentError) -> [UInt8]? {
        guard let text = try map.text(key) else { return nil }
        guard let data = Data(base64Encoded: text) else {
            throw map.refuse(key, "'\(key)' of \(map.what) is no base64")
        }
        return Array(data)
    }

    /// The entries of `x-serve`.
    static func list(_ map: MapReader, _ what: String, file: String) throws(DocumentError) -> [PlayedExchange] {
        var all: [PlayedExchange] = []
        for node in try map.list("x-serve") ?? [] { all.append(try PlayedExchange(node, what, file: file)) }
        return all
    }
}

extension PlayedExchange.Form {
    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'sse' of \(what)", file: file,
            keys: ["newline", "comments", "multi_line", "ids", "event", "retry_ms", "space", "mark"])
        self.newline = try map.choice("newline", ["\n", "\r\n", "\r"]) ?? "\n"
        self.hasComments = try map.flag("comments") ?? false
        self.isMultiline = try map.flag("multi_line") ?? false
        self.hasIDs = try map.flag("ids") ?? false
        self.event = try map.text("event")
        self.retryMilliseconds = try map.integer("retry_ms", 0...60_000)
        self.hasSpace = try map.flag("space") ?? true
        self.hasMark = try map.flag("mark") ?? false
    }
}
