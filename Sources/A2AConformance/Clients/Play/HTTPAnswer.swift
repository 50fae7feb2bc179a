import A2A

/// The bytes of an HTTP answer, as ill-formed as a test wants them.
struct HTTPAnswer: Sendable {
    /// The most pieces that there is time between.
    private static let maxPauses = 2000

    /// What is written at a time, and how long to wait before, in milliseconds.
    var writes: [(bytes: [UInt8], delay: Int)] = []
    var ending = PlayedExchange.Ending.normal

    /// The answer to a call over JSON-RPC or HTTP+JSON.
    init(_ exchange: PlayedExchange, _ answer: PlayedAnswer, _ request: PlayedRequest, fill: (String) -> String) {
        switch answer {
        case .events(let events, let error) where exchange.body == nil:
            var values = events.map { Self.enveloped(["result": $0], request, exchange) }
            if let error {
                values.append(Self.enveloped(["error": error.jsonRPC], request, exchange, rest: error.rest))
            }
            self.init(exchange, events: values, fill)
        case .error(let error):
            let isRPC = request.binding == .jsonrpc
            self.init(
                exchange, status: isRPC ? 200 : error.code.http, type: Self.type(request.binding),
                body: exchange.body
                    ?? Self.enveloped(["error": error.jsonRPC], request, exchange, rest: error.rest).bytes, fill)
        case .result(let result):
            self.init(
                exchange, status: 200, type: Self.type(request.binding),
                body: exchange.body ?? Self.enveloped(["result": result], request, exchange).bytes, fill)
        case .events:
            self.init(exchange, status: 200, type: "text/event-stream", body: exchange.body ?? [], fill)
        }
    }

    static func type(_ binding: TransportBinding) -> String {
        binding == .rest ? "application/a2a+json" : "application/json"
    }

    private static func enveloped(
        _ outcome: [String: JSONValue], _ request: PlayedRequest, _ exchange: PlayedExchange, rest: JSONValue? = nil
    ) -> JSONValue {
        guard request.binding == .jsonrpc else { return rest ?? outcome["result"] ?? .null }
        var envelope = outcome
        envelope["jsonrpc"] = "2.0"
        envelope["id"] = request.id ?? .null
        envelope.merge(exchange.envelope) { $1 }
        for name in exchange.without { envelope[name] = nil }
        return .object(envelope)
    }

    // MARK: One body

    init(
        _ exchange: PlayedExchange, status: Int, type: String, body: [UInt8], headers: [(String, String)] = [],
        _ fill: (String) -> String
    ) {
        let body = Self.filled(body, exchange, fill)
        let status = exchange.status ?? status
        var fields = headers + [("Content-Type", type)]
        if status != 304, status != 204 { fields.append(("Content-Length", "\(body.count)")) }
        self.finish(exchange, [(Self.head(status, fields, exchange, fill) + (status == 304 ? [] : body), 0)])
    }

    // MARK: A stream

    private init(_ exchange: PlayedExchange, events: [JSONValue], _ fill: (String) -> String) {
        let fields = [
            ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"), ("Transfer-Encoding", "chunked"),
        ]
        var writes: [(bytes: [UInt8], delay: Int)] = []
        var pending = Self.head(exchange.status ?? 200, fields, exchange, fill)
        for (index, event) in events.enumerated() {
            let text = Self.filled(exchange.form.written(event, index: index), exchange, fill)
            let pieces = exchange.split.map { size in
                stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }
            }
            for piece in pieces ?? [text] { pending += Self.chunk(piece) }
            writes.append((pending, index == 0 ? 0 : exchange.eventDelayMilliseconds))
            pending = []
        }
        if exchange.ending == .normal { pending += Array("0\r\n\r\n".utf8) }
        writes.append((pending, 0))
        self.finish(exchange, writes)
    }

    private static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8)
    }

    // MARK: Bytes

    private static func filled(_ bytes: [UInt8], _ exchange: PlayedExchange, _ fill: (String) -> String) -> [UInt8] {
        guard exchange.fill > 0 || bytes.contains(UInt8(ascii: "{")) else { return bytes }
        guard let text = String(validating: bytes, as: UTF8.self), text.contains("{{") else { return bytes }
        let long = String(repeating: "x", count: exchange.fill)
        return Array(fill(text.replacing("{{fill}}", with: long)).utf8)
    }

    private static func head(
        _ status: Int, _ fields: [(String, String)], _ exchange: PlayedExchange, _ fill: (String) -> String
    ) -> [UInt8] {
        var fields = fields
        for (name, value) in exchange.headers {
            fields.removeAll { $0.0.lowercased() == name.lowercased() }
            if let value { fields.append((name, fill(value))) }
        }
        let lines = fields.map { "\($0): \($1)\r\n" }.joined()
        return Array("HTTP/1.1 \(status) Played\r\n\(lines)\r\n".utf8)
    }

    /// Puts in what the exchange says of time, pieces and the end.
    private mutating func finish(_ exchange: PlayedExchange, _ writes: [(bytes: [UInt8], delay: Int)]) {
        var writes = writes
        if !writes.isEmpty { writes[0].delay += exchange.delayMilliseconds }
        self.ending = exchange.ending
        if let limit = exchange.cutAfter {
            var left = limit
            for index in writes.indices {
                writes[index].bytes = Array(writes[index].bytes.prefix(left))
                left -= writes[index].bytes.count
            }
            if self.ending == .normal { self.ending = .close }
        }
        self.writes = writes
        guard let size = exchange.split else { return }
        // A little time between, so that the pieces come as pieces; not where there are many.
        let count = writes.reduce(0) { $0 + $1.bytes.count } / size
        let pause = count <= Self.maxPauses ? 1 : 0
        self.writes = writes.flatMap { write -> [(bytes: [UInt8], delay: Int)] in
            guard !write.bytes.isEmpty else { return [write] }
            return stride(from: 0, to: write.bytes.count, by: size).map { start in
                (Array(write.bytes[start..<min(start + size, write.bytes.count)]), start == 0 ? write.delay : pause)
            }
        }
    }
}

extension PlayedExchange.Form {
    /// An event of a stream, in the form that was asked for.
    func written(_ event: JSONValue, index: Int) -> [UInt8] {
        var lines: [String] = []
        if self.hasComments { lines += [": nothing new", ":"] }
        if let milliseconds = self.retryMilliseconds { lines.append("retry: \(milliseconds)") }
        if let name = self.event { lines.append("event: \(name)") }
        if self.hasIDs { lines.append("id: \(index + 1)") }
        let text = self.isMultiline ? event.pretty : event.description
        let space = self.hasSpace ? " " : ""
        lines += text.split(separator: "\n", omittingEmptySubsequences: false).map { "data:\(space)\($0)" }
        let mark = self.hasMark && index == 0 ? "\u{FEFF}" : ""
        return Array((mark + lines.map { $0 + self.newline }.joined() + self.newline).utf8)
    }
}
