#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One line of standard input (conformance/client-harness.md §3).
struct Command: Decodable, Sendable {
    var id: String
    var operation: String
    /// The agent's base URL.
    var card: String
    var binding: String?
    /// The request of the operation in ProtoJSON.
    var request: [UInt8]
    var extensions: [String]
    /// Secrets by the names of the card's security schemes.
    var credentials: [String: String]
    /// Certificates of authorities to trust, in PEM.
    var trust: String?
    var timeout: Duration
    /// Streams: leave after that many events.
    var maxEvents: Int?

    private enum Key: String, CodingKey {
        case id, operation, card, binding, request, extensions, credentials, trust
        case timeout = "timeout_ms"
        case maxEvents = "max_events"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.id = try container.decode(String.self, forKey: .id)
        self.operation = try container.decode(String.self, forKey: .operation)
        self.card = try container.decode(String.self, forKey: .card)
        self.binding = try container.decodeIfPresent(String.self, forKey: .binding)
        let request = try container.decodeIfPresent(JSON.self, forKey: .request) ?? .object([:])
        self.request = Array(try JSONEncoder().encode(request))
        self.extensions = try container.decodeIfPresent([String].self, forKey: .extensions) ?? []
        self.credentials = try container.decodeIfPresent([String: String].self, forKey: .credentials) ?? [:]
        self.trust = try container.decodeIfPresent(String.self, forKey: .trust)
        let milliseconds = try container.decodeIfPresent(Int64.self, forKey: .timeout) ?? 5000
        self.timeout = .milliseconds(milliseconds)
        self.maxEvents = try container.decodeIfPresent(Int.self, forKey: .maxEvents)
    }
}

/// Any JSON, between the lines and the messages.
indirect enum JSON: Codable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
