public import HTTPTypes

/// The key-value pairs that travel beside a request: HTTP header fields, gRPC metadata (§3.2.6).
///
/// Names are compared without regard to case; values keep theirs.
public struct ServiceParameters: Sendable, Hashable {
    /// The parameters as HTTP fields.
    public var fields: HTTPFields

    public init(_ fields: HTTPFields = [:]) { self.fields = fields }

    /// The values under a name, joined by commas; `nil` if there are none or the name is not legal.
    public subscript(name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self.fields[$0] } }
        set { if let name = HTTPField.Name(name) { self.fields[name] = newValue } }
    }

    /// The names of the standard parameters.
    public enum Name {
        /// The A2A version of the call (§3.6).
        public static let version = "A2A-Version"
        /// The extensions that the caller wants to use, comma-separated (§4.6).
        public static let extensions = "A2A-Extensions"
        /// Where a broken stream goes on (HTML standard, server-sent events).
        public static let lastEventID = "Last-Event-ID"
    }
}

extension HTTPField.Name {
    /// The A2A version of the call (§3.6).
    public static let a2aVersion = HTTPField.Name(ServiceParameters.Name.version)!
    /// The extensions that the caller wants to use (§4.6).
    public static let a2aExtensions = HTTPField.Name(ServiceParameters.Name.extensions)!
    /// Where a broken stream goes on.
    public static let lastEventID = HTTPField.Name(ServiceParameters.Name.lastEventID)!
}
