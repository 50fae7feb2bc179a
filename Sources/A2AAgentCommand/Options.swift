import A2ACommandSupport
import A2AGRPC
import A2AHTTP
import A2AServer
import A2ATCP
import ArgumentParser

/// Where the agent listens.
struct ListeningOptions: ParsableArguments {
    @OptionGroup var serving: ServingOptions

    @Option(help: "The port for HTTP; 0 takes a free one.")
    var port = 9900

    @Option(
        name: .customLong("grpc-port"),
        help: ArgumentHelp("The port for gRPC; 0 takes a free one. (default: the one after --port)", valueName: "port"))
    var grpcPort: Int?

    @OptionGroup var tcpListening: TCPListeningOptions

    @Flag(name: .customLong("http2-prior-knowledge"), help: "Without TLS, speak HTTP/2 only.")
    var http2PriorKnowledge = false

    @Option(
        name: .customLong("cut-tcp-after"),
        help: ArgumentHelp(
            "For development: cut every connection over TCP after this long, without a word, to see that callers lose "
                + "nothing.", valueName: "seconds"))
    var cutTCPAfter: Double?

    func validate() throws {
        guard (0...65535).contains(self.port) else { throw ValidationError("--port takes 0 to 65535.") }
        guard self.serving.noGRPC || (0...65535).contains(self.resolvedGRPCPort) else {
            throw ValidationError("--grpc-port takes 0 to 65535; without it the port after --port is taken.")
        }
        try self.tcpListening.validate(
            host: self.serving.host, httpPort: self.port, tls: self.serving.tls)
        if let seconds = self.cutTCPAfter {
            guard seconds >= Self.shortestConnection, seconds <= Self.longestConnection else {
                throw ValidationError("--cut-tcp-after takes 0.01 to 86400 seconds.")
            }
        }
    }

    /// In seconds.
    private static let shortestConnection = 0.01
    private static let longestConnection = 86_400.0

    /// The port for gRPC: by default the one after HTTP's, and a free one beside a free one.
    private var resolvedGRPCPort: Int { self.grpcPort ?? (self.port == 0 ? 0 : self.port + 1) }

    /// The base URL, as far as it is known before the agent listens.
    var base: String { self.serving.base ?? "http://\(self.serving.host):\(self.port)" }

    /// How HTTP is served.
    var http: HTTPServerConfiguration {
        var configuration = self.serving.http(port: self.port)
        configuration.isHTTP2PriorKnowledge = self.http2PriorKnowledge
        return configuration
    }

    /// How gRPC is served; `nil` for not at all.
    var grpc: GRPCServerConfiguration? { self.serving.grpc(port: self.resolvedGRPCPort) }

    /// How TCP is served; `nil` for not at all.
    var tcp: TCPServerConfiguration? {
        var configuration = self.tcpListening.configuration(
            host: self.serving.host, httpPort: self.port, tls: self.serving.tls)
        configuration?.cutsConnectionsAfter = self.cutTCPAfter.map { .seconds($0) }
        return configuration
    }
}

/// What the agent allows.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The largest request; over TCP at least 1 MiB.", valueName: "bytes"))
    var maxBodyBytes = HTTPServerConfiguration().maxBodyBytes

    @Option(help: ArgumentHelp("The most messages worked on at a time.", valueName: "count"))
    var maxTurns = RuntimeConfiguration().maxConcurrentTurns

    @Option(
        help: ArgumentHelp(
            "The most tasks kept; those that ended first go first. Default 2000000 in a file, 100000 in memory.",
            valueName: "count"))
    var maxTasks: Int?

    @Option(
        help: ArgumentHelp(
            "The most bytes of all tasks together, with their logs; those that ended first go first. Default 16 GiB in a file, 1 GiB "
                + "in memory.", valueName: "bytes"))
    var maxStoreBytes: Int?

    @Option(
        help: ArgumentHelp(
            "How long ended tasks are kept. Default seven days in a file, one in memory.", valueName: "seconds"))
    var taskAge: Int?

    @Option(help: ArgumentHelp("How long cancelled work may take to stop.", valueName: "seconds"))
    var cancelGrace = 5

    @Option(
        help: ArgumentHelp(
            "How long the agent may be silent before its task fails; never by default.", valueName: "seconds"))
    var silenceLimit: Int?

    @Option(
        help: ArgumentHelp(
            "How long a process may be silent before others on the same task store take over its work.",
            valueName: "seconds"))
    var lease = 15

    func validate() throws {
        try self.requirePositive([
            "--max-body-bytes": self.maxBodyBytes, "--max-turns": self.maxTurns, "--max-tasks": self.maxTasks,
            "--max-store-bytes": self.maxStoreBytes, "--task-age": self.taskAge, "--cancel-grace": self.cancelGrace,
            "--silence-limit": self.silenceLimit, "--lease": self.lease,
        ])
    }

    /// What a store keeps, where it is not what it keeps by default.
    func retention(_ base: TaskRetention) -> TaskRetention {
        var retention = base
        if let maxTasks { retention.tasks = maxTasks }
        if let maxStoreBytes { retention.bytes = maxStoreBytes }
        if let taskAge { retention.age = .seconds(taskAge) }
        return retention
    }

    var runtime: RuntimeConfiguration {
        var configuration = RuntimeConfiguration()
        configuration.maxConcurrentTurns = self.maxTurns
        configuration.cancellationGrace = .seconds(self.cancelGrace)
        configuration.silenceLimit = self.silenceLimit.map { .seconds($0) }
        configuration.recovery.leaseLength = .seconds(self.lease)
        configuration.recovery.heartbeatInterval = .seconds(self.lease) / 5
        return configuration
    }
}
