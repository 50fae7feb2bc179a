import A2A
import SwiftProtobuf

/// A frame as an agent sent it: its bytes in order, and what they say as JSON.
struct FrameView: Sendable {
    var type: UInt8
    var flags: UInt8
    var length: Int
    var stream: UInt32
    var payload: [UInt8]
    /// The frame for assertions.
    var json: JSONValue = .null
    /// Why it cannot be a frame of the binding.
    var problem: String?

    static let size = 8
    static let names = ["HELLO", "AUTH", "CALL", "REPLY", "MSG", "DATA", "CREDIT", "RESET", "PING", "GOAWAY"]

    var name: String {
        (1...Self.names.count).contains(Int(self.type)) ? Self.names[Int(self.type) - 1] : FrameCodes.hex(self.type)
    }
    var isEnd: Bool { (self.name == "MSG" || self.name == "DATA") && self.flags & 0x01 != 0 }
    var isAcknowledgement: Bool { self.name == "PING" && self.flags & 0x01 != 0 }

    /// The first frame in some bytes, taken from them; `nil` while it is not complete.
    init?(taking bytes: inout ArraySlice<UInt8>) {
        guard bytes.count >= Self.size else { return nil }
        let start = bytes.startIndex
        self.length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
        guard bytes.count >= Self.size + self.length else { return nil }
        self.type = bytes[start]
        self.flags = bytes[start + 1]
        self.stream = bytes[(start + 4)..<(start + 8)].reduce(0) { $0 << 8 | UInt32($1) }
        self.payload = Array(bytes[(start + Self.size)..<(start + Self.size + self.length)])
        bytes = bytes.dropFirst(Self.size + self.length)
    }

    /// One line for the trace.
    var line: String {
        let head = "\(self.name) stream=\(self.stream) flags=\(FrameCodes.hex(self.flags)) length=\(self.length)"
        guard let members = self.json.members else { return head }
        let known: Set<String> = ["frame", "stream", "flags", "length"]
        let rest = members.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([head] + rest).joined(separator: " ")
    }

    /// The octets of the message that MSG or DATA has; `nil` for other frames.
    var body: ArraySlice<UInt8>? {
        switch self.name {
        case "MSG": self.payload.dropFirst(self.flags & 0x04 != 0 ? 12 : 4)
        case "DATA": self.payload[...]
        default: nil
        }
    }
    var total: Int? { self.name == "MSG" && self.payload.count >= 4 ? Int(self.number(0, 4)) : nil }

