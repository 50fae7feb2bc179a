import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// Certificates for development: an authority, what it signed, and their keys. The authority's own key is not kept, so that
/// nobody can sign anything else with it.
struct DevelopmentCertificates {
    /// In PEM.
    var authority: String
    var server: Pair
    var client: Pair?
    /// When they expire.
    var expiry: Date

    /// A certificate and its private key, in PEM.
    struct Pair {
        var certificate: String
        var key: String
    }

    /// Clocks differ a little: how long before now certificates are valid already, in seconds.
    private static let leeway: Double = 300

    /// - Parameters:
    ///   - hosts: The server's names and IP addresses.
    ///   - client: The caller's name; `nil` for no certificate of a caller.
    ///   - validity: For how long, in seconds from `now`.
    init(hosts: [CertificateName], client: CertificateName?, validity: Double, now: Date = Date()) throws {
        let issuer = try Issuer(from: now.addingTimeInterval(-Self.leeway), to: now.addingTimeInterval(validity))
        self.authority = try issuer.certificate.serializeAsPEM().pemString
        self.server = try issuer.issue("A2A development server", hosts, usage: .serverAuth)
        self.client = try client.map { try issuer.issue("A2A development client", [$0], usage: .clientAuth) }
        self.expiry = issuer.expiry
    }

    private struct Issuer {
        private let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        private let start: Date
        let expiry: Date
        let certificate: Certificate

        init(from start: Date, to expiry: Date) throws {
            self.start = start
            self.expiry = expiry
            let name = try DistinguishedName { CommonName("A2A development authority") }
            let key = self.key
            self.certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: start,
                notValidAfter: expiry, issuer: name, subject: name,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: key.publicKey)
                },
                issuerPrivateKey: key)
        }

        func issue(
            _ subject: String, _ names: [CertificateName], usage: ExtendedKeyUsage.Usage
        ) throws -> Pair {
            let key = P256.Signing.PrivateKey()
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: Certificate.PrivateKey(key).publicKey,
                notValidBefore: self.start, notValidAfter: self.expiry, issuer: self.certificate.subject,
                subject: try DistinguishedName { CommonName(subject) },
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([usage])
                    SubjectAlternativeNames(names.map(\.generalName))
                    SubjectKeyIdentifier(hash: Certificate.PrivateKey(key).publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: self.key.publicKey).keyIdentifier)
                },
                issuerPrivateKey: self.key)
            return Pair(certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation)
        }
    }
}
