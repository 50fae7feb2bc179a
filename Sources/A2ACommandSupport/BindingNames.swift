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
}
