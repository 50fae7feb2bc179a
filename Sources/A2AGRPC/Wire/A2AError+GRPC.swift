import A2A
import A2AClient
import GRPCCore
import SwiftProtobuf

// An error as gRPC carries it (§10.6): a status, and beside it a google.rpc.Status with the details.

/// How errors travel over gRPC.
enum GRPCErrorWire {
    /// The trailer with the serialized google.rpc.Status.
    static let detailsKey = "grpc-status-details-bin"
    /// The trailer that tells how to authenticate, named as in HTTP.
    static let challengeKey = "www-authenticate"
    // Common peers cut trailers off at 8 KiB; both together stay below, however they are encoded.

    /// The most bytes of details that are sent; base64 makes a third more of them. 4 KiB.
    static let maxDetailsBytes = 4 << 10
    /// The most bytes of a message that are sent, as it is percent-encoded. 1.5 KiB.
    static let maxMessageBytes = 1536
    /// What a caller without credentials is told where the service does not say.
    static let defaultChallenge = "Bearer realm=\"a2a\""
}

// MARK: - Writing

extension A2AError {
    /// The status and the trailers that say this.
    var grpcStatus: (status: Status, trailers: Metadata) {
        let message = self.message.bounded(GRPCErrorWire.maxMessageBytes)
        var code = Status.Code(rawValue: self.code.grpc) ?? .unknown
        if code == .ok { code = .unknown }
        var trailers = Metadata()
        if let bytes = self.statusDetails(code: code, message: message) {
            trailers.addBinary(bytes, forKey: GRPCErrorWire.detailsKey)
        }
        if self.code == .unauthenticated {
            trailers.addString(self.challenge ?? GRPCErrorWire.defaultChallenge, forKey: GRPCErrorWire.challengeKey)
        }
        return (Status(code: code, message: message), trailers)
    }

    /// The details in bytes; what does not fit is left out from the end, so the `ErrorInfo` stays.
    private func statusDetails(code: Status.Code, message: String) -> [UInt8]? {
        var details = self.wireDetails
        // What programs tell errors apart by comes first and is dropped last.
        if let index = details.firstIndex(where: { $0.isErrorInfo }), index > 0 {
            details.insert(details.remove(at: index), at: 0)
        }
        while true {
            var status = Google_Rpc_Status()
            status.code = Int32(truncatingIfNeeded: code.rawValue)
            status.message = message
            status.details = details.compactMap(\.packed)
            guard let bytes: [UInt8] = try? status.serializedBytes() else { return nil }
            if bytes.count <= GRPCErrorWire.maxDetailsBytes || details.isEmpty { return bytes }
            if case .badRequest(let violations) = details[details.count - 1], violations.count > 1 {
                details[details.count - 1] = .badRequest(Array(violations.prefix(violations.count / 2)))
            } else {
                details.removeLast()
            }
        }
    }
}

// MARK: - Reading

extension A2AError {
    /// The error that a peer's status says, or `nil` if the status is OK.
    ///
    /// Which one it is, the reason of the `ErrorInfo` of the A2A domain decides, and without one the code of the status.
    init?(status: Status, trailers: Metadata) {
        guard status.code != .ok else { return nil }
        let rich = trailers[binaryValues: GRPCErrorWire.detailsKey].first(where: { _ in true })
            .flatMap { try? Google_Rpc_Status(serializedBytes: $0) }
        let details = (rich?.details ?? []).prefix(ErrorDetailJSON.maxDetails).compactMap(ErrorDetail.init)
        let text = status.message.isEmpty ? rich?.message ?? "" : status.message
        let message = text.isEmpty ? "The agent answered with the status \(status.code)." : text
        self.init(
            Self.code(of: details) ?? A2AError.Code(grpc: status.code.rawValue),
            message.bounded(ErrorDetailJSON.maxMessageLength), details: details)
        if status.code == .unauthenticated {
            let challenges = Array(trailers[stringValues: GRPCErrorWire.challengeKey])
            if !challenges.isEmpty { self.challenge = challenges.joined(separator: ", ") }
        }
    }

    private static func code(of details: [ErrorDetail]) -> Code? {
        for case .errorInfo(let reason, ErrorDetail.a2aDomain, _) in details {
            if let code = Code(reason: reason) { return code }
        }
        return nil
    }
}

extension A2AError.Code {
    /// The best code for the number of a gRPC status that came without an `ErrorInfo`.
    package init(grpc: Int) {
        switch grpc {
        case 1: self = .canceled
        case 3, 11: self = .invalidParams
        case 4: self = .deadlineExceeded
        case 5: self = .taskNotFound
        case 6: self = .invalidRequest
        case 7: self = .permissionDenied
        case 8: self = .resourceExhausted
        case 9: self = .unsupportedOperation
        case 10: self = .taskGenerationMismatch
        case 12: self = .methodNotFound
        case 14: self = .unavailable
        case 16: self = .unauthenticated
        default: self = .internal
        }
    }
}

extension String {
    /// The text, or as much of it as has room when percent-encoded.
    fileprivate func bounded(_ length: Int) -> String {
        var room = length
        for index in self.indices {
            room -= self[index].utf8.reduce(0) { $0 + ((0x20...0x7E).contains($1) && $1 != UInt8(ascii: "%") ? 1 : 3) }
            if room < 0 { return String(self[..<index]) + "…" }
        }
        return self
    }
}
