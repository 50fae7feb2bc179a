import Crypto
import Foundation
import SwiftASN1
import X509

/// Certificates made on the spot, in files that are removed when `body` is over.
struct TestCertificates {
    /// The authority's certificate in PEM.
    var authority: String
    /// The paths of the server's chain and key, in PEM.
    var chain: String
    var key: String

    /// - Parameters:
    ///   - names: The host names of the server's certificate; 127.0.0.1 goes without saying if there are none.
    ///   - validity: When it is valid, in seconds from now.
    static func with<Result: Sendable>(
        names: [String] = [], validity: ClosedRange<Double> = -60...3600,
        _ body: (TestCertificates) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("a2a-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (chain, key) = (folder.appendingPathComponent("server.pem"), folder.appendingPathComponent("key.pem"))
        let authorityKey = P256.Signing.PrivateKey()
        let serverKey = P256.Signing.PrivateKey()
        let (start, end) = (
            Date().addingTimeInterval(validity.lowerBound), Date().addingTimeInterval(validity.upperBound)
        )
        let name = try DistinguishedName { CommonName("authority of a test") }
        let issuer = Certificate.PrivateKey(authorityKey)
        let authority = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: issuer.publicKey,
            notValidBefore: Date().addingTimeInterval(-86_400), notValidAfter: Date().addingTimeInterval(86_400),
            issuer: name, subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            }, issuerPrivateKey: issuer)
        let address = GeneralName.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))
        let alternatives = names.isEmpty ? [address] : names.map { GeneralName.dnsName($0) }
        let server = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PrivateKey(serverKey).publicKey,
            notValidBefore: start, notValidAfter: end, issuer: name,
            subject: try DistinguishedName { CommonName("agent of a test") },
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(alternatives)
            }, issuerPrivateKey: issuer)
        try server.serializeAsPEM().pemString.write(to: chain, atomically: true, encoding: .utf8)
        try serverKey.pemRepresentation.write(to: key, atomically: true, encoding: .utf8)
        return try await body(
            TestCertificates(
                authority: try authority.serializeAsPEM().pemString, chain: chain.path, key: key.path))
    }
}
