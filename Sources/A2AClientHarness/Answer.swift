import A2A
import A2AClient
import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One line of standard output (conformance/client-harness.md §4).
struct Answer: Encodable, Sendable {
    var id: String
    var result: JSON?
    var events: [JSON]?
    var error: JSON?

    /// The line.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let data = try? encoder.encode(self) else {
            return #"{"id":"\#(self.id)","error":{"message":"the answer cannot be written"}}"#
        }
        return String(decoding: data, as: UTF8.self)
    }
}

extension JSON {
    init(_ message: some Message) throws {
        let bytes: [UInt8] = try message.jsonUTF8Bytes()
        self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }

    /// What the client said of a failure.
    init(_ error: any Error) {
        guard let error = error as? A2AError else {
            self = .object(["message": .string("\(error)"), "kind": .string("client")])
            return
        }
        var json: [String: JSON] = [
            "message": .string(error.message), "error": .string(error.code.name), "kind": .string(Self.kind(error)),
        ]
        for case .errorInfo(let reason, let domain, let metadata) in error.details {
            json["reason"] = .string(reason)
            json["domain"] = .string(domain)
            json["metadata"] = .object(metadata.mapValues(JSON.string))
        }
        if !error.fieldViolations.isEmpty {
            json["fields"] = .array(error.fieldViolations.map { .string($0.field) })
        }
        self = .object(json)
    }

    private static func kind(_ error: A2AError) -> String {
        if error.transportFailure != nil { return "connection" }
        if error.cause is AgentCardFailure { return "answer" }
        switch error.code {
        case .deadlineExceeded: return "timeout"
        case .invalidAgentResponse: return "answer"
        default: return "agent"
        }
    }
}
