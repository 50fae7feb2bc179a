package import A2AGRPC
package import A2AHTTP
package import A2ATCP
package import ArgumentParser

/// The certificates of a server's bindings.
package struct TLSOptions: ParsableArguments {
    @Option(
        name: .customLong("tls-certificate"),
        help: ArgumentHelp(
            "A certificate chain in PEM; switches TLS on, for every binding (HTTP/2 by ALPN).", valueName: "file"))
    package var certificate: String?

    @Option(
        name: .customLong("tls-key"), help: ArgumentHelp("The certificate's private key in PEM.", valueName: "file"))
    package var key: String?

    @Option(
        name: .customLong("tls-client-ca"),
        help: ArgumentHelp(
            "Who signs callers' certificates, in PEM. Over TCP callers may then show one, and are who it says.",
            valueName: "file"))
    package var clientCA: String?

    @Flag(
        name: .customLong("tls-require-client-certificate"),
        help: "Take callers with such a certificate only, over every binding.")
    package var requiresClientCertificate = false

    package init() {}

    package func validate() throws {
        guard (self.certificate == nil) == (self.key == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        guard self.clientCA == nil || self.isOn else {
            throw ValidationError("--tls-client-ca needs --tls-certificate and --tls-key.")
        }
        guard !self.requiresClientCertificate || self.clientCA != nil else {
            throw ValidationError("--tls-require-client-certificate needs --tls-client-ca.")
        }
    }

    package var isOn: Bool { self.certificate != nil }

    /// HTTP and gRPC cannot ask for a certificate without insisting on it.
    private var requiredCA: String? { self.requiresClientCertificate ? self.clientCA : nil }

    package var http: HTTPServerConfiguration.TLSFiles? {
        guard let certificate = self.certificate, let key = self.key else { return nil }
        return .init(certificateChain: certificate, privateKey: key, clientTrustRoots: self.requiredCA)
    }

    package var grpc: GRPCServerConfiguration.TLSFiles? {
        guard let certificate = self.certificate, let key = self.key else { return nil }
        return .init(certificateChain: certificate, privateKey: key, clientTrustRoots: self.requiredCA)
    }

    package var tcp: TCPServerConfiguration.TLSFiles? {
        guard let certificate = self.certificate, let key = self.key else { return nil }
        return .init(
            certificateChain: certificate, privateKey: key, clientTrustRoots: self.clientCA,
            requiresClientCertificate: self.requiresClientCertificate)
    }
}
