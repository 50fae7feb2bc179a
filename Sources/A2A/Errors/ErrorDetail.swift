public import SwiftProtobuf

/// One structured detail of an error; in JSON an object with an `@type` key (§3.3.2).
public enum ErrorDetail: Sendable, Hashable {
    /// `google.rpc.ErrorInfo`: which error this is, for programs.
    case errorInfo(reason: String, domain: String = ErrorDetail.a2aDomain, metadata: [String: String] = [:])
    /// `google.rpc.BadRequest`: which fields are wrong, and why.
    case badRequest([FieldViolation])
    /// `google.rpc.RetryInfo`: how long to wait before trying again.
    case retryInfo(Duration)
    /// Any other detail: its type URL and its fields.
    case other(type: String, fields: Google_Protobuf_Struct)

    /// The domain of the errors that A2A defines (§9.5).
    public static let a2aDomain = "a2a-protocol.org"

    package static let errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo"
    package static let badRequestType = "type.googleapis.com/google.rpc.BadRequest"
    package static let retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"
}

/// A field of a request that is wrong.
public struct FieldViolation: Sendable, Hashable, CustomStringConvertible {
    /// The field's path from the request, in JSON names: `message.parts[0].content`.
    public var field: String
    /// What is wrong with it and what would be right.
    public var description: String

    public init(field: String, description: String) {
        self.field = field
        self.description = description
    }
}
