import A2A

/// Makes frames as a document says them, right or wrong.
///
/// Lengths and flags follow from the members; `length`, `flags` and the like say otherwise.
struct FrameWriter {
    /// A frame cannot be made, and why.
    struct Problem: Error {
        let text: String
    }

    /// What a call on a stream was opened with, so that its answer can be read.
    struct Opened: Sendable {
        var method: UInt8
        var encoding: UInt8
    }

    /// The tenant of the interface.
    var tenant = ""
    /// The slot that calls name unless they say so themselves.
    var slot = 0
    /// The `Authorization` that the run was given.
    var authorization: String?

    private(set) var bytes: [UInt8] = []
    /// One line for each frame, for the trace.
    private(set) var lines: [String] = []
    private(set) var opened: [UInt32: Opened] = [:]

    /// The most octets that one action sends: 64 MiB.
    static let maxBytes = 64 << 20
    /// The most repetitions of frames.
    private static let maxTimes = 100_000
    /// The most lines of one action in the trace.
    private static let maxLines = 24

    static let preface = Array("A2A/TCP".utf8) + [1]
    static let settings = [
        "CALL_CREDIT": 1, "STREAM_CREDIT": 2, "MAX_MESSAGE": 3, "IDLE_TIMEOUT": 4, "RESUME_SECONDS": 6,
        "DEDUP_SECONDS": 7, "AUTH_SLOTS": 8, "FEATURES": 9,
    ]

    init(tenant: String = "", slot: Int = 0, authorization: String? = nil) {
        self.tenant = tenant
        self.slot = slot
        self.authorization = authorization
    }

    /// Appends what an item of `send` says.
    ///
    /// - Parameter shift: Added to its stream numbers.
    mutating func write(_ item: JSONValue, shift: Int = 0) throws(Problem) {
        if item.string == "preface" { return self.append(Self.preface, "preface") }
        guard let members = item.members, let (kind, value) = members.first, members.count == 1 else {
            throw Problem(text: "a frame is a map with one member, not \(item)")
        }
        switch kind {
        case "bytes": self.append(try Self.hex(value), "bytes \(value)")
        case "text": self.append(Array(value.textOrJSON.utf8), "bytes of \(value)")
        case "repeat":
            let times = try Self.number(value["times"], "times", 1)
            guard (0...Self.maxTimes).contains(times) else { throw Problem(text: "\(times) repetitions are too many") }
            let step = try Self.number(value["step"], "step", 0)
            for index in 0..<times {
                for frame in value["frames"]?.elements ?? [] {
                    try self.write(frame, shift: shift + index * step)
                    guard self.bytes.count <= Self.maxBytes else { throw Problem(text: "more than 64 MiB are sent") }
                }
            }
        default: try self.write(kind, value, shift)
        }
    }

    private mutating func append(_ octets: [UInt8], _ line: String) {
        self.bytes += octets
        if self.lines.count < Self.maxLines {
            self.lines.append(line)
        } else if self.lines.count == Self.maxLines {
            self.lines.append("… and more")
        }
    }

