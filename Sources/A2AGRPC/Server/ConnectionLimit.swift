import NIOCore
import Synchronization

/// Closes connections beyond a number.
final class ConnectionLimit: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(_ limit: Int) { self.limit = max(limit, 1) }

    func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let isAdmitted = self.count.withLock { count in
            guard count < self.limit else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { return channel.close() }
        channel.closeFuture.whenComplete { _ in self.count.withLock { $0 -= 1 } }
        return channel.eventLoop.makeSucceededVoidFuture()
    }
}
