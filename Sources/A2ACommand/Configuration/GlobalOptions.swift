import ArgumentParser

/// The options that every command takes.
///
/// What is not given comes from the environment, a file or a default.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("a"), .customLong("agent-card")],
        help: "The agent: a host or origin, the URL of its card, an a2a+tcp or a2a+tls address, or a path.")
    var agentCard: String?

    @Option(name: [.short, .long], help: "Output format: text or json. (default: text)")
    var output: String?

    @Flag(help: "Follow the agent's events live; with -o json, one JSON object per line.")
    var stream = false

    @Option(
        parsing: .singleValue,
        help: "Preferred binding: jsonrpc, http+json, grpc or tcp. Repeatable, best first. (default: the card's order)")
    var transport: [String] = []

    @Option(help: "Bearer token to authenticate with.")
    var bearer: String?

    @Option(name: .customLong("api-key"), help: "API key to authenticate with.")
    var apiKey: String?

    @Option(
        name: .customLong("svc-param"), parsing: .singleValue,
        help: "Service parameter to send beside every request, as name:value. Repeatable.")
    var serviceParameters: [String] = []

    @Option(
        name: .customLong("a2a-version"),
        help: "Protocol version to signal. (default: the highest that both sides speak)")
    var a2aVersion: String?

    @Option(help: "How long to wait, such as 30s or 5m. (default: 10m)")
    var timeout: String?

    @Option(name: .customLong("poll-interval"), help: "How often to ask while waiting. (default: 2s)")
    var pollInterval: String?

    @Option(
        name: .customLong("ca-file"),
        help: ArgumentHelp("Certificates to trust beside those of the system, in PEM.", valueName: "file"))
    var caFile: String?

    @Option(
        name: .customLong("client-certificate"),
        help: ArgumentHelp("The certificate chain to show to agents that ask for one, in PEM.", valueName: "file"))
    var clientCertificate: String?

    @Option(
        name: .customLong("client-key"),
        help: ArgumentHelp("The private key of that certificate, in PEM.", valueName: "file"))
    var clientKey: String?

    @Flag(help: "Accept any TLS certificate. For development only.")
    var insecure = false

    @Flag(
        name: .customLong("insecure-plaintext"),
        help: "Reach agents on other machines over TCP without TLS too. For development only.")
    var insecurePlaintext = false

    @Flag(help: "Show everything that was exchanged, not only the essence.")
    var verbose = false

    @Flag(help: "Log what the tool does to standard error.")
    var debug = false

    @Option(help: "Configuration file (.env) to read instead of the one in this directory or above.")
    var config: String?
}