    private mutating func write(_ kind: String, _ value: JSONValue, _ shift: Int) throws(Problem) {
        var payload: [UInt8] = []
        var flags = 0
        switch kind {
        case "hello": payload = try Self.hello(value)
        case "auth": payload = try self.auth(value)
        case "call":
            payload = try self.call(value, shift, &flags)
        case "reply":
            payload = try Self.hex(value["epoch"] ?? "0000000000000000") + Self.parameters(value["parameters"])
        case "msg":
            let body = try self.body(value, nil) ?? []
            payload = Self.big(try Self.number(value["total"], "total", body.count), 4)
            if let seq = value["seq"] {
                flags |= 4
                payload += Self.big(try Self.number(seq, "seq", 0), 8)
            }
            if value["end"]?.bool ?? true { flags |= 1 }
            payload += body
        case "data":
            if value["end"]?.bool ?? true { flags |= 1 }
            payload = try self.body(value, nil) ?? []
        case "credit": payload = Self.big(try Self.number(value["increment"], "increment", 0), 4)
        case "reset":
            let text = Array((value["text"]?.string ?? "").utf8)
            if value["not_processed"]?.bool ?? false { flags |= 1 }
            payload = Self.big(try Self.code(value["code"]), 2)
            payload += Self.big(try Self.number(value["text_length"], "text_length", text.count), 2)
            payload += Self.big(0, 4) + text + (try Self.hex(value["details"] ?? ""))
        case "ping":
            if value["ack"]?.bool ?? false { flags |= 1 }
            payload = try Self.hex(value["opaque"] ?? "0102030405060708")
        case "goaway":
            let text = Array((value["text"]?.string ?? "").utf8)
            payload = Self.big(try Self.number(value["last_stream"], "last_stream", 0), 4)
            payload += Self.big(try Self.code(value["code"] ?? "NO_ERROR"), 2)
            payload += Self.big(try Self.number(value["text_length"], "text_length", text.count), 2)
            payload += Self.big(try Self.number(value["grace_ms"], "grace_ms", 0), 4) + Self.big(0, 4) + text
        case "frame":
            payload = try Self.hex(value["payload"] ?? "")
            payload += [UInt8](repeating: 0, count: try Self.number(value["octets"], "octets", 0))
        default: throw Problem(text: "there is no frame '\(kind)'")
        }
        let types = ["hello", "auth", "call", "reply", "msg", "data", "credit", "reset", "ping", "goaway"]
        let type = try Self.number(value["type"], "type", (types.firstIndex(of: kind) ?? 0) + 1)
        flags = try Self.number(value["flags"], "flags", flags)
        let length = try Self.number(value["length"], "length", payload.count)
        let stream = try Self.number(value["stream"], "stream", 0) + (value["stream"] == nil ? 0 : shift)
        let frame = Self.big(type, 1) + Self.big(flags, 1) + Self.big(length, 2) + Self.big(stream, 4) + payload
        self.append(frame, Self.line(kind, type, flags, length, stream, value))
        // A call with a body is followed by its only message.
        if kind == "call", let body = try self.body(value, value["method"]) {
            let message = JSONValue.object([
                "stream": .integer(Int64(stream)), "octets_of": .array(body.map { .integer(Int64($0)) }),
            ])
            try self.write("msg", message, 0)
        }
    }

    private static func line(
        _ kind: String, _ type: Int, _ flags: Int, _ length: Int, _ stream: Int, _ value: JSONValue
    ) -> String {
        let head =
            "\(kind.uppercased()) stream=\(stream) flags=\(FrameCodes.hex(UInt8(truncatingIfNeeded: flags))) length=\(length)"
        guard kind != "auth", var members = value.members else { return head }
        for name in ["stream", "flags", "length", "octets_of"] { members[name] = nil }
        let rest = members.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([head] + (kind == "frame" ? ["type=\(FrameCodes.hex(UInt8(truncatingIfNeeded: type)))"] : []) + rest)
            .joined(separator: " ")
    }

    // MARK: Payloads

