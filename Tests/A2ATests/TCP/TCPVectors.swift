import Foundation
import Testing

@testable import A2A

/// The vectors of `spec/vectors/tcp`; their README says what is what.
enum TCPVectors {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let frames: [Vector] = Self.load("frames")
    static let errors: [Vector] = Self.load("errors")
    static let transcripts: [Vector] = Self.load("transcripts")

    struct File: Decodable { var vectors: [Vector] }

    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var direction: String?
        var hex: String?
        var after: [Step]?
        var steps: [Step]?
        var plaintext: Bool?
        var expect: Value

        var testDescription: String { self.name }
        var octets: [UInt8] { TCPVectors.octets(self.hex ?? "") }
    }

    struct Step: Decodable, Sendable {
        var from: String
        var hex: String
        var crossing: Bool?

        var octets: [UInt8] { TCPVectors.octets(self.hex) }
        var role: TCPRole { self.from == "initiator" ? .initiator : .listener }
    }

    /// Any JSON.
    enum Value: Decodable, Hashable, Sendable {
        case null, bool(Bool), number(Int), text(String), list([Value]), object([String: Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else if let value = try? container.decode([Value].self) {
                self = .list(value)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }

        subscript(key: String) -> Value? {
            if case .object(let members) = self { return members[key] }
            return nil
        }
        var list: [Value] {
            if case .list(let values) = self { return values }
            return []
        }
        var text: String? {
            if case .text(let value) = self { return value }
            return nil
        }
        var number: Int? {
            if case .number(let value) = self { return value }
            return nil
        }
    }

    private static func load(_ name: String) -> [Vector] {
        let url = Self.root.appending(path: "spec/vectors/tcp/\(name).json")
        guard let data = try? Data(contentsOf: url) else { return [] }
        return (try? JSONDecoder().decode(File.self, from: data))?.vectors ?? []
    }

    /// Digits, where `78{5}` is the octet 78 five times.
    static func octets(_ hex: String) -> [UInt8] {
        var result: [UInt8] = []
        var digits = Array(hex.utf8)[...]
        func digit(_ octet: UInt8) -> UInt8 { octet < 0x3A ? octet - 0x30 : octet - 0x57 }
        while digits.count >= 2 {
            let octet = digit(digits.removeFirst()) << 4 | digit(digits.removeFirst())
            if digits.first == UInt8(ascii: "{"), let end = digits.firstIndex(of: UInt8(ascii: "}")) {
                let count = Int(String(decoding: digits[(digits.startIndex + 1)..<end], as: UTF8.self)) ?? 0
                result += Array(repeating: octet, count: count)
                digits = digits[(end + 1)...]
            } else {
                result.append(octet)
            }
        }
        return result
    }

    /// A frame as the vectors describe it. HELLO: only the settings that are known and not the default.
    static func value(of frame: TCPFrame) -> Value {
        func hex(_ value: some FixedWidthInteger & UnsignedInteger, _ digits: Int) -> Value {
            let text = String(value, radix: 16)
            return .text(String(repeating: "0", count: max(0, digits - text.count)) + text)
        }
        func list(_ parameters: TCPParameters) -> Value {
            .list(parameters.entries.map { .list([.text($0.key), .text($0.value)]) })
        }
        func octets(_ bytes: [UInt8]) -> Value {
            .text(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        }
        func number(_ value: some BinaryInteger) -> Value { .number(Int(value)) }
        switch frame {
        case .hello(let hello):
            let settings = hello.settings.entries.map { Value.list([number($0.id), number($0.value)]) }
            return .object(["type": .text("HELLO"), "settings": .list(settings), "parameters": list(hello.parameters)])
        case .auth(let credentials):
            let entries = credentials.entries.map {
                Value.list([number($0.kind.rawValue), .text($0.name), .text($0.value)])
            }
            return .object(["type": .text("AUTH"), "slot": number(credentials.slot), "entries": .list(entries)])
        case .call(let stream, let call):
            var trace = Value.null
            if let context = call.trace {
                let id = (hex(context.traceID.high, 16).text ?? "") + (hex(context.traceID.low, 16).text ?? "")
                trace = .list([.text(id), hex(context.parentID, 16), number(context.flags)])
            }
            return .object([
                "type": .text("CALL"), "stream": number(stream), "method": number(call.method.rawValue),
                "encoding": number(call.encoding.rawValue),
                "version": .list([number(call.version.major), number(call.version.minor)]),
                "timeoutMs": number(call.timeoutMilliseconds), "priority": number(call.priority.rawValue),
                "slot": number(call.slot), "trace": trace, "parameters": list(call.parameters),
            ])
        case .reply(let stream, let reply):
            return .object([
                "type": .text("REPLY"), "stream": number(stream), "epoch": hex(reply.epoch, 16),
                "parameters": list(reply.parameters),
            ])
        case .message(let stream, let start, let body, let isLast):
            return .object([
                "type": .text("MSG"), "stream": number(stream), "total": number(start.total),
                "seq": start.sequence.map { .text(String($0)) } ?? .null, "end": .bool(isLast), "body": octets(body),
            ])
        case .data(let stream, let body, let isLast):
            return .object([
                "type": .text("DATA"), "stream": number(stream), "end": .bool(isLast), "body": octets(body),
            ])
        case .credit(let stream, let increment):
            return .object(["type": .text("CREDIT"), "stream": number(stream), "increment": number(increment)])
        case .reset(let stream, let reset):
            return .object([
                "type": .text("RESET"), "stream": number(stream), "code": .text(reset.code.description),
                "notProcessed": .bool(reset.isNotProcessed), "retryAfterMs": number(reset.retryAfterMilliseconds),
                "text": .text(reset.text), "details": octets(reset.details),
            ])
        case .ping(let opaque, let isAcknowledgement):
            return .object(["type": .text("PING"), "ack": .bool(isAcknowledgement), "opaque": hex(opaque, 16)])
        case .goAway(let goAway):
            return .object([
                "type": .text("GOAWAY"), "lastStream": number(goAway.lastStream),
                "code": .text(goAway.code.description), "text": .text(goAway.text),
                "graceMs": number(goAway.graceMilliseconds), "retryAfterMs": number(goAway.retryAfterMilliseconds),
            ])
        case .ignored(let type, let flags, let stream, let body):
            return .object([
                "type": .text("0x" + (hex(type, 2).text ?? "")), "flags": number(flags), "stream": number(stream),
                "body": octets(body),
            ])
        }
    }
}

/// All complete frames of some octets.
func frames(_ octets: [UInt8]) throws -> [TCPFrame] {
    var found: [TCPFrame] = []
    var offset = 0
    while offset < octets.count {
        let next = try octets.withUnsafeBytes { try TCPFrame($0, at: &offset) }
        guard let next else { break }
        found.append(next)
    }
    return found
}
