import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// Certificates made on the spot for an agent that is played, right or wrong in one way.
struct PlayedCertificates: Sendable {
    /// A certificate and its key, in PEM.
    struct Identity: Sendable {
        var certificate: String
        var key: String
    }

    /// The authority that the client is told to trust, in PEM.
    var trusted: String
    var identity: Identity

    /// The name in the URLs.
    static let host = "localhost"

    init(_ kind: PlayedAgentDescription.Certificate, now: Date = Date()) throws {
        let authority = try Authority(now)
        self.trusted = try authority.certificate.serializeAsPEM().pemString
        switch kind {
        case .good: self.identity = try authority.issue(Self.host, from: -3600, to: 3600, now)
        case .expired: self.identity = try authority.issue(Self.host, from: -7200, to: -3600, now)
        case .wrongName: self.identity = try authority.issue("somewhere-else.example", from: -3600, to: 3600, now)
        case .unknownAuthority: self.identity = try Authority(now).issue(Self.host, from: -3600, to: 3600, now)
        case .selfSigned: self.identity = try Self.selfSigned(now)
        }
    }

    /// For a server that speaks HTTP/1.1, or A2A over TCP.
    func context(protocols: [String]) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(self.identity.certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(self.identity.key.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.applicationProtocols = protocols
        return try NIOSSLContext(configuration: configuration)
    }

    private static func names(_ host: String) -> SubjectAlternativeNames {
        var names: [GeneralName] = [.dnsName(host)]
        if host == Self.host { names.append(.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))) }
        return SubjectAlternativeNames(names)
    }

    private static func selfSigned(_ now: Date) throws -> Identity {
        let key = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(key)
        let name = try DistinguishedName { CommonName("An agent that signs for itself") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: signer.publicKey,
            notValidBefore: now.addingTimeInterval(-3600), notValidAfter: now.addingTimeInterval(3600), issuer: name,
            subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Self.names(Self.host)
            },
            issuerPrivateKey: signer)
        return Identity(certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation)
    }

    private struct Authority {
        private let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate: Certificate

        init(_ now: Date) throws {
            let name = try DistinguishedName { CommonName("An authority of a conformance test") }
            let key = self.key
            self.certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: key.publicKey,
                notValidBefore: now.addingTimeInterval(-86_400), notValidAfter: now.addingTimeInterval(86_400),
                issuer: name, subject: name,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: key.publicKey)
                },
                issuerPrivateKey: key)
        }

        func issue(_ host: String, from start: Double, to end: Double, _ now: Date) throws -> Identity {
            let key = P256.Signing.PrivateKey()
            let own = Certificate.PrivateKey(key)
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: own.publicKey,
                notValidBefore: now.addingTimeInterval(start), notValidAfter: now.addingTimeInterval(end),
                issuer: self.certificate.subject,
                subject: try DistinguishedName { CommonName("An agent that is played") },
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth])
                    PlayedCertificates.names(host)
                    SubjectKeyIdentifier(hash: own.publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: self.key.publicKey).keyIdentifier)
                },
                issuerPrivateKey: self.key)
            return Identity(certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation)
        }
    }
}