    private static func hello(_ value: JSONValue) throws(Problem) -> [UInt8] {
        var payload: [UInt8] = []
        let entries: [(String, JSONValue)] =
            value["settings"]?.elements?.map { ($0[0]?.textOrJSON ?? "", $0[1] ?? .null) }
            ?? value["settings"]?.members?.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } ?? []
        for (name, setting) in entries {
            var number = Self.settings[name] ?? 0
            if number == 0 { number = try Self.number(.string(name), "a setting", 0) }
            payload += Self.big(number, 2)
            payload += Self.big(try Self.number(setting, "a setting", 0), 4)
        }
        let count = try Self.number(value["count"], "count", entries.count)
        return Self.big(count, 1) + payload + (try Self.parameters(value["parameters"]))
    }

    private func auth(_ value: JSONValue) throws(Problem) -> [UInt8] {
        var payload = Self.big(try Self.number(value["slot"], "slot", 1), 2)
        if value["own"]?.bool ?? false || value["authorization"] != nil {
            let text = value["authorization"]?.string ?? self.authorization ?? ""
            let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw Problem(text: "there is no Authorization to put into a slot") }
            return payload + Self.entry(1, Array(parts[0].utf8), Array(parts[1].utf8))
        }
        for entry in value["entries"]?.elements ?? [] {
            payload += Self.entry(
                try Self.number(entry["kind"], "kind", 1), try Self.octets(entry["name"]),
                try Self.octets(entry["value"]))
        }
        return payload + (try Self.hex(value["rest"] ?? ""))
    }

    private static func entry(_ kind: Int, _ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        Self.big(kind, 1) + Self.big(name.count, 1) + name + Self.big(value.count, 2) + value
    }

    private mutating func call(_ value: JSONValue, _ shift: Int, _ flags: inout Int) throws(Problem) -> [UInt8] {
        let method = try Self.method(value["method"])
        let encoding =
            switch value["encoding"]?.string {
            case "protobuf": 1
            case "json": 2
            default: try Self.number(value["encoding"], "encoding", value["protobuf"] == nil ? 2 : 1)
            }
        let version = (value["version"]?.string ?? "1.0").split(separator: ".").map { Int($0) ?? 0 }
        var payload = Self.big(Int(method), 1) + Self.big(encoding, 1)
        payload += Self.big(version.first ?? 0, 1) + Self.big(version.dropFirst().first ?? 0, 1)
        payload += Self.big(try Self.number(value["timeout_ms"], "timeout_ms", 0), 4)
        payload += Self.big(try Self.number(value["priority"], "priority", 1), 1)
        payload += Self.big(try Self.number(value["reserved"], "reserved", 0), 1)
        payload += Self.big(try Self.number(value["slot"], "slot", self.slot), 2)
        if let trace = value["trace"] {
            flags |= 1
            payload += try Self.hex(trace)
        }
        let stream = try Self.number(value["stream"], "stream", 0) + shift
        self.opened[UInt32(truncatingIfNeeded: stream)] = Opened(
            method: method, encoding: UInt8(truncatingIfNeeded: encoding))
        return payload + (try Self.parameters(value["parameters"])) + (try Self.hex(value["rest"] ?? ""))
    }

    /// Entries as a map, or as a list of pairs where one key comes twice.
    private static func parameters(_ value: JSONValue?) throws(Problem) -> [UInt8] {
        let entries: [(String, JSONValue)] =
            value?.elements?.map { ($0[0]?.string ?? "", $0[1] ?? .null) }
            ?? value?.members?.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } ?? []
        var payload: [UInt8] = []
        for (key, value) in entries {
            let octets = try Self.octets(value)
            payload += Self.big(key.utf8.count, 1) + Array(key.utf8) + Self.big(octets.count, 2) + octets
        }
        return payload
    }

    /// A text, `{hex: …}`, or `{octets: N}` for that many letters.
    private static func octets(_ value: JSONValue?) throws(Problem) -> [UInt8] {
        guard let value else { return [] }
        if let hex = value["hex"] { return try Self.hex(hex) }
        guard let count = value["octets"] else { return Array(value.textOrJSON.utf8) }
        return [UInt8](repeating: UInt8(ascii: "x"), count: try Self.number(count, "octets", 0))
    }

    /// The octets of a message; `nil` if it says none.
    ///
    /// `octets` alone are as many spaces; before `json` they make it longer without changing it.
    func body(_ value: JSONValue, _ method: JSONValue?) throws(Problem) -> [UInt8]? {
        if let octets = value["octets_of"]?.elements { return octets.map { UInt8(truncatingIfNeeded: $0.int ?? 0) } }
        if let json = value["json"] {
            let spaces = try Self.number(value["octets"], "octets", 0)
            return [UInt8](repeating: UInt8(ascii: " "), count: spaces)
                + (try Self.completed(self.withTenant(json))).bytes
        }
        if let protobuf = value["protobuf"] {
            return try FrameMessages.request(
                try Self.completed(self.withTenant(protobuf)), method: try Self.method(method ?? value["of"]))
        }
        if let hex = value["hex"] { return try Self.hex(hex) }
        if let text = value["body_text"]?.string { return Array(text.utf8) }
        if let count = value["octets"] {
            return [UInt8](repeating: UInt8(ascii: " "), count: try Self.number(count, "octets", 0))
        }
        return nil
    }

    /// With letters in place of `{x-fill: N}`, and with an id in a message that has none.
    private static func completed(_ value: JSONValue) throws(Problem) -> JSONValue {
        switch value {
        case .array(let elements):
            var result: [JSONValue] = []
            for element in elements { result.append(try Self.completed(element)) }
            return .array(result)
        case .object(let members):
            if let count = members["x-fill"], members.count == 1 {
                return .string(String(repeating: "x", count: try Self.number(count, "x-fill", 0)))
            }
            var result: [String: JSONValue] = [:]
            for (name, member) in members { result[name] = try Self.completed(member) }
            if let message = result["message"], message["role"] != nil, message["messageId"] == nil {
                result["message"]?["messageId"] = .string(Identifier.make())
            }
            return .object(result)
        default: return value
        }
    }

    private func withTenant(_ value: JSONValue) -> JSONValue {
        guard !self.tenant.isEmpty, var members = value.members, members["tenant"] == nil else { return value }
        members["tenant"] = .string(self.tenant)
        return .object(members)
    }
}

