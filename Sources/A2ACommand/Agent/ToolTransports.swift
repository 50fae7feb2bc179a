import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import A2ATCP
import FoundationEssentials

/// How the tool reaches agents: over HTTP, gRPC and TCP, trusting whom the settings say.
struct ToolTransports {
    /// The largest file of certificates, in bytes.
    private static let maxFileBytes = 1 << 20

    var http = HTTPClientOptions()
    private var grpc = GRPCClientOptions()
    private var tcp = TCPClientOptions()
    private var isPlain = true

    /// - Throws: ``ToolError`` of kind usage for a file that cannot be read.
    init(_ tool: Tool) throws {
        let settings = tool.settings
        if let file = settings.caFile {
            let roots = try Self.read(file, of: "--ca-file", tool)
            self.http.additionalTrustRootsPEM = roots
            self.grpc.additionalTrustRootsPEM = roots
            self.tcp.additionalTrustRootsPEM = roots
        }
        if let certificate = settings.clientCertificate, let key = settings.clientKey {
            let (chain, key) = (
                try Self.read(certificate, of: "--client-certificate", tool),
                try Self.read(key, of: "--client-key", tool)
            )
            (self.http.clientCertificatePEM, self.http.clientKeyPEM) = (chain, key)
            (self.grpc.clientCertificatePEM, self.grpc.clientKeyPEM) = (chain, key)
            (self.tcp.clientCertificatePEM, self.tcp.clientKeyPEM) = (chain, key)
        }
        self.http.insecurelyAcceptAnyCertificate = settings.isInsecure
        self.grpc.insecurelyAcceptAnyCertificate = settings.isInsecure
        self.tcp.insecurelyAcceptAnyCertificate = settings.isInsecure
        self.tcp.insecurelyAllowPlaintextBeyondLoopback = settings.allowsPlaintext
        self.http.userAgent = "a2a/\(Invocation.version)"
        self.isPlain = settings.caFile == nil && settings.clientCertificate == nil && !settings.isInsecure
    }

    /// The transports, HTTP first.
    ///
    /// - Parameter sharesConnections: Whether connections of the whole process will do.
    /// - Throws: ``ToolError`` of kind usage for certificates that are of no use.
    func factories(sharesConnections: Bool = false) throws -> [any TransportFactory] {
        do {
            return [
                sharesConnections && self.isPlain
                    ? HTTPTransportFactory() : try HTTPTransportFactory(options: self.http),
                try GRPCTransportFactory(options: self.grpc), try TCPTransportFactory(options: self.tcp),
            ]
        } catch let error as A2AError {
            throw ToolError.usage(error.message, hint: "Check --ca-file, --client-certificate and --client-key.")
        }
    }

    private static func read(_ path: String, of option: String, _ tool: Tool) throws -> [UInt8] {
        let absolute = AgentConnection.absolute(path, tool)
        guard let data = try? Data(contentsOf: URL(filePath: absolute)), data.count <= Self.maxFileBytes else {
            throw ToolError.usage("\(option): the file '\(path)' cannot be read.")
        }
        return [UInt8](data)
    }
}
