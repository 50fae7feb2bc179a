/// How a test reaches the agent (ACTS §3.2), and our TCP binding beside.
package enum TransportBinding: String, Sendable, Hashable, CaseIterable {
    case jsonrpc
    case rest
    case grpc
    /// A2A over TCP: not a word of ACTS, so it stands in `x-transport` (conformance/format.md).
    case tcp

    /// The words of ACTS.
    static let specified = ["jsonrpc", "grpc", "rest"]

    /// Whether requests are HTTP, so that raw steps can be made.
    package var isHTTP: Bool { self == .jsonrpc || self == .rest }

    /// The name for people.
    package var title: String {
        switch self {
        case .jsonrpc: "JSON-RPC"
        case .rest: "HTTP+JSON"
        case .grpc: "gRPC"
        case .tcp: "TCP"
        }
    }
}
