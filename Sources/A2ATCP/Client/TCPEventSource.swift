import A2A
import A2AClient

/// The events of a stream over TCP, one message at a time. Letting it go ends the stream.
// Unchecked: an event source has one reader, which does not ask again before it has its answer; the task that opens it
// hands it over before it is read.
final class TCPEventSource: EventSource, @unchecked Sendable {
    private let call: TCPClientCall
    // Held, since it is closed when the last user lets go.
    private let connection: any TCPCallOpener
    private let context: CallContext
    private var first: TCPClientCall.Item?
    private var isOver = false
    private var epoch: UInt64 = 0
    private var task: String?
    /// The number of the last event.
    private var number: UInt64?
    /// What the reader has of a log that is gone: a first number up to this one says nothing to it.
    private var lost: UInt64?

    /// - Parameters:
    ///   - first: What came first.
    ///   - after: The number after which the stream goes on.
    ///   - lost: The number after which it should have gone on, but cannot.
    /// - Throws: ``A2AError`` if the call was not taken.
    init(
        _ call: TCPClientCall, _ connection: any TCPCallOpener, first: TCPClientCall.Item, after: UInt64?,
        lost: UInt64? = nil, _ context: CallContext, task: String? = nil
    ) throws {
        self.call = call
        self.connection = connection
        self.context = context
        self.number = after
        self.lost = lost
        self.task = task
        switch first {
        case .failure(let error):
            self.isOver = true
            throw error
        case .reply(let reply): self.note(reply)
        case .message, .end, .notTaken: self.first = first
        }
    }

    deinit {
        self.noteStop()
        self.call.cancel()
    }

    /// Whoever goes on after this number means the log of this stream.
    private func noteStop() {
        guard self.epoch != 0, let number, let task else { return }
        self.connection.withEpochs { [epoch] in $0.noteStop(at: number, epoch: epoch, of: task) }
    }

    private func note(_ reply: TCPReply) {
        self.epoch = reply.epoch
        if reply.epoch != 0 { self.context.response.logEpoch = reply.epoch }
        self.context.response.noteExtensions(reply)
    }

    func next() async throws -> StreamEvent? {
        while !self.isOver {
            let item: TCPClientCall.Item
            if let first = self.first {
                item = first
                self.first = nil
            } else {
                item = await self.call.next()
            }
            switch item {
            case .reply(let reply): self.note(reply)
            case .message(let octets, let sequence, let isLast, _):
                self.isOver = isLast
                do {
                    if let event = try self.event(octets, sequence) { return event }
                } catch {
                    self.isOver = true
                    self.call.cancel()
                    throw error
                }
            case .end:
                self.isOver = true
                self.noteStop()
            case .failure(let error):
                self.isOver = true
                self.noteStop()
                throw error.code == .resumeGap
                    ? .unreachable("The stream cannot go on where it was: \(error.message)", mayHaveBeenSent: true)
                    : error
            case .notTaken:
                self.isOver = true
                throw A2AError.unreachable("The call was not taken.", mayHaveBeenSent: false)
            }
        }
        return nil
    }

    /// An event; `nil` for one that the reader has had (spec/bindings/tcp.md §8.4).
    private func event(_ octets: [UInt8], _ sequence: UInt64?) throws -> StreamEvent? {
        if let sequence, let last = self.number {
            guard sequence > last else { return nil }
            guard sequence == last + 1 else {
                throw A2AError.unreachable("The agent left out events after number \(last).", mayHaveBeenSent: true)
            }
        }
        let response = try self.call.encoding.decodeAnswer(A2AStreamResponse.self, from: octets)
        if self.task == nil { self.task = response.taskID }
        var isOfAnotherLog = false
        if let sequence {
            if self.number == nil, self.epoch != 0, let task {
                self.connection.withEpochs { [epoch] in $0.note(epoch, of: task) }
            }
            self.number = sequence
            isOfAnotherLog = self.lost.map { sequence <= $0 } ?? false
            self.lost = nil
        }
        let generation = isOfAnotherLog ? nil : sequence.flatMap { Int64(exactly: $0) }
        return StreamEvent(response, generation: generation)
    }
}
