import A2A
import NIOCore
import NIOPosix
import NIOSSL

/// An agent that is played for one case: its card, its interfaces, what it says next.
struct PlayedAgent: Sendable {
    let description: PlayedAgentDescription
    let binding: TransportBinding
    let log: PlayLog
    /// The authority that the client is to trust, in PEM; `nil` without TLS.
    let trust: String?
    /// Its base URL.
    let url: String

    /// Plays while `body` runs.
    ///
    /// - Throws: If nothing can be listened to here, or `body` throws.
    static func run<Result: Sendable>(
        _ description: PlayedAgentDescription, over binding: TransportBinding,
        _ body: @Sendable @escaping (PlayedAgent) async throws -> Result
    ) async throws -> Result {
        let log = PlayLog(binding: binding)
        let certificates = try description.certificate.map { try PlayedCertificates($0) }
        var bindings: [String: TransportBinding] = [:]
        for interface in description.interfaces where interface.url == nil && !interface.isDown {
            let played = interface.binding.map { TransportBinding(cardName: $0) } ?? binding
            if let played { bindings[interface.name] = played }
        }
        let tls = try certificates?.context(protocols: ["http/1.1"])
        let paths = bindings.filter { $0.value.isHTTP }
        let others = bindings.filter { !$0.value.isHTTP }.sorted { $0.key < $1.key }
        return try await HTTPPlayer(log: log, interfaces: paths).run(tls: tls) { port in
            try await HTTPPlayer(log: log, interfaces: [:], isOther: true).run(tls: tls) { otherPort in
                let ports = try await Self.unusedPorts(description)
                return try await Self.play(others[...], log, certificates, ports: ports) { ports in
                    let scheme = certificates == nil ? "http" : "https"
                    let host = certificates == nil ? "127.0.0.1" : PlayedCertificates.host
                    let origin = "\(scheme)://\(host):\(port)"
                    let card = description.card(binding: binding) { interface in
                        let own = interface.binding.flatMap { TransportBinding(cardName: $0) } ?? binding
                        guard let port = ports[interface.name] else { return "\(origin)/\(interface.name)" }
                        switch own {
                        case .tcp: return "a2a+\(certificates == nil ? "tcp" : "tls")://\(host):\(port)"
                        case .grpc: return certificates == nil ? "\(host):\(port)" : "https://\(host):\(port)"
                        default: return "\(scheme)://\(host):\(port)/\(interface.name)"
                        }
                    }
                    log.settle(origin: origin, other: "\(scheme)://\(host):\(otherPort)", card: card)
                    return try await body(
                        PlayedAgent(
                            description: description, binding: binding, log: log, trust: certificates?.trusted,
                            url: origin))
                }
            }
        }
    }

    /// Ports of interfaces where nobody answers.
    private static func unusedPorts(_ description: PlayedAgentDescription) async throws -> [String: Int] {
        var ports: [String: Int] = [:]
        for interface in description.interfaces where interface.isDown {
            let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .bind(host: "127.0.0.1", port: 0).get()
            ports[interface.name] = channel.localAddress?.port
            try await channel.close()
        }
        return ports
    }

    /// Plays the interfaces that have ports of their own, one within the other.
    private static func play<Result: Sendable>(
        _ interfaces: ArraySlice<(key: String, value: TransportBinding)>, _ log: PlayLog,
        _ certificates: PlayedCertificates?, ports: [String: Int],
        _ body: @Sendable @escaping ([String: Int]) async throws -> Result
    ) async throws -> Result {
        guard let (name, binding) = interfaces.first else { return try await body(ports) }
        let next: @Sendable (Int) async throws -> Result = { port in
            var ports = ports
            ports[name] = port
            return try await Self.play(interfaces.dropFirst(), log, certificates, ports: ports, body)
        }
        if binding == .tcp {
            let tls = try certificates?.context(protocols: ["a2a-tcp/1"])
            return try await TCPPlayer(log: log, interface: name).run(tls: tls, next)
        }
        return try await GRPCPlayer(log: log, interface: name).run(identity: certificates?.identity, next)
    }
}
