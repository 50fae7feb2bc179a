public import A2A
public import Logging

/// A way to reach a service over a wire: HTTP (with JSON-RPC and HTTP+JSON), gRPC, or one of your own.
///
/// A binding knows neither the runtime nor other bindings: it decodes, calls the service and encodes.
public protocol ServerBinding: Sendable, CustomStringConvertible {
    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Parameters:
    ///   - service: What answers calls.
    ///   - onListening: To be called once, as soon as calls are accepted.
    /// - Throws: An error if the address cannot be bound or a certificate cannot be read.
    func serve(
        _ service: any A2AService,
        logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws
}

/// Where a binding listens.
public struct BindingEndpoint: Sendable, Hashable {
    /// The address as callers write it: the base URL for HTTP (`http://127.0.0.1:9900`), `host:port` for gRPC.
    public var address: String

    /// The interfaces to declare in the card, preferred first (§4.4.6).
    public var interfaces: [A2AAgentInterface]

    public init(address: String, interfaces: [A2AAgentInterface]) {
        self.address = address
        self.interfaces = interfaces
    }
}
