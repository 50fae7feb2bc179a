import A2A
package import A2ATCP
package import ArgumentParser

/// How a server that listens for A2A over TCP is reached, and with what protection.
package struct TCPServingOptions: ParsableArguments {
    @Option(
        name: .customLong("public-tcp-address"),
        help: ArgumentHelp(
            "The address that cards name for TCP, if callers reach it under another one.", valueName: "host:port"))
    package var publicAddress: String?

    @Flag(
        name: .customLong("insecure-plaintext-tcp"),
        help: "Serve TCP without TLS beyond loopback too: anybody on the way can read and change everything.")
    package var allowsInsecurePlaintext = false

    package init() {}

    package func validate() throws {
        try self.requireHostAndPort(self.publicAddress, "--public-tcp-address", such: "agent.example.com:41632")
    }

    /// Whether TCP may be served on an address: with TLS, on loopback, or because somebody takes the risk.
    package func allows(host: String, tls: TLSOptions) -> Bool {
        tls.isOn || self.allowsInsecurePlaintext || Self.isLoopback(host)
    }

    /// How TCP is served.
    package func configuration(host: String, port: Int, tls: TLSOptions) -> TCPServerConfiguration {
        var configuration = TCPServerConfiguration()
        configuration.host = host
        configuration.port = port
        configuration.publicAddress = self.publicAddress
        configuration.tls = tls.tcp
        configuration.insecurelyAllowPlaintextBeyondLoopback = self.allowsInsecurePlaintext
        return configuration
    }

    package static func isLoopback(_ host: String) -> Bool {
        let authority = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return (try? HostAndPort(authority[...], defaultPort: 1))?.isLoopback ?? false
    }
}
