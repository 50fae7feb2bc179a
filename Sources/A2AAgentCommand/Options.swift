import A2AGRPC
import A2AHTTP
import A2AServer
import ArgumentParser

/// Where the agent listens.
struct ListeningOptions: ParsableArguments {
    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port for HTTP; 0 takes a free one.")
    var port = 9900

    @Option(
        name: .customLong("grpc-port"),
        help: ArgumentHelp("The port for gRPC; 0 takes a free one. (default: the one after --port)", valueName: "port"))
    var grpcPort: Int?

    @Flag(name: .customLong("no-grpc"), help: "Do not serve gRPC.")
    var noGRPC = false

    @Option(
        help: ArgumentHelp(
            "The base URL that the card names, if callers reach the agent under another one.", valueName: "url"))
    var publicURL: String?

    @Option(
        name: .customLong("public-grpc-address"),
        help: ArgumentHelp(
            "The address that the card names for gRPC, if callers reach it under another one.", valueName: "host:port"))
    var publicGRPCAddress: String?

    @Option(help: ArgumentHelp("A certificate chain in PEM; switches TLS on, with HTTP/2 by ALPN.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key in PEM.", valueName: "file"))
    var tlsKey: String?

    @Flag(name: .customLong("http2-prior-knowledge"), help: "Without TLS, speak HTTP/2 only.")
    var http2PriorKnowledge = false

    func validate() throws {
        guard (self.tlsCertificate == nil) == (self.tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        guard (0...65535).contains(self.port) else { throw ValidationError("--port takes 0 to 65535.") }
        guard (0...65535).contains(self.resolvedGRPCPort) else {
            throw ValidationError("--grpc-port takes 0 to 65535; without it the port after --port is taken.")
        }
    }

    /// The port for gRPC: by default the one after HTTP's, and a free one beside a free one.
    private var resolvedGRPCPort: Int { self.grpcPort ?? (self.port == 0 ? 0 : self.port + 1) }

    /// How gRPC is served; `nil` for not at all.
    var grpc: GRPCServerConfiguration? {
        guard !self.noGRPC else { return nil }
        var configuration = GRPCServerConfiguration()
        configuration.host = self.host
        configuration.port = self.resolvedGRPCPort
        configuration.publicAddress = self.publicGRPCAddress
        if let certificate = self.tlsCertificate, let key = self.tlsKey {
            configuration.tls = .init(certificateChain: certificate, privateKey: key)
        }
        return configuration
    }

    /// How HTTP is served.
    var http: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.host = self.host
        configuration.port = self.port
        configuration.publicURL = self.publicURL
        configuration.isHTTP2PriorKnowledge = self.http2PriorKnowledge
        if let certificate = self.tlsCertificate, let key = self.tlsKey {
            configuration.tls = .init(certificateChain: certificate, privateKey: key)
        }
        return configuration
    }
}

/// What the agent allows.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The largest request body.", valueName: "bytes"))
    var maxBodyBytes = HTTPServerConfiguration().maxBodyBytes

    @Option(help: ArgumentHelp("The most messages worked on at a time.", valueName: "count"))
    var maxTurns = RuntimeConfiguration().maxConcurrentTurns

    @Option(help: ArgumentHelp("The most tasks kept; those that ended first go first.", valueName: "count"))
    var maxTasks = MemoryTaskStore.Retention().tasks

    @Option(help: ArgumentHelp("How long ended tasks are kept.", valueName: "seconds"))
    var taskAge = 24 * 3600

    @Option(help: ArgumentHelp("How long cancelled work may take to stop.", valueName: "seconds"))
    var cancelGrace = 5

    @Option(
        help: ArgumentHelp(
            "How long the agent may be silent before its task fails; never by default.", valueName: "seconds"))
    var silenceLimit: Int?

    func validate() throws {
        let values = [self.maxBodyBytes, self.maxTurns, self.maxTasks, self.taskAge, self.cancelGrace]
        guard (values + [self.silenceLimit ?? 1]).allSatisfy({ $0 > 0 }) else {
            throw ValidationError("Limits are positive numbers.")
        }
    }

    var retention: MemoryTaskStore.Retention {
        var retention = MemoryTaskStore.Retention()
        retention.tasks = self.maxTasks
        retention.age = .seconds(self.taskAge)
        return retention
    }

    var runtime: RuntimeConfiguration {
        var configuration = RuntimeConfiguration()
        configuration.maxConcurrentTurns = self.maxTurns
        configuration.cancellationGrace = .seconds(self.cancelGrace)
        configuration.silenceLimit = self.silenceLimit.map { .seconds($0) }
        return configuration
    }
}
