import A2A
import NIOCore
import Synchronization

/// The connections of a server: how many there are, what they hold together, and their end.
final class TCPServerConnections: Sendable {
    private struct State {
        var handlers: [ObjectIdentifier: TCPChannelHandler] = [:]
        var isDraining = false
        var unknown: TCPAddressCounts
    }

    private let limit: Int
    private let options: TCPConnectionOptions
    private let ageLimit: Duration?
    private let state: Mutex<State>

    init(_ configuration: TCPServerConfiguration, requiresAuthentication: Bool) {
        self.limit = max(configuration.maxConnections, 1)
        self.ageLimit = configuration.maxConnectionAge
        self.state = Mutex(
            State(unknown: TCPAddressCounts(limit: configuration.maxUnauthenticatedConnectionsPerAddress)))
        let epoch = configuration.epoch ?? UInt64.random(in: 1 ... .max)
        var options = configuration.connectionOptions(
            epoch: max(epoch, 1), budget: SharedBudget(limit: max(configuration.maxBufferedBytes, 0)),
            requiresAuthentication: requiresAuthentication)
        if let notifier = configuration.notifier { options.onReady = { notifier.connected($0, $1) } }
        self.options = options
    }

    /// The handler of a new connection; `nil` if there is no room for it.
    func admit(_ channel: any Channel) -> TCPChannelHandler? {
        let handler = self.admit(from: channel.remoteAddress, eventLoop: channel.eventLoop)
        guard let handler else { return nil }
        channel.closeFuture.whenComplete { _ in self.remove(handler) }
        return handler
    }

    func admit(from address: SocketAddress?, eventLoop: any EventLoop) -> TCPChannelHandler? {
        var options = self.options
        // At a random age, so that those which began together do not come back together.
        options.configuration.ageLimit = self.ageLimit.map { Self.spread($0, random: .random(in: 0..<1)) }
        let handler = TCPChannelHandler(.listener, options: options, eventLoop: eventLoop, inbox: TCPCallInbox())
        let key = options.requiresAuthentication ? TCPAddressCounts.key(address) : nil
        let isAdmitted = self.state.withLock { state in
            guard !state.isDraining, state.handlers.count < self.limit else { return false }
            if let key, !state.unknown.add(key) { return false }
            state.handlers[ObjectIdentifier(handler)] = handler
            return true
        }
        guard isAdmitted else { return nil }
        if let key { handler.onPeerKnown = { [weak self] in self?.state.withLock { $0.unknown.remove(key) } } }
        return handler
    }

    /// The connection is over.
    func remove(_ handler: TCPChannelHandler) {
        // It counts no longer, whoever its peer was.
        handler.onPeerKnown?()
        handler.onPeerKnown = nil
        _ = self.state.withLock { $0.handlers.removeValue(forKey: ObjectIdentifier(handler)) }
    }

    /// The age, give or take a tenth, in milliseconds.
    static func spread(_ age: Duration, random: Double) -> Int64 {
        (age * (0.9 + 0.2 * min(max(random, 0), 1))).wholeMilliseconds
    }

    /// Tells all callers to go elsewhere; no more connections are taken.
    func drain(grace: Duration) {
        let handlers = self.state.withLock { state in
            state.isDraining = true
            return Array(state.handlers.values)
        }
        for handler in handlers {
            // Spread, so that not all come back at once.
            handler.submit(
                .drain(
                    graceMilliseconds: UInt32(clamping: grace.wholeMilliseconds),
                    retryAfterMilliseconds: UInt32.random(in: 500...1_500)))
        }
    }

    /// Memory that all connections share.
    final class SharedBudget: TCPMemoryBudget {
        private let rest: Mutex<Int>

        init(limit: Int) { self.rest = Mutex(limit) }

        func reserve(_ octets: Int) -> Bool {
            self.rest.withLock { rest in
                guard octets <= rest else { return false }
                rest -= octets
                return true
            }
        }

        func release(_ octets: Int) { self.rest.withLock { $0 += octets } }
    }
}
