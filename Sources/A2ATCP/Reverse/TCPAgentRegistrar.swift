public import A2A
import A2AClient
import NIOCore

/// Decides about agents that dial in and want to be called over their connection (spec/bindings/tcp.md §8.8.1).
///
/// A listener that has one is a hub. Without one it makes no calls on connections that it accepted.
public protocol TCPAgentRegistrar: Sendable {
    /// Takes an agent, or refuses it.
    ///
    /// - Parameters:
    ///   - name: The name that the agent would like, of the right form.
    ///   - connection: The connection on which it asks; the one to call it over.
    ///   - context: The call: credentials are in its parameters, a verified client certificate is its principal.
    /// - Throws: ``A2AError``, which the agent is told.
    func register(
        _ name: String, over connection: TCPDialledConnection, context: CallContext
    ) async throws -> TCPRegistration
}

/// A connection that an agent dialled, seen from the hub.
public struct TCPDialledConnection: Sendable, Hashable {
    let link: TCPChannelHandler

    init(_ link: TCPChannelHandler) { self.link = link }

    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.link === rhs.link }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self.link)) }

    /// Whether calls may be opened, as far as is known: it is not lost, and neither side said GOAWAY.
    public var isUsable: Bool { self.link.isUsable }

    /// Calls `body` once no more calls can be opened, at once if that is so. Soon, on another thread.
    public func whenUnusable(_ body: @escaping @Sendable () -> Void) { self.link.submit(.watch(body)) }

    /// Sends the agent away for some time: calls that are under way have `grace` to end.
    public func drain(grace: Duration, retryAfter: Duration) {
        self.link.submit(
            .drain(
                graceMilliseconds: UInt32(clamping: grace.wholeMilliseconds),
                retryAfterMilliseconds: UInt32(clamping: retryAfter.wholeMilliseconds)))
    }
}
