extension ResponseCheck {
    private static let kinds = [
        "apiKeySecurityScheme", "httpAuthSecurityScheme", "oauth2SecurityScheme", "openIdConnectSecurityScheme",
        "mtlsSecurityScheme",
    ]
    private static let flows = [
        "authorizationCode": ["authorizationUrl", "tokenUrl", "scopes"],
        "clientCredentials": ["tokenUrl", "scopes"],
        "deviceCode": ["deviceAuthorizationUrl", "tokenUrl", "scopes"],
    ]
    private static let deprecatedFlows = [
        "implicit": ["authorizationUrl", "refreshUrl"], "password": ["tokenUrl", "refreshUrl"],
    ]

    /// Looks through the security schemes of a card (A2A §4.5).
    func schemeMismatch(in card: JSONValue) -> Mismatch? {
        for (name, scheme) in (card["securitySchemes"]?.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let mismatch = self.mismatch(scheme: scheme) { return mismatch.under("securitySchemes.\(name)") }
        }
        return nil
    }

    private func mismatch(scheme: JSONValue) -> Mismatch? {
        let oauth = scheme["oauth2SecurityScheme"]
        switch self {
        case .schemeKinds: return Self.one(of: Self.kinds, scheme)
        case .apiKeySchemes:
            guard let scheme = scheme["apiKeySecurityScheme"] else { return nil }
            let places = ["query", "header", "cookie"]
            guard let place = scheme["location"]?.string, places.contains(place) else {
                return Mismatch(
                    path: "apiKeySecurityScheme.location", expected: "query, header or cookie",
                    actual: Mismatch.text(scheme["location"]))
            }
            return Self.text("name", scheme, "apiKeySecurityScheme")
        case .httpSchemes: return Self.text("scheme", scheme["httpAuthSecurityScheme"], "httpAuthSecurityScheme")
        case .openIDSchemes:
            return Self.text("openIdConnectUrl", scheme["openIdConnectSecurityScheme"], "openIdConnectSecurityScheme")
        case .oauth2Schemes:
            guard let oauth, oauth["flows"]?.members == nil else { return nil }
            return Mismatch(
                path: "oauth2SecurityScheme.flows", expected: "an object", actual: Mismatch.text(oauth["flows"]))
        case .oauth2MetadataURL:
            guard let url = oauth?["oauth2MetadataUrl"], !(url.string?.hasPrefix("https://") ?? false) else {
                return nil
            }
            return Mismatch(
                path: "oauth2SecurityScheme.oauth2MetadataUrl", expected: "an https URL", actual: Mismatch.text(url))
        default:
            guard let flows = oauth?["flows"], flows.members != nil else { return nil }
            return self.mismatch(flows: flows)?.under("oauth2SecurityScheme.flows")
        }
    }

    private func mismatch(flows: JSONValue) -> Mismatch? {
        let known = self == .deprecatedFlowURLs ? Self.deprecatedFlows : Self.flows
        if self == .flowKinds {
            return Self.one(of: Array(Self.flows.keys) + Array(Self.deprecatedFlows.keys), flows)
        }
        for (name, flow) in (flows.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            for member in known[name] ?? [] {
                let value = flow[member]
                if self == .flowMembers {
                    let isRight = member == "scopes" ? value?.members != nil : value?.string?.isEmpty == false
                    if !isRight {
                        return Mismatch(path: "\(name).\(member)", expected: "a value", actual: Mismatch.text(value))
                    }
                } else if let value, !(value.string?.contains("://") ?? false) {
                    return Mismatch(path: "\(name).\(member)", expected: "a URL", actual: Mismatch.text(value))
                }
            }
        }
        return nil
    }

    /// Exactly one of some members is there.
    private static func one(of names: [String], _ value: JSONValue) -> Mismatch? {
        let there = names.filter { value[$0] != nil }.sorted()
        guard there.count != 1 else { return nil }
        return Mismatch(
            path: "", expected: "exactly one of \(names.sorted().joined(separator: ", "))",
            actual: there.isEmpty ? Mismatch.text(value) : there.joined(separator: ", "))
    }

    private static func text(_ name: String, _ scheme: JSONValue?, _ path: String) -> Mismatch? {
        guard let scheme, scheme[name]?.string?.isEmpty ?? true else { return nil }
        return Mismatch(path: "\(path).\(name)", expected: "a text", actual: Mismatch.text(scheme[name]))
    }
}
