package import A2AGRPC
package import A2AHTTP
package import ArgumentParser
import Foundation

/// Under which addresses a server is served over HTTP and gRPC; its ports it chooses itself.
package struct ServingOptions: ParsableArguments {
    @Option(help: "The address to listen on.")
    package var host = "127.0.0.1"

    @Flag(name: .customLong("no-grpc"), help: "Do not serve gRPC.")
    package var noGRPC = false

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp(
            "The base URL that cards name, if callers reach this server under another one.", valueName: "url"))
    package var publicURL: String?

    @Option(
        name: .customLong("public-grpc-address"),
        help: ArgumentHelp(
            "The address that cards name for gRPC, if callers reach it under another one.", valueName: "host:port"))
    package var publicGRPCAddress: String?

    @OptionGroup package var tls: TLSOptions

    package init() {}

    package func validate() throws {
        if let url = self.publicURL {
            let parts = URLComponents(string: url)
            guard ["http", "https"].contains(parts?.scheme?.lowercased()), parts?.host?.isEmpty == false else {
                throw ValidationError(
                    "--public-url is an http or https URL, such as https://agent.example.com; not '\(url)'.")
            }
        }
        try self.requireHostAndPort(
            self.publicGRPCAddress, "--public-grpc-address", such: "agent.example.com:443")
    }

    /// The public URL without slashes at its end, so that paths can follow it.
    package var base: String? {
        self.publicURL.map { url in
            var url = url[...]
            while url.hasSuffix("/") { url = url.dropLast() }
            return String(url)
        }
    }

    /// How HTTP is served.
    package func http(port: Int) -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.host = self.host
        configuration.port = port
        configuration.publicURL = self.base
        configuration.tls = self.tls.http
        return configuration
    }

    /// How gRPC is served; `nil` for not at all.
    package func grpc(port: Int) -> GRPCServerConfiguration? {
        guard !self.noGRPC else { return nil }
        var configuration = GRPCServerConfiguration()
        configuration.host = self.host
        configuration.port = port
        configuration.publicAddress = self.publicGRPCAddress
        configuration.tls = self.tls.grpc
        return configuration
    }
}
