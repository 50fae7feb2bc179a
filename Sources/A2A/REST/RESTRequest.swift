package import SwiftProtobuf

/// A request of the HTTP+JSON binding: a message whose path, query and body are put together (§11.3 to §11.5).
package protocol RESTRequest: Message {
    /// The tenant that the request is for; empty for none (§4.4.6).
    var tenant: String { get set }

    /// What stands in the path of a request for this message.
    var pathParameters: RESTPathParameters { get }

    /// Takes over what the path says, and reports what differs from the body or the query.
    mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder)

    /// What the draft of version 1.1 has added; `nil` for nothing.
    static var draftMember: DraftMember? { get }

    /// Clears what the draft of version 1.1 has added.
    mutating func clearDraftMember()
}

extension RESTRequest {
    /// Puts a request together from its parts.
    ///
    /// Operations with a body take it from there and ignore the query; the others read the query. What the path says
    /// wins; where the rest says otherwise, the request is refused.
    ///
    /// - Parameters:
    ///   - match: What the path says.
    ///   - query: The query string without its question mark, or `nil`.
    ///   - body: The body; it may be empty for CancelTask and SubscribeToTask.
    ///   - version: The version of the call; see ``ModelJSON/decode(_:from:version:)``.
    /// - Throws: ``A2AError`` with `.invalidParams` naming the fields, or `.parseError` for a body that is not JSON.
    package init(
        _ match: RESTMatch, query: Substring?, body: ArraySlice<UInt8>, version: ProtocolVersion
    ) throws(A2AError) {
        if match.operation.hasRESTBody {
            if body.isEmpty, match.operation.mayOmitRESTBody {
                self.init()
            } else {
                // The decoder trusts its input to be JSON in a few places; the envelope of JSON-RPC has seen to it.
                do {
                    try JSONScanner.validate(body)
                } catch {
                    throw DecodingDiagnosis.error(for: error)
                }
                self = try ModelJSON.decode(Self.self, from: body, version: version)
            }
        } else if query?.isEmpty ?? true {
            self.init()
        } else {
            let unknown = version.hasGenerations ? nil : Self.draftMember?.name
            let query = try RESTQuery(query).json(for: Self.protoMessageName, without: unknown)
            self = query.count > 2 ? try ModelJSON.decode(Self.self, from: query[...]) : Self()
        }
        var binder = RESTBinder()
        self.bind(match, &binder)
        guard binder.violations.isEmpty else { throw .invalidParams(binder.violations) }
    }
}

/// What a request has in its path, beside the operation's own names.
package struct RESTPathParameters: Sendable {
    var tenant: String
    /// `nil` where the operation is about no task.
    var taskID: String?
    /// `nil` where the operation is about no push notification configuration.
    var configID: String?
}

/// Compares what a path says with what else a request says.
package struct RESTBinder {
    private(set) var violations: [FieldViolation] = []

    /// The value to set, or `nil` if there is nothing to change.
    mutating func value(_ path: String, over other: String, _ field: String) -> String? {
        guard !path.isEmpty, !path.utf8.elementsEqual(other.utf8) else { return nil }
        guard other.isEmpty else {
            self.violations.append(FieldViolation(field: field, description: "must be the same as in the path"))
            return nil
        }
        return path
    }
}

extension A2AOperation {
    /// Whether the request has a body rather than a query.
    var hasRESTBody: Bool {
        switch self {
        case .sendMessage, .sendStreamingMessage, .cancelTask, .subscribeToTask, .createTaskPushNotificationConfig:
            true
        default: false
        }
    }

    /// Whether everything that the request needs may stand in its path.
    var mayOmitRESTBody: Bool { self == .cancelTask || self == .subscribeToTask }
}
