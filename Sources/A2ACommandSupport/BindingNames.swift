package import A2A
import A2ATCP

extension ProtocolBinding {
    /// What people call the binding.
    package var label: String {
        switch self {
        case .jsonRPC: "JSON-RPC"
        case .httpJSON: "HTTP+JSON"
        case .grpc: "gRPC"
        case .tcp: "TCP"
        default: self.rawValue
        }
    }

    /// The names that ``init(named:)`` reads, for people.
    package static let names = "jsonrpc, http+json, grpc or tcp"

    /// The binding that an argument names; `nil` if there is none.
    package init?(named text: String) {
        switch text.lowercased() {
        case "jsonrpc", "json-rpc": self = .jsonRPC
        case "http+json", "rest", "http-json", "httpjson": self = .httpJSON
        case "grpc": self = .grpc
        case "tcp", "a2a+tcp", "a2a+tls": self = .tcp
        default: return nil
        }
    }
}
