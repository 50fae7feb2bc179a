#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Files with certificates.
enum PEMFiles {
    /// Where systems keep the certificates that they trust, most common first.
    private static let systemBundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// The certificates that the system trusts, where there is such a file.
    static var systemBundle: String? { Self.systemBundles.first(where: Self.isReadable) }

    static func isReadable(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }
}
