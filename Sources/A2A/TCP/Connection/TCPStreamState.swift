/// Where a stream stands, for both sides of a call (spec/bindings/tcp.md §6.2: the two tables).
///
/// A caller's stream goes idle → sending → awaiting → closed, a responder's idle → receiving → responding → closed.
package enum TCPStreamState: Hashable, Sendable, CaseIterable {
    /// No CALL yet.
    case idle
    /// Caller: the request is not complete.
    case sending
    /// Caller: the request is complete, the response is not.
    case awaiting
    /// Responder: the request is not complete.
    case receiving
    /// Responder: the request is complete, the response is not.
    case responding
    /// END of the response, or RESET, went one way or the other.
    case closed
}

/// What may come from the peer on a stream.
package enum TCPStreamInput: Hashable, Sendable, CaseIterable {
    case call, reply
    /// MSG or DATA without END.
    case body
    /// MSG or DATA with END.
    case end
    case credit, reset
}

/// What to do with it.
package enum TCPStreamReaction: Hashable, Sendable {
    /// Take it; the stream is then in this state.
    case take(TCPStreamState)
    /// Too late to matter: drop it.
    case ignore
    /// PROTOCOL_ERROR: the connection ends.
    case violation
}

extension TCPStreamState {
    /// The tables of the specification, without what needs more than the state: credit, limits and the form of messages.
    package func reaction(to input: TCPStreamInput) -> TCPStreamReaction {
        switch (self, input) {
        case (.idle, .call): .take(.receiving)
        case (.idle, _), (_, .call): .violation
        case (.closed, _): .ignore
        case (_, .reset): .take(.closed)
        case (_, .credit): .take(self)
        case (.receiving, .body): .take(.receiving)
        case (.receiving, .end): .take(.responding)
        case (.awaiting, .reply), (.awaiting, .body): .take(.awaiting)
        case (.awaiting, .end): .take(.closed)
        case (.receiving, .reply), (.responding, .reply), (.responding, .body), (.responding, .end): .violation
        case (.sending, .reply), (.sending, .body), (.sending, .end): .violation
        }
    }

    /// The state after this side sent END.
    package var afterSendingEnd: TCPStreamState {
        switch self {
        case .sending: .awaiting
        case .responding: .closed
        case .idle, .awaiting, .receiving, .closed: self
        }
    }
}
