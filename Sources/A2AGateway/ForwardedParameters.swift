import A2A
import HTTPTypes

/// What of a caller's parameters goes on to the upstream (§3.2.6).
///
/// Everything does that is about the call: credentials under whatever name, cookies, traces, parameters of extensions.
/// What is about the message that carried it, or about the connection that the message came over, stays here:
/// on the other side there is another message, over another connection and perhaps another binding.
struct ForwardedParameters {
    /// The parameters to send.
    private(set) var parameters = ServiceParameters()
    /// The value of ``hopsName``; `nil` if the caller is no gateway.
    private(set) var hops: String?

    /// How many gateways a call has passed.
    static let hopsName = HTTPField.Name("A2A-Gateway-Hops")!

    /// Sorts a caller's parameters in one pass.
    init(_ caller: ServiceParameters) {
        var connectionOptions: [Substring] = []
        for field in caller.fields {
            let name = field.name.canonicalName
            if Self.isHeldBack(name) {
                switch name {
                case "connection": connectionOptions += field.value.lowercased().split(separator: ",")
                case Self.hopsName.canonicalName: self.hops = field.value
                default: break
                }
            } else {
                self.parameters.fields.append(field)
            }
        }
        // A connection may name more fields that are its own (RFC 9110 §7.6.1).
        for option in connectionOptions {
            if let name = HTTPField.Name(option.trimmingSpaces) { self.parameters.fields[name] = nil }
        }
    }

    static func isHeldBack(_ name: String) -> Bool {
        // Descriptions of the body (RFC 9110 §8), and what gRPC says of its own framing.
        self.names.contains(name) || name.hasPrefix("content-") || name.hasPrefix("grpc-")
    }

    private static let names: Set<String> = [
        // Of one connection (RFC 9110 §7.6.1, RFC 9112 §9, RFC 9113 §8.2.2), and the framing of one message.
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "http2-settings",
        // For the server that was asked, which is this one.
        "host", "expect", "max-forwards", "proxy-authorization",
        // About the form of the answer, which each binding chooses. The language is the agent's business and goes on.
        "accept", "accept-charset", "accept-encoding",
        // About a copy of the answer that the caller has: the upstream's answer is another one (RFC 9110 §13, §14).
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range",
        // The client of the upstream is the gateway.
        "user-agent",
        // In the context of a call, where the transport takes them from.
        "a2a-version", "a2a-extensions", "a2a-event-ids", "last-event-id",
        // Counted anew.
        "a2a-gateway-hops",
    ]
}
