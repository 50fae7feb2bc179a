import A2A
import A2ACommandSupport
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATCP
import ArgumentParser

/// How the gateway and the hub are served; unlike an agent, they can do without HTTP.
struct GatewayServingOptions: ParsableArguments {
    @OptionGroup var common: ServingOptions

    @Flag(name: .customLong("no-http"), help: "Do not serve HTTP; then cards are to be had over TCP only.")
    var noHTTP = false

    /// How HTTP is served; `nil` for not at all.
    func http(port: Int) -> HTTPServerConfiguration? { self.noHTTP ? nil : self.common.http(port: port) }

    /// What is told when a port cannot be had.
    static func cannotListen(_ server: String, _ error: any Error) -> ToolError {
        ToolError(
            code: .internal, message: "\(server) cannot listen: \((error as? A2AError)?.message ?? "\(error)")",
            hint: "Choose other ports with --http-port, --grpc-port and --tcp-port; 0 takes a free one.")
    }
}

/// What the gateway and the hub allow.
struct GatewayLimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The largest request body or message.", valueName: "bytes"))
    var maxBodyBytes = HTTPServerConfiguration().maxBodyBytes

    @Option(help: ArgumentHelp("The most connections at a time, of callers and to each agent.", valueName: "count"))
    var maxConnections = HTTPServerConfiguration().maxConnections

    @Option(
        help: ArgumentHelp("How many gateways a call may pass; more are taken for a loop.", valueName: "count"))
    var maxHops = GatewayConfiguration().maxHops

    @Option(help: ArgumentHelp("How long calls may go on at the end.", valueName: "seconds"))
    var shutdownGrace = Int(GatewayConfiguration().shutdownGrace.components.seconds)

    @Flag(help: "Take calls without A2A-Version for version 1.0 instead of refusing them as 0.3.")
    var lenientVersion = false

    func validate() throws {
        try self.requirePositive([
            "--max-body-bytes": self.maxBodyBytes, "--max-connections": self.maxConnections, "--max-hops": self.maxHops,
            "--shutdown-grace": self.shutdownGrace,
        ])
    }

    /// HTTP, which has the cards, and gRPC, with these limits.
    func bindings(http: HTTPServerConfiguration?, grpc: GRPCServerConfiguration?) -> [any ServerBinding] {
        var bindings: [any ServerBinding] = []
        let assumedVersion: ProtocolVersion = self.lenientVersion ? .v1_0 : .v0_3
        if var http {
            http.maxBodyBytes = self.maxBodyBytes
            http.maxConnections = self.maxConnections
            http.assumedVersion = assumedVersion
            http.versions = Gateway.versions
            bindings.append(.http(http))
        }
        if var grpc {
            grpc.maxMessageBytes = self.maxBodyBytes
            grpc.maxConnections = self.maxConnections
            grpc.assumedVersion = assumedVersion
            grpc.versions = Gateway.versions
            bindings.append(.grpc(grpc))
        }
        return bindings
    }

    /// The same limits over TCP.
    func apply(to configuration: inout TCPServerConfiguration) {
        configuration.maxMessageBytes = self.maxBodyBytes
        configuration.maxConnections = self.maxConnections
        configuration.versions = Gateway.versions
    }
}
