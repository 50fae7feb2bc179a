package import A2ATCP
package import ArgumentParser

/// Where a server listens for A2A over TCP.
package struct TCPListeningOptions: ParsableArguments {
    @Option(
        name: .customLong("tcp-port"),
        help: ArgumentHelp(
            "The port for A2A over TCP; 0 takes a free one. (default: the second after that of HTTP)", valueName: "port"
        ))
    package var port: Int?

    @Flag(name: .customLong("no-tcp"), help: "Do not serve A2A over TCP.")
    package var isOff = false

    @OptionGroup package var serving: TCPServingOptions

    package init() {}

    /// Checks what only the other options of the server decide.
    package func validate(host: String, httpPort: Int, tls: TLSOptions) throws {
        guard !self.isOff else { return }
        guard (0...65535).contains(self.port(beside: httpPort)) else {
            throw ValidationError(
                "--tcp-port takes 0 to 65535; without it the second port after that of HTTP is taken. --no-tcp does "
                    + "without.")
        }
        guard self.serving.allows(host: host, tls: tls) else {
            throw ValidationError(
                "A2A over TCP is not served without TLS on '\(host)', which others reach too. Give --tls-certificate and "
                    + "--tls-key ('a2a certificate' makes some for development), or serve no TCP with --no-tcp, or take "
                    + "the risk with --insecure-plaintext-tcp.")
        }
    }

    /// How TCP is served; `nil` for not at all.
    package func configuration(host: String, httpPort: Int, tls: TLSOptions) -> TCPServerConfiguration? {
        guard !self.isOff else { return nil }
        return self.serving.configuration(host: host, port: self.port(beside: httpPort), tls: tls)
    }

    /// By default the second after HTTP's, and a free one beside a free one.
    private func port(beside httpPort: Int) -> Int { self.port ?? (httpPort == 0 ? 0 : httpPort + 2) }
}
