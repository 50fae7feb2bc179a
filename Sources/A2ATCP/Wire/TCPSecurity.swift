import A2A
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// TLS 1.3 with the identifier of this binding (spec/bindings/tcp.md §10.1).
enum TCPSecurity {
    static func server(_ files: TCPServerConfiguration.TLSFiles) throws -> NIOSSLContext {
        for file in [files.certificateChain, files.privateKey] + [files.clientTrustRoots].compactMap(\.self)
        where !FileManager.default.isReadableFile(atPath: file) {
            throw A2AError(.invalidParams, "The PEM file '\(file)' cannot be read.")
        }
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificateChain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.privateKey, format: .pem)))
            tls.minimumTLSVersion = .tlsv13
            tls.applicationProtocols = [TCPProtocol.alpn]
            if let roots = files.clientTrustRoots {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(roots))
                tls.certificateVerification =
                    files.requiresClientCertificate ? .noHostnameVerification : .optionalVerification
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw A2AError(.invalidParams, "The certificates of the TCP server are of no use: \(error)", cause: error)
        }
    }

    static func client(_ options: TCPClientOptions) throws -> NIOSSLContext {
        do {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.minimumTLSVersion = .tlsv13
            tls.applicationProtocols = [TCPProtocol.alpn]
            if options.insecurelyAcceptAnyCertificate { tls.certificateVerification = .none }
            if !options.additionalTrustRootsPEM.isEmpty {
                tls.additionalTrustRoots = [
                    .certificates(try NIOSSLCertificate.fromPEMBytes(options.additionalTrustRootsPEM))
                ]
            }
            if !options.clientCertificatePEM.isEmpty {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(options.clientCertificatePEM)
                    .map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: options.clientKeyPEM, format: .pem))
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw A2AError(.invalidParams, "The client's certificates are of no use: \(error)", cause: error)
        }
    }
}
