/// What a connection shows of a caller, now and not only when the call came.
///
/// A binding offers it where that may change while a call runs: over TCP a token is renewed under open streams.
public protocol CallerEvidence: Sendable {
    /// The certificate that the caller showed and TLS verified; `nil` for none.
    var certificate: PeerCertificate? { get }

    /// The parameters of a call with the credentials that the caller has now, in place of those that came with the call.
    func renewed(_ parameters: ServiceParameters) -> ServiceParameters
}

/// A certificate that a peer showed and TLS verified.
public struct PeerCertificate: Sendable, Hashable {
    /// The certificate in DER.
    public var der: [UInt8]

    /// Its SHA-256 in base64url without padding: what a token that is bound to it has as `cnf.x5t#S256` (RFC 8705 §3.1).
    public var thumbprint: String

    public init(der: [UInt8], thumbprint: String) {
        self.der = der
        self.thumbprint = thumbprint
    }
}

/// What middleware has found out about a call before the call's request came, for itself.
package protocol CallAdmission: AnyObject, Sendable {}
