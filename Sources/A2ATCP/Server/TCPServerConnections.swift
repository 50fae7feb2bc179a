import A2A
import NIOCore
import Synchronization

/// The connections of a server: how many there are, what they hold together, and their end.
final class TCPServerConnections: Sendable {
    private struct State {
        var handlers: [ObjectIdentifier: TCPChannelHandler] = [:]
        var isDraining = false
    }

    private let limit: Int
    private let options: TCPConnectionOptions
    private let state = Mutex(State())

    init(_ configuration: TCPServerConfiguration) {
        self.limit = max(configuration.maxConnections, 1)
        let epoch = configuration.epoch ?? UInt64.random(in: 1 ... .max)
        self.options = configuration.connectionOptions(
            epoch: max(epoch, 1), budget: SharedBudget(limit: max(configuration.maxBufferedBytes, 0)))
    }

    /// The handler of a new connection; `nil` if there is no room for it.
    func admit(_ channel: any Channel) -> TCPChannelHandler? {
        let handler = TCPChannelHandler(
            .listener, options: self.options, eventLoop: channel.eventLoop, inbox: TCPCallInbox())
        let id = ObjectIdentifier(handler)
        let isAdmitted = self.state.withLock { state in
            guard !state.isDraining, state.handlers.count < self.limit else { return false }
            state.handlers[id] = handler
            return true
        }
        guard isAdmitted else { return nil }
        channel.closeFuture.whenComplete { _ in
            _ = self.state.withLock { $0.handlers.removeValue(forKey: id) }
        }
        return handler
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
    private final class SharedBudget: TCPMemoryBudget {
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
