public import A2A

/// What went wrong below the protocol, as the cause of an ``A2AError`` with `.unavailable`.
///
/// A transport attaches it so that the client can decide whether a call may be made again: a message whose request
/// never left this side may be sent again, one that may have arrived may not.
public struct TransportFailure: Error, Sendable, CustomStringConvertible {
    /// What happened, for a person.
    public var reason: String

    /// Whether any part of the request may have reached the peer.
    ///
    /// `false` only if that is certain.
    public var mayHaveBeenSent: Bool

    /// Until when the peer recognises the message of the request if the same one is sent again; `nil` if it has not said so.
    public var recognizedUntil: ContinuousClock.Instant?

    /// The error of the library below.
    public var underlying: (any Error)?

    public init(
        _ reason: String, mayHaveBeenSent: Bool, recognizedUntil: ContinuousClock.Instant? = nil,
        underlying: (any Error)? = nil
    ) {
        self.reason = reason
        self.mayHaveBeenSent = mayHaveBeenSent
        self.recognizedUntil = recognizedUntil
        self.underlying = underlying
    }

    public var description: String {
        let sent = self.mayHaveBeenSent ? "the request may have been sent" : "the request was not sent"
        return "\(self.reason) (\(sent))"
    }
}

extension A2AError {
    /// The failure of the transport behind this error, if that is its cause.
    public var transportFailure: TransportFailure? { self.cause as? TransportFailure }

    /// The error, if it is one of a connection, with what is known of the peer: until when it recognises the message.
    func recognized(until time: ContinuousClock.Instant?) -> A2AError {
        guard let time, var failure = self.transportFailure, failure.recognizedUntil == nil else { return self }
        failure.recognizedUntil = time
        var error = self
        error.cause = failure
        return error
    }

    /// Whether it is certain that the peer has not seen the request.
    public var isSurelyNotSent: Bool { self.transportFailure?.mayHaveBeenSent == false }

    /// An agent that could not be reached, or a connection that broke.
    public static func unreachable(
        _ reason: String,
        mayHaveBeenSent: Bool,
        recognizedUntil: ContinuousClock.Instant? = nil,
        underlying: (any Error)? = nil,
        fileID: String = #fileID,
        line: Int = #line
    ) -> A2AError {
        A2AError(
            .unavailable,
            reason,
            cause: TransportFailure(
                reason, mayHaveBeenSent: mayHaveBeenSent, recognizedUntil: recognizedUntil, underlying: underlying),
            fileID: fileID,
            line: line
        )
    }
}
