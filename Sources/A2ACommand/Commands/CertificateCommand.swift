import A2A
import ArgumentParser
import FoundationEssentials

/// `a2a certificate`: certificates for development, in one step.
struct CertificateCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "Makes certificates for development: an authority, and a server's certificate that it signed.",
        discussion: """
            The server is localhost, 127.0.0.1, ::1 and every --host. The files are ca.pem, which callers trust (--ca-file), \
            server.pem and server-key.pem (--tls-certificate, --tls-key); with --client also client.pem and client-key.pem \
            (--client-certificate, --client-key), for servers that ask for one (--tls-client-ca ca.pem).

            They are for development only. The authority's own key is not kept: to have another certificate, make all anew \
            with --force.
            """
    )

    /// The longest that certificates are made for, in days.
    static let maxDays = 825
    /// The most names of a server.
    static let maxHosts = 100
    private static let secondsPerDay = 86_400.0

    @Option(
        name: .customLong("host"), parsing: .singleValue,
        help: ArgumentHelp(
            "Another name or IP address under which the server is reached. Repeatable.", valueName: "name"))
    var hosts: [String] = []

    @Option(
        help: ArgumentHelp(
            "Make a certificate for a caller too, who is then this: a URI or a DNS name.", valueName: "name"))
    var client: String?

    @Option(help: ArgumentHelp("The directory to write to; made if it is missing.", valueName: "directory"))
    var out = ".a2a/tls"

    @Option(help: ArgumentHelp("For how long they are valid, 1 to \(Self.maxDays).", valueName: "days"))
    var days = 30

    @Flag(help: "Replace certificates that are there.")
    var force = false

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        guard (1...Self.maxDays).contains(self.days) else {
            throw ToolError.usage("--days takes 1 to \(Self.maxDays), not \(self.days).")
        }
        let (hosts, client) = (try self.serverNames(), try self.clientName())
        let directory = AgentConnection.absolute(self.out, tool)
        let names = ["ca.pem", "server.pem", "server-key.pem", "client.pem", "client-key.pem"]
        if !self.force, let known = names.first(where: { KeyFile.exists("\(directory)/\($0)") }) {
            throw ToolError.usage(
                "There is a \(known) in \(self.out) already.", hint: "--force replaces what is there.")
        }
        let made = try DevelopmentCertificates(
            hosts: hosts, client: client, validity: Double(self.days) * Self.secondsPerDay)
        do {
            try self.write(made, to: directory)
        } catch {
            throw ToolError(code: .internal, message: "\(error.path) cannot be written: \(error.reason).")
        }
        tool.console.note(
            "Warning: these certificates are for development only. Whoever has server-key.pem can pass for the agent to "
                + "everybody who trusts ca.pem.\n")
        try self.report(made, hosts, client, tool)
    }

    private func serverNames() throws -> [CertificateName] {
        var names: [CertificateName] = []
        for host in ["localhost", "127.0.0.1", "::1"] + self.hosts {
            guard let name = CertificateName(host: host) else {
                throw ToolError.usage("--host takes a DNS name in ASCII or an IP address, not '\(host)'.")
            }
            if !names.contains(name) { names.append(name) }
        }
        guard names.count <= Self.maxHosts else {
            throw ToolError.usage("--host: a certificate for more than \(Self.maxHosts) names is of no use.")
        }
        return names
    }

    private func clientName() throws -> CertificateName? {
        guard let client = self.client else { return nil }
        guard let name = CertificateName(client: client) else {
            throw ToolError.usage(
                "--client takes a URI such as spiffe://example.com/me or a DNS name in ASCII, not '\(client)'.")
        }
        return name
    }

    private func write(_ made: DevelopmentCertificates, to directory: String) throws(KeyFile.Failure) {
        try KeyFile.makeDirectory(directory)
        try KeyFile.write(made.authority, to: "\(directory)/ca.pem", mode: KeyFile.everybody)
        for (name, pair) in [("server", made.server), ("client", made.client)] {
            guard let pair else {
                // One of another authority would only be refused.
                KeyFile.remove("\(directory)/\(name).pem")
                KeyFile.remove("\(directory)/\(name)-key.pem")
                continue
            }
            try KeyFile.write(pair.key, to: "\(directory)/\(name)-key.pem", mode: KeyFile.ownerOnly)
            try KeyFile.write(pair.certificate, to: "\(directory)/\(name).pem", mode: KeyFile.everybody)
        }
    }

    private func report(
        _ made: DevelopmentCertificates, _ hosts: [CertificateName], _ client: CertificateName?, _ tool: Tool
    ) throws {
        var fields = [
            ("Authority", "\(self.out)/ca.pem"), ("Server Certificate", "\(self.out)/server.pem"),
            ("Server Key", "\(self.out)/server-key.pem"),
            ("Server Names", hosts.map(\.description).joined(separator: ", ")),
        ]
        if let client {
            fields += [
                ("Client Certificate", "\(self.out)/client.pem"), ("Client Key", "\(self.out)/client-key.pem"),
                ("Client Name", client.description),
            ]
        }
        fields.append(("Valid Until", made.expiry.formatted(.iso8601)))
        switch tool.settings.format {
        case .text:
            tool.output.text { blocks in
                for (label, value) in fields { blocks.field(label, value) }
                blocks.field(
                    "Serve", "a2a-agent \(self.arguments(["tls-certificate": "server", "tls-key": "server-key"]))")
                blocks.field(
                    "Call",
                    "a2a send --agent-card a2a+tls://localhost:9902 \(self.arguments(["ca-file": "ca"])) \"Hello\"")
            }
        case .json:
            let members = fields.map { label, value in
                (label.lowercased().replacing(" ", with: "-"), A2AValue(value))
            }
            try tool.output.json(A2AMetadata(Dictionary(uniqueKeysWithValues: members)))
        }
    }

    private func arguments(_ files: KeyValuePairs<String, String>) -> String {
        files.map { "--\($0) \(ResumeHints.quoted("\(self.out)/\($1).pem"))" }.joined(separator: " ")
    }
}
