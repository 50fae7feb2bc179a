public import A2A
public import A2AClient
public import A2AServer
public import Logging

/// A binding that dials instead of listening: the agent is called over the connection that it made to a hub
/// (spec/bindings/tcp.md §8.8.1).
///
/// Calls that come so are served, and authenticated, like those of any other binding. The connection is made again when it
/// is lost or the hub sends the agent away.
public struct TCPDialBinding: ServerBinding {
    public var configuration: TCPDialConfiguration

    public init(_ configuration: TCPDialConfiguration) { self.configuration = configuration }

    /// Serves until graceful shutdown or cancellation, whether the hub is there or not.
    ///
    /// Its endpoint has no interfaces: where callers reach the agent is the hub's business, and told to
    /// ``TCPDialConfiguration/onRegistered``.
    ///
    /// On shutdown the hub is told to make no more calls, streams end with UNAVAILABLE, and other calls have
    /// ``TCPServerConfiguration/shutdownGrace`` to end.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` if the address or the name is of no use, or a certificate cannot be read.
    public func serve(
        _ service: any A2AService,
        logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let dialler = try TCPDialler(self.configuration, service: service, logger: logger)
        await onListening(BindingEndpoint(address: dialler.address.description, interfaces: []))
        await dialler.run()
    }

    public var description: String { "TCP(to \(self.configuration.hub))" }
}

extension ServerBinding where Self == TCPDialBinding {
    /// A2A over a connection that the agent makes to a hub.
    public static func tcp(dialing configuration: TCPDialConfiguration) -> TCPDialBinding {
        TCPDialBinding(configuration)
    }

    /// A2A over a connection that the agent makes to a hub.
    ///
    /// - Parameters:
    ///   - hub: The hub's address, such as `a2a+tls://hub.example:41632`.
    ///   - name: The name that the agent would like there.
    ///   - credentials: Says who the agent is, such as `.bearer(token)`.
    public static func tcp(
        dialing hub: String, as name: String, credentials: (any CredentialProvider)? = nil
    ) -> TCPDialBinding {
        TCPDialBinding(TCPDialConfiguration(hub: hub, name: name, credentials: credentials))
    }
}
