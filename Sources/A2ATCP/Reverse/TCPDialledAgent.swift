public import A2A
public import A2AClient
import Synchronization

/// An agent that dials in: its connections, and calls over the newest of them.
///
/// It stays the same while connections come and go, so that streams can be taken up on the next one. Every call is made with
/// the credentials of its own caller, in a slot of their own.
public final class TCPDialledAgent: TransportFactory, TCPCallOpener {
    /// The most tasks whose epochs are remembered, for callers over bindings that have none.
    private static let maxEpochs = 256
    /// The binding name of the interface that stands for the connection; it never leaves this process.
    private static let scheme = "a2a+dialled"
    /// How often a call is tried on another connection because the one it was given to goes away.
    private static let maxMoves = 3

    /// What messages call it.
    public let name: String

    private struct State {
        /// Oldest first.
        var connections: [TCPDialledConnection] = []
        var epochs = TCPEpochs(limit: TCPDialledAgent.maxEpochs)
    }

    private let state = Mutex(State())

    public init(name: String) { self.name = name }

    // MARK: Connections

    /// How many connections there are that take calls.
    public var connectionCount: Int { self.state.withLock { $0.connections.count { $0.isUsable } } }

    /// Adds a connection, which gets all new calls.
    ///
    /// - Returns: Older connections that are too many; they get no more calls.
    public func add(_ connection: TCPDialledConnection, limit: Int) -> [TCPDialledConnection] {
        self.state.withLock { state in
            state.connections.removeAll { $0 == connection || !$0.isUsable }
            state.connections.append(connection)
            let surplus = state.connections.prefix(max(state.connections.count - max(limit, 1), 0))
            state.connections.removeFirst(surplus.count)
            return Array(surplus)
        }
    }

    /// Takes a connection out, which is over or goes away.
    public func remove(_ connection: TCPDialledConnection) {
        self.state.withLock { state in state.connections.removeAll { $0 == connection } }
    }

    private func newest(not other: TCPChannelHandler? = nil) -> TCPChannelHandler? {
        self.state.withLock { state in state.connections.last { $0.isUsable && $0.link !== other }?.link }
    }

    // MARK: Reaching it

    /// The interface to put into a card, so that this factory, and no other, makes the transport.
    public var interface: A2AAgentInterface {
        A2AAgentInterface(url: "\(Self.scheme)://\(self.name)", binding: .tcp)
    }

    public func supports(_ interface: A2AAgentInterface) -> Bool { interface.url == self.interface.url }

    public func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
        TransportService(TCPTransport(connection: self, card: card))
    }

    /// The agent's public card, over a connection that need not be one of its own yet.
    ///
    /// - Parameter maxBytes: Of the card as JSON.
    /// - Returns: The card as it was sent, for what the model does not know.
    /// - Throws: ``A2AError``.
    public func card(
        over connection: TCPDialledConnection? = nil, maxBytes: Int, timeout: Duration
    ) async throws -> [UInt8] {
        let context = CallContext(deadline: .now.advanced(by: timeout))
        let request = try TCPEncoding.json.encode(A2AGetExtendedAgentCardRequest())
        let (call, first) = try await self.open(
            .getAgentCard, request, encoding: .json, context, keyNames: [], cursor: nil, over: connection?.link)
        let octets = try await TCPTransport.answer(call, first, context)
        guard octets.count <= maxBytes else {
            throw A2AError(
                .invalidAgentResponse, "The agent's card has \(octets.count) bytes; at most \(maxBytes) are taken.")
        }
        return octets
    }

    // MARK: Calls

    let encoding = TCPEncoding.protobuf

    func open(
        _ method: TCPMethod, _ request: [UInt8], encoding: TCPEncoding, _ context: CallContext, keyNames: Set<String>,
        cursor: TCPCursor?
    ) async throws -> (call: TCPClientCall, first: TCPClientCall.Item) {
        try await self.open(
            method, request, encoding: encoding, context, keyNames: keyNames, cursor: cursor, over: nil)
    }

    private func open(
        _ method: TCPMethod, _ request: [UInt8], encoding: TCPEncoding, _ context: CallContext, keyNames: Set<String>,
        cursor: TCPCursor?, over chosen: TCPChannelHandler?
    ) async throws -> (call: TCPClientCall, first: TCPClientCall.Item) {
        let (frame, credentials) = try TCPCall.make(
            method, encoding: encoding, context: context, keyNames: keyNames, cursor: cursor)
        var link = chosen ?? self.newest()
        for move in 1...Self.maxMoves {
            guard let current = link else { break }
            guard credentials.isEmpty || current.mayCarryCredentials else {
                throw A2AError(.invalidParams, "Credentials are not sent to the agent '\(self.name)' without TLS.")
            }
            let call = TCPClientCall(encoding: encoding, deadline: context.deadline, link: current)
            current.submit(
                .open(
                    TCPOpening(
                        call: call, frame: frame, credentials: credentials, identity: context.credentialIdentity,
                        request: request, deadline: context.deadline)))
            let first = await call.next()
            switch first {
            case .notTaken where chosen == nil: link = self.newest(not: current)
            case .notTaken: link = nil
            case .failure(let error) where error.isSurelyNotSent && chosen == nil && move < Self.maxMoves:
                guard let next = self.newest(not: current) else { return (call, first) }
                link = next
            default: return (call, first)
            }
        }
        throw A2AError.unreachable("The agent '\(self.name)' is not connected.", mayHaveBeenSent: false)
    }

    func renew(_ entries: [TCPCredentials.Entry], identity: UInt64) {
        self.newest()?.submit(.renew(identity, entries))
    }

    func withEpochs<Result: Sendable>(_ body: (inout TCPEpochs) -> Result) -> Result {
        self.state.withLock { body(&$0.epochs) }
    }
}