// MARK: - Values

extension FrameWriter {
    /// A whole number, also as a text in decimal or hexadecimal.
    static func number(_ value: JSONValue?, _ name: String, _ default: Int) throws(Problem) -> Int {
        guard let value else { return `default` }
        if let number = value.int { return number }
        if let text = value.string {
            if text.hasPrefix("0x"), let number = Int(text.dropFirst(2), radix: 16) { return number }
            if let number = Int(text) { return number }
        }
        throw Problem(text: "'\(name)' must be a whole number, not \(value)")
    }

    static func hex(_ value: JSONValue) throws(Problem) -> [UInt8] {
        let digits = value.textOrJSON.filter { !$0.isWhitespace }
        guard digits.utf8.count.isMultiple(of: 2) else { throw Problem(text: "\(value) is not hexadecimal") }
        var octets: [UInt8] = []
        var rest = digits[...]
        while let end = rest.index(rest.startIndex, offsetBy: 2, limitedBy: rest.endIndex), rest.startIndex < end {
            guard let octet = UInt8(rest[..<end], radix: 16) else { throw Problem(text: "\(value) is not hexadecimal") }
            octets.append(octet)
            rest = rest[end...]
        }
        return octets
    }

    /// The last `size` octets of a number, the most significant first.
    static func big(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * (size - 1 - $0))) }
    }

    private static func code(_ value: JSONValue?) throws(Problem) -> Int {
        if let name = value?.string, let code = FrameCodes.number(name) { return Int(code) }
        return try Self.number(value, "code", 1)
    }

    static func method(_ value: JSONValue?) throws(Problem) -> UInt8 {
        if let name = value?.string, let method = FrameMethods.numbers[name] { return method }
        return UInt8(truncatingIfNeeded: try Self.number(value, "method", 3))
    }

    // MARK: Documents

    private static let members: [String: Set<String>] = {
        let body: Set<String> = ["json", "protobuf", "of", "hex", "body_text", "octets"]
        let parts: [String: Set<String>] = [
            "hello": ["settings", "parameters", "count"], "auth": ["slot", "own", "authorization", "entries", "rest"],
            "call": body.union([
                "method", "encoding", "version", "timeout_ms", "priority", "reserved", "slot", "trace", "parameters",
                "rest",
            ]),
            "reply": ["epoch", "parameters"], "msg": body.union(["total", "seq", "end"]), "data": body.union(["end"]),
            "credit": ["increment"], "reset": ["code", "text", "text_length", "details", "not_processed"],
            "ping": ["opaque", "ack"], "goaway": ["last_stream", "code", "text", "text_length", "grace_ms"],
            "frame": ["payload", "octets"],
        ]
        return parts.mapValues { $0.union(["type", "flags", "length", "stream"]) }
    }()

    /// Refuses what is no frame.
    static func check(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        if node.text == "preface" { return }
        guard case .map(let entries) = node.content, let entry = entries.first, entries.count == 1 else {
            throw DocumentError(
                file: file, line: node.line, "a frame of \(what) must be a map with one member, or preface")
        }
        switch entry.key {
        case "bytes", "text":
            guard entry.value.text != nil else {
                throw DocumentError(file: file, line: entry.line, "'\(entry.key)' of \(what) must be a text")
            }
        case "repeat":
            let map = try MapReader(
                entry.value, "'repeat' of \(what)", file: file, keys: ["times", "step", "frames"])
            if map.node("times")?.text == nil { _ = try map.integer("times", 1...Self.maxTimes) }
            _ = try map.integer("step", 0...1_000)
            for node in try map.list("frames") ?? [] { try Self.check(node, what, file: file) }
        default: try Self.check(entry.key, entry.value, what, file: file)
        }
    }

    static func check(_ kind: String, _ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        guard let members = Self.members[kind] else {
            throw DocumentError(file: file, line: node.line, "\(what) has an unknown frame '\(kind)'")
        }
        _ = try MapReader(node, "'\(kind)' of \(what)", file: file, keys: members)
    }
}
