import A2A
import Crypto
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

    /// The principal of a verified client certificate: a SPIFFE URI, else another one, else a DNS name; never the common name.
    static func principal(of certificate: NIOSSLCertificate) -> Principal {
        var uris: [String] = []
        var names: [String] = []
        for name in certificate._subjectAlternativeNames() {
            switch name.nameType {
            case .uri: uris.append(String(decoding: name.contents, as: UTF8.self))
            case .dnsName: names.append(String(decoding: name.contents, as: UTF8.self))
            default: continue
            }
        }
        return Self.principal(uris: uris, names: names)
    }

    static func principal(uris: [String], names: [String]) -> Principal {
        let best = uris.first { $0.hasPrefix("spiffe://") } ?? uris.first ?? names.first
        return best.map { Principal(id: $0) } ?? .anonymous
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

extension PeerCertificate {
    /// `nil` if the certificate cannot be written.
    init?(_ certificate: NIOSSLCertificate) {
        guard let der = try? certificate.toDERBytes() else { return nil }
        let thumbprint = Data(SHA256.hash(data: der)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        self.init(der: der, thumbprint: thumbprint)
    }
}
