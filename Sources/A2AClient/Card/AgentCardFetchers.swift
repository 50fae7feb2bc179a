public import A2A

/// Gets each card in the way that the scheme of its URL asks for.
struct AgentCardFetchers: AgentCardFetcher {
    /// First in the list first.
    let fetchers: [any AgentCardFetcher]

    var schemes: Set<String> { self.fetchers.reduce(into: []) { $0.formUnion($1.schemes) } }

    func fetch(
        _ url: String, validators: AgentCardValidators?, options: CallOptions
    ) async throws -> AgentCardAnswer {
        let scheme = url.firstRange(of: "://").map { url[..<$0.lowerBound].lowercased() } ?? ""
        guard let fetcher = self.fetchers.first(where: { $0.schemes.contains(scheme) }) else {
            let known = self.schemes.sorted().joined(separator: ", ")
            throw A2AError(
                .invalidParams,
                "The card at \(url) cannot be had: this client gets cards by \(known), not by '\(scheme)'."
            )
        }
        return try await fetcher.fetch(url, validators: validators, options: options)
    }
}

extension AgentCardResolver {
    /// Gets cards in every way that some transports know.
    public convenience init(transports: [any TransportFactory]) {
        self.init(fetcher: AgentCardFetchers(fetchers: transports.compactMap(\.agentCardFetcher)))
    }
}

extension ResolvedAgentCard {
    /// The bindings to prefer where the caller has no wish: the one that the card itself came over, if that is told by its
    /// reference (`a2a+tls://…`); else none, which takes the card's order.
    public var preferredBindings: [ProtocolBinding] {
        guard let scheme = self.reference.bindingScheme else { return [] }
        return self.card.supportedInterfaces.filter {
            $0.url.lowercased().hasPrefix("\(scheme)://")
        }.map(\.binding)
    }
}

extension Client {
    /// Finds an agent by a reference to its card and makes a client of it.
    ///
    /// - Parameters:
    ///   - reference: A host (`example.com`), an origin (`http://127.0.0.1:9900`), the URL of a card, a path, or the address
    ///     of an agent that is asked over its own binding (`a2a+tls://example.com`), which is then preferred.
    ///   - transports: How the card is fetched and the agent reached. Which one is taken is decided by the card's order, or by
    ///     ``ClientConfiguration/preferredBindings``.
    ///   - resolver: Where cards are remembered; `nil` asks anew.
    /// - Throws: ``A2AError``; see ``AgentCardResolver/resolve(_:options:)`` and ``InterfaceSelection``.
    public static func discover(
        _ reference: String,
        transports: [any TransportFactory],
        configuration: ClientConfiguration = .init(),
        resolver: AgentCardResolver? = nil
    ) async throws -> Client {
        let resolver = resolver ?? AgentCardResolver(transports: transports)
        let options = CallOptions(timeout: configuration.timeout, parameters: configuration.parameters)
        let card = try await resolver.resolve(AgentCardReference(parsing: reference), options: options)
        var configuration = configuration
        if configuration.preferredBindings.isEmpty { configuration.preferredBindings = card.preferredBindings }
        return try Client(card: card.card, transports: transports, configuration: configuration)
    }
}
