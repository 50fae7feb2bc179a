package import A2A
import A2AClient
import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What failures of HTTP mean to the protocol.
package enum HTTPFailure {
    /// The error for a failure of the HTTP library.
    ///
    /// - Parameter hasAnswer: Whether the answer had begun; then the request certainly arrived.
    package static func error(_ error: any Error, url: String?, hasAnswer: Bool) -> A2AError {
        let place = url.map { " at \(Self.origin($0))" } ?? ""
        switch error {
        case let error as A2AError:
            return error
        case is CancellationError:
            return A2AError(wrapping: error)
        case let error as HTTPClientError where error == .cancelled:
            return A2AError(.canceled, "The call was cancelled.", cause: error)
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            return A2AError(.deadlineExceeded, "The agent\(place) took too long to answer.", cause: error)
        case let error as HTTPClientError where Self.isBadAddress(error):
            return A2AError(.invalidParams, "'\(url ?? "")' is no address of an agent: \(error).", cause: error)
        default:
            let notSent = !hasAnswer && Self.isFailureToConnect(error)
            let reason =
                notSent
                ? "Cannot connect to the agent\(place): \(Self.reason(error))"
                : "The connection to the agent\(place) broke: \(Self.reason(error))"
            return .unreachable(reason, mayHaveBeenSent: !notSent, underlying: error)
        }
    }

    private static func isBadAddress(_ error: HTTPClientError) -> Bool {
        // `unsupportedScheme` has a payload, so it is recognised by its text.
        error == .invalidURL || error == .emptyHost || error == .emptyScheme || error == .missingSocketPath
            || "\(error)".contains("unsupportedScheme")
    }

    /// Whether there was no connection yet, so that no byte of the request can have been sent.
    private static func isFailureToConnect(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError:
            error == .connectTimeout || error == .tlsHandshakeTimeout || error == .getConnectionFromPoolTimeout
                || error == .httpProxyHandshakeTimeout || error == .socksHandshakeTimeout
        case let error as NIOSSLError:
            if case .handshakeFailed = error { true } else { false }
        case is NIOSSLExtraError:
            true
        case let error as ChannelError:
            if case .connectTimeout = error { true } else { false }
        case let error as IOError:
            [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
        default:
            // Name resolution and all addresses tried: a type of NIOPosix, which this module does not otherwise need.
            String(reflecting: type(of: error)) == "NIOPosix.NIOConnectionError"
        }
    }

    /// What went wrong, in a few words without a URL.
    static func reason(_ error: any Error) -> String {
        let text = "\(error)"
        let lowered = text.lowercased()
        if lowered.contains("connection refused") { return "connection refused" }
        if lowered.contains("certificate_verify_failed") { return "its TLS certificate is not trusted" }
        if lowered.contains("dnsaerror: optional") || lowered.contains("socketaddresserror.unknown") {
            return "its name cannot be resolved"
        }
        return String(text.prefix(200))
    }

    /// Scheme, host and port of a URL: what may be shown.
    ///
    /// Paths and queries may hold secrets.
    static func origin(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return String(url.prefix(100)) }
        let rest = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = rest.split(separator: "@").last ?? rest
        return "\(url[..<scheme.lowerBound])://\(host)"
    }
}

extension A2AError {
    /// Adds what the header of a failed answer says: the challenge (RFC 9110 §11.6.1) and when to come back.
    func completed(status: Int, headers: HTTPHeaders) -> A2AError {
        var error = self
        if status == 401 {
            if !error.code.isA2ASpecific { error.code = .unauthenticated }
            let challenges = headers["WWW-Authenticate"]
            if !challenges.isEmpty { error.challenge = challenges.joined(separator: ", ") }
        }
        if error.retryDelay == nil, status == 429 || status == 503,
            let seconds = headers.first(name: "Retry-After").flatMap({ Int64($0.trimmingSpaces) }), seconds >= 0
        {
            error.details.append(.retryInfo(.seconds(min(seconds, Int64(Int32.max)))))
        }
        return error
    }
}