    func number(_ start: Int, _ size: Int) -> UInt64 {
        self.payload[start..<(start + size)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

// MARK: - Reading

extension FrameView {
    /// Reads the payload.
    ///
    /// - Parameter encoding: Of the call that the stream belongs to.
    mutating func read(encoding: UInt8) {
        var members: [String: JSONValue] = [
            "frame": .string(self.name), "stream": .integer(Int64(self.stream)), "flags": .integer(Int64(self.flags)),
            "length": .integer(Int64(self.length)),
        ]
        self.problem = self.wrongHeader
        if self.problem == nil { self.readFields(&members, encoding) }
        self.json = .object(members)
    }

    /// Compared with the table of §4.2.
    private var wrongHeader: String? {
        guard (1...10).contains(self.type) else {
            return self.type >= 0x80 ? nil : "the type \(FrameCodes.hex(self.type)) is none"
        }
        let (flags, lengths, onZero): (UInt8, ClosedRange<Int>, Bool?) =
            switch self.name {
            case "HELLO": (0, 1...17_915, true)
            case "AUTH": (0, 2...16_384, true)
            case "CALL": (1, 12...16_421, false)
            case "REPLY": (0, 8...16_392, false)
            case "MSG": (5, (self.flags & 4 == 0 ? 4 : 12)...65_535, false)
            case "DATA": (1, 0...65_535, false)
            case "CREDIT": (0, 4...4, nil)
            case "RESET": (1, 8...17_416, false)
            case "PING": (1, 8...8, true)
            default: (0, 16...1_040, true)
            }
        if self.flags & ~flags != 0 { return "\(self.name) has the flags \(FrameCodes.hex(self.flags))" }
        if let onZero, onZero != (self.stream == 0) { return "\(self.name) is on stream \(self.stream)" }
        return lengths.contains(self.length) ? nil : "\(self.name) has \(self.length) octets"
    }

    private mutating func readFields(_ members: inout [String: JSONValue], _ encoding: UInt8) {
        switch self.name {
        case "HELLO":
            let count = Int(self.payload[0])
            guard self.payload.count >= 1 + 6 * count else { return self.problem = "HELLO ends within its settings" }
            var settings: [String: JSONValue] = [:]
            for index in 0..<count {
                let id = self.number(1 + 6 * index, 2)
                let name = FrameWriter.settings.first { $0.value == Int(id) }?.key ?? "\(id)"
                if settings[name] != nil { self.problem = "HELLO has the setting \(name) twice" }
                settings[name] = .integer(Int64(self.number(3 + 6 * index, 4)))
            }
            members["settings"] = .object(settings)
            self.readParameters(from: 1 + 6 * count, &members)
        case "REPLY":
            members["epoch"] = .string(self.hex(0..<8))
            self.readParameters(from: 8, &members)
        case "MSG":
            members["total"] = .integer(Int64(self.number(0, 4)))
            if self.flags & 4 != 0 { members["seq"] = .integer(Int64(truncatingIfNeeded: self.number(4, 8))) }
            members["end"] = .bool(self.isEnd)
            members["octets"] = .integer(Int64(self.body?.count ?? 0))
        case "DATA":
            members["end"] = .bool(self.isEnd)
            members["octets"] = .integer(Int64(self.length))
        case "CREDIT": members["increment"] = .integer(Int64(self.number(0, 4)))
        case "RESET": self.readReset(&members, encoding)
        case "PING":
            members["opaque"] = .string(self.hex(0..<8))
            members["ack"] = .bool(self.isAcknowledgement)
        case "GOAWAY":
            members["last_stream"] = .integer(Int64(self.number(0, 4)))
            members["code"] = .string(FrameCodes.name(UInt16(self.number(4, 2))))
            members["grace_ms"] = .integer(Int64(self.number(8, 4)))
            members["retry_after_ms"] = .integer(Int64(self.number(12, 4)))
            members["text"] = .string(String(decoding: self.payload[16...], as: UTF8.self))
            if Int(self.number(6, 2)) != self.payload.count - 16 { self.problem = "GOAWAY has another TextLen" }
        case "CALL":
            members["method"] = .string(FrameMethods.name(self.payload[0]))
            self.readParameters(from: self.flags & 1 == 0 ? 12 : 37, &members)
        default: break
        }
    }

    private mutating func readReset(_ members: inout [String: JSONValue], _ encoding: UInt8) {
        let textLength = Int(self.number(2, 2))
        guard textLength <= 1_024, textLength <= self.payload.count - 8 else {
            return self.problem = "RESET has a TextLen of \(textLength)"
        }
        members["code"] = .string(FrameCodes.name(UInt16(self.number(0, 2))))
        members["not_processed"] = .bool(self.flags & 1 != 0)
        members["retry_after_ms"] = .integer(Int64(self.number(4, 4)))
        members["text"] = .string(String(decoding: self.payload[8..<(8 + textLength)], as: UTF8.self))
        let details = Array(self.payload[(8 + textLength)...])
        guard !details.isEmpty else { return }
        if encoding == 2 {
            guard let value = try? JSONValue(parsing: details), value.elements != nil else {
                return self.problem = "the details of RESET are no JSON array"
            }
            members["details"] = value
        } else {
            guard let status = try? Google_Rpc_Status(serializedBytes: details) else {
                return self.problem = "the details of RESET are no google.rpc.Status"
            }
            var json: [UInt8] = []
            ErrorDetailJSON.append(status.details.compactMap { ErrorDetail($0) }, to: &json)
            members["details"] = try? JSONValue(parsing: json)
        }
    }

    private mutating func readParameters(from start: Int, _ members: inout [String: JSONValue]) {
        var parameters: [String: JSONValue] = [:]
        var offset = start
        while offset < self.payload.count {
            let keyEnd = offset + 1 + Int(self.payload[offset])
            guard keyEnd + 2 <= self.payload.count else { return self.problem = "parameters end within an entry" }
            let end = keyEnd + 2 + Int(self.number(keyEnd, 2))
            guard end <= self.payload.count else { return self.problem = "parameters end within an entry" }
            let key = String(decoding: self.payload[(offset + 1)..<keyEnd], as: UTF8.self)
            if parameters[key] != nil { self.problem = "the parameter '\(key)' comes twice" }
            parameters[key] = .string(String(decoding: self.payload[(keyEnd + 2)..<end], as: UTF8.self))
            offset = end
        }
        members["parameters"] = .object(parameters)
    }

    private func hex(_ range: Range<Int>) -> String {
        self.payload[range].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
