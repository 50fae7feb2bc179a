import NIOCore

/// Closes a call whose caller does not send its request, or has stopped reading the answer.
///
/// As long as the caller takes something now and then, the channel becomes writable again and the clock starts anew.
final class StalledStreamHandler: ChannelInboundHandler {
    // Which type it is does not matter: nothing is unwrapped.
    typealias InboundIn = Any

    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?
    private var hasRequest = false

    init(timeout: TimeAmount) { self.timeout = timeout }

    func handlerAdded(context: ChannelHandlerContext) { self.start(context) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { self.requestIsComplete() }
        context.fireUserInboundEventTriggered(event)
    }

    private func requestIsComplete() {
        guard !self.hasRequest else { return }
        self.hasRequest = true
        self.stop()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if self.hasRequest { self.stop() }
        } else {
            self.stop()
            self.start(context)
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.stop() }

    private func start(_ context: ChannelHandlerContext) {
        let channel = context.channel
        self.deadline = context.eventLoop.scheduleTask(in: self.timeout) { channel.close(promise: nil) }
    }

    private func stop() {
        self.deadline?.cancel()
        self.deadline = nil
    }
}
