import A2A
import A2AClient
import SwiftProtobuf

// An error as RESET carries it (spec/bindings/tcp.md §9): a code, a text, and details in the encoding of the call.

/// How errors travel over TCP.
private enum TCPErrorWire {
    /// In the metadata of ErrorInfo: how to authenticate, as in a `WWW-Authenticate` header.
    static let challengeKey = "wwwAuthenticate"
}

extension A2AError.Code {
    /// The events after a cursor are not all there any more (spec/bindings/tcp.md §8.4).
    static let resumeGap = Self(name: "ResumeGapError", reason: "RESUME_GAP", jsonRPC: -32602, http: 410, grpc: 11)
}

// MARK: - Writing

extension TCPReset {
    /// What a caller is told of an error.
    init(_ error: A2AError, encoding: TCPEncoding, code: TCPErrorCode? = nil) {
        var details = error.wireDetails
        if error.code == .unauthenticated, let challenge = error.challenge { details.note(challenge: challenge) }
        // What programs tell errors apart by comes first and is dropped last.
        if let index = details.firstIndex(where: \.isErrorInfo), index > 0 {
            details.insert(details.remove(at: index), at: 0)
        }
        let own = error.isFallenBehind ? .slowConsumer : TCPErrorCode(error.code)
        self.init(code ?? own, error.message)
        if let delay = error.retryDelay { self.retryAfterMilliseconds = UInt32(clamping: delay.wholeMilliseconds) }
        self.details = Self.octets(of: details, error: error, encoding: encoding)
    }

    /// The details in octets; what does not fit is left out from the end, so the ErrorInfo stays.
    private static func octets(of details: [ErrorDetail], error: A2AError, encoding: TCPEncoding) -> [UInt8] {
        var details = details
        while !details.isEmpty {
            var octets: [UInt8] = []
            switch encoding {
            case .json: ErrorDetailJSON.append(details, to: &octets)
            case .protobuf:
                var status = Google_Rpc_Status()
                status.code = Int32(truncatingIfNeeded: error.code.grpc)
                status.details = details.compactMap(\.packed)
                octets = (try? status.serializedBytes()) ?? []
            }
            if octets.count <= TCPReset.maxDetailsOctets { return octets }
            if case .badRequest(let violations) = details[details.count - 1], violations.count > 1 {
                details[details.count - 1] = .badRequest(Array(violations.prefix(violations.count / 2)))
            } else {
                details.removeLast()
            }
        }
        return []
    }
}

extension [ErrorDetail] {
    fileprivate mutating func note(challenge: String) {
        for (index, detail) in self.enumerated() {
            guard case .errorInfo(let reason, let domain, var metadata) = detail else { continue }
            metadata[TCPErrorWire.challengeKey] = challenge
            self[index] = .errorInfo(reason: reason, domain: domain, metadata: metadata)
            return
        }
    }
}

extension Duration {
    /// Milliseconds, rounded up; 0 for what is negative.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        guard !overflow else { return .max }
        let (fraction, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        let (sum, isTooMuch) = product.addingReportingOverflow(fraction + (rest > 0 ? 1 : 0))
        return isTooMuch ? .max : sum
    }
}

// MARK: - Reading

extension A2AError {
    /// The error that a peer's RESET says.
    ///
    /// Which one it is, the reason of the `ErrorInfo` of the A2A domain decides, and without one the code.
    init(_ reset: TCPReset, encoding: TCPEncoding, address: String) {
        if reset.code == .refused || reset.code == .slowConsumer {
            let reason = reset.code == .refused ? "takes no calls now" : "ended a stream that was read too slowly"
            self = .unreachable(
                "The agent at \(address) \(reason): \(reset.text)", mayHaveBeenSent: !reset.isNotProcessed)
            self.note(retryAfter: reset.retryAfterMilliseconds)
            return
        }
        var details: [ErrorDetail] = []
        switch encoding {
        case .json:
            if (try? JSONScanner.validate(reset.details[...])) != nil {
                details = ErrorDetailJSON.decode(reset.details[...])
            }
        case .protobuf:
            let status = try? Google_Rpc_Status(serializedBytes: reset.details)
            details = (status?.details ?? []).prefix(ErrorDetailJSON.maxDetails).compactMap(ErrorDetail.init)
        }
        var challenge: String?
        var named: Code?
        for (index, detail) in details.enumerated() {
            guard case .errorInfo(let reason, ErrorDetail.a2aDomain, var metadata) = detail else { continue }
            named = named ?? Code(reason: reason)
            guard let text = metadata.removeValue(forKey: TCPErrorWire.challengeKey) else { continue }
            challenge = challenge ?? text
            details[index] = .errorInfo(reason: reason, metadata: metadata)
        }
        let code = reset.code == .resumeGap ? .resumeGap : named ?? reset.code.a2aCode
        let text = reset.text.isEmpty ? "The agent answered with the code \(reset.code)." : reset.text
        self.init(code, text, details: details, challenge: code == .unauthenticated ? challenge : nil)
        self.note(retryAfter: reset.retryAfterMilliseconds)
    }

    private mutating func note(retryAfter milliseconds: UInt32) {
        guard milliseconds > 0, self.retryDelay == nil else { return }
        self.details.append(.retryInfo(.milliseconds(Int64(milliseconds))))
    }
}
