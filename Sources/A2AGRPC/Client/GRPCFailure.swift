import A2A
import A2AClient
import GRPCCore

/// What failures of gRPC mean to the protocol.
enum GRPCFailure {
    /// The error for a call that never got a stream: nothing of it was sent.
    static func notSent(_ error: any Error, _ address: GRPCAddress) -> A2AError {
        if let error = error as? A2AError { return error }
        if Task.isCancelled || error is CancellationError {
            return A2AError(.canceled, "The call was cancelled.", cause: error)
        }
        return .unreachable(
            "Cannot connect to the agent at \(address): \(Self.reason(error))", mayHaveBeenSent: false,
            underlying: error)
    }

    /// The error for a stream that failed without a status of the peer's.
    static func broken(_ error: (any Error)?, _ address: GRPCAddress) -> A2AError {
        if let error = error as? A2AError { return error }
        if Task.isCancelled || error is CancellationError {
            return A2AError(.canceled, "The call was cancelled.", cause: error)
        }
        let reason = error.map(Self.reason) ?? "it ended without a status"
        return .unreachable(
            "The connection to the agent at \(address) broke: \(reason)", mayHaveBeenSent: true, underlying: error)
    }

    /// The error that a status says; `nil` for OK.
    ///
    /// The transport makes statuses of its own where a connection breaks; they have no details.
    static func error(_ status: Status, _ trailers: Metadata, _ address: GRPCAddress, limit: Int) -> A2AError? {
        guard let error = A2AError(status: status, trailers: trailers) else { return nil }
        guard error.details.isEmpty else { return error }
        if status.code == .unavailable {
            let isRefused = status.message.contains("refused stream")
            return .unreachable(
                "The connection to the agent at \(address) broke: \(error.message)", mayHaveBeenSent: !isRefused,
                underlying: RPCError(status: status))
        }
        if status.code == .internalError, status.message.hasPrefix("Failed to decode message") {
            return A2AError(
                .invalidAgentResponse, "The agent's answer cannot be read, or is much larger than \(limit) bytes.")
        }
        return error
    }

    static func tooLarge(_ limit: Int) -> A2AError {
        A2AError(.invalidAgentResponse, "The agent's answer is larger than \(limit) bytes.")
    }

    private static func reason(_ error: any Error) -> String {
        let text = Self.chain(error)
        let lowered = text.lowercased()
        if lowered.contains("connection refused") { return "connection refused" }
        if lowered.contains("certificate_verify_failed") { return "its TLS certificate is not trusted" }
        if lowered.contains("certificate_required") || lowered.contains("certificate required") {
            return "it asks for a client certificate"
        }
        if lowered.contains("wrong_version_number") { return "it does not speak TLS" }
        if lowered.contains("failed to resolve") || lowered.contains("getaddrinfo") {
            return "its name cannot be resolved"
        }
        return String(text.prefix(300))
    }

    /// An error of gRPC and the errors behind it.
    private static func chain(_ error: any Error) -> String {
        var texts: [String] = []
        var current: (any Error)? = error
        while let error = current, texts.count < 8 {
            if let rpc = error as? RPCError {
                texts.append(rpc.message)
                current = rpc.cause
            } else {
                texts.append("\(error)")
                current = nil
            }
        }
        return texts.joined(separator: ": ")
    }
}
