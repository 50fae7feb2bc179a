/// A code of RESET or GOAWAY: one space of 16 bits (spec/bindings/tcp.md §9).
///
/// `0x0100 + n` is the A2A error with the JSON-RPC code `-32000 - n`, so errors that the protocol gets later have a
/// number already. An unknown code is kept as it came and treated as ``internal``.
package struct TCPErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Four hexadecimal digits, as the vectors write it.
    package var description: String {
        let digits = String(self.rawValue, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

// MARK: - RESET

extension TCPErrorCode {
    package static let canceled = Self(rawValue: 0x0001)
    package static let invalidParams = Self(rawValue: 0x0003)
    package static let deadlineExceeded = Self(rawValue: 0x0004)
    package static let permissionDenied = Self(rawValue: 0x0007)
    package static let resourceExhausted = Self(rawValue: 0x0008)
    package static let methodNotFound = Self(rawValue: 0x000C)
    package static let `internal` = Self(rawValue: 0x000D)
    package static let unavailable = Self(rawValue: 0x000E)
    package static let unauthenticated = Self(rawValue: 0x0010)
    package static let parseError = Self(rawValue: 0x0020)
    package static let invalidRequest = Self(rawValue: 0x0021)
    package static let invalidAgentResponse = Self(rawValue: 0x0106)
    package static let versionNotSupported = Self(rawValue: 0x0109)
    /// The call was not looked at: drain or overload. Always with NOT_PROCESSED.
    package static let refused = Self(rawValue: 0x0201)
    /// Total is beyond the receiver's MAX_MESSAGE.
    package static let messageTooLarge = Self(rawValue: 0x0202)
    /// The reader of an event stream fell out of the retained log.
    package static let slowConsumer = Self(rawValue: 0x0204)
    /// The events after a cursor are not all there any more.
    package static let resumeGap = Self(rawValue: 0x0205)
}

// MARK: - GOAWAY

extension TCPErrorCode {
    /// Drain: nothing is wrong.
    package static let noError = Self(rawValue: 0x0300)
    package static let protocolError = Self(rawValue: 0x0301)
    package static let frameError = Self(rawValue: 0x0302)
    package static let flowControl = Self(rawValue: 0x0303)
    package static let handshakeTimeout = Self(rawValue: 0x0304)
    package static let idleTimeout = Self(rawValue: 0x0305)
    /// The peer made too many glitches.
    package static let calm = Self(rawValue: 0x0306)
    package static let versionMismatch = Self(rawValue: 0x0307)
    /// Credentials on a connection that anybody can read.
    package static let insecure = Self(rawValue: 0x0308)
    package static let internalConnectionError = Self(rawValue: 0x0309)
}

// MARK: - The table of A2A errors

extension TCPErrorCode {
    /// The code of an A2A error (§5.4). An error without a row of its own is ``internal``.
    package init(_ code: A2AError.Code) {
        if code.isA2ASpecific, (-32099 ... -32001).contains(code.jsonRPC) {
            self.init(rawValue: 0x0100 + UInt16(-32000 - code.jsonRPC))
        } else {
            self = Self.generic.first { $0.error == code }?.code ?? .internal
        }
    }

    /// The A2A error of a code. Connection codes and codes that nobody knows are ``A2AError/Code/internal``.
    package var a2aCode: A2AError.Code {
        if let row = Self.generic.first(where: { $0.code == self }) { return row.error }
        if (0x0101...0x01FF).contains(self.rawValue) {
            let code = A2AError.Code(jsonRPC: -32000 - Int(self.rawValue - 0x0100))
            return code.isA2ASpecific ? code : .internal
        }
        return .internal
    }

    // The first row of an error is the one that is sent.
    private static let generic: [(code: TCPErrorCode, error: A2AError.Code)] = [
        (.canceled, .canceled), (.invalidParams, .invalidParams), (.deadlineExceeded, .deadlineExceeded),
        (.permissionDenied, .permissionDenied), (.resourceExhausted, .resourceExhausted),
        (.methodNotFound, .methodNotFound), (.internal, .internal), (.unavailable, .unavailable),
        (.unauthenticated, .unauthenticated), (.parseError, .parseError), (.invalidRequest, .invalidRequest),
        (.messageTooLarge, .requestTooLarge), (.refused, .unavailable), (.slowConsumer, .unavailable),
        (.resumeGap, .invalidParams),
    ]
}

/// What a peer did wrong, and how far it reaches.
package struct TCPViolation: Error, Hashable, Sendable {
    /// Whether the connection ends with GOAWAY, or only the stream with RESET.
    package enum Scope: Hashable, Sendable { case connection, stream }

    package let scope: Scope
    package let code: TCPErrorCode
    /// What was wrong, for the text of the frame and for logs. Holds nothing that the peer sent.
    package let text: String

    package static func connection(_ code: TCPErrorCode, _ text: String) -> Self {
        Self(scope: .connection, code: code, text: text)
    }

    package static func stream(_ code: TCPErrorCode, _ text: String) -> Self {
        Self(scope: .stream, code: code, text: text)
    }
}
