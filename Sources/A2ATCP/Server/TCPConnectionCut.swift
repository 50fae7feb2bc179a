import A2A
import Logging
import NIOCore

/// Cuts its connection after a while, as a network does: neither TLS nor the protocol says a word first.
///
/// It stands nearest to the socket.
final class TCPConnectionCut: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let delay: TimeAmount
    private let logger: Logger
    private var end: Scheduled<Void>?

    init(after delay: Duration, _ logger: Logger) {
        self.delay = TimeAmount(delay)
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.end = context.eventLoop.scheduleTask(in: self.delay) {
            let (handler, context) = bound.value
            handler.logger.notice("cut a connection over TCP, as asked")
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.end?.cancel() }
}
