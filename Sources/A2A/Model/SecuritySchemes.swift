/// Where an API key travels: an open set.
public struct APIKeyLocation: RawRepresentable, Hashable, Sendable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let header = APIKeyLocation(rawValue: "header")
    public static let query = APIKeyLocation(rawValue: "query")
    public static let cookie = APIKeyLocation(rawValue: "cookie")
}

extension A2ASecurityScheme {
    /// A token in `Authorization: Bearer …` (RFC 6750).
    ///
    /// - Parameter format: How the token is made, such as `JWT`. A hint for people.
    public static func bearer(format: String = "", description: String = "") -> Self {
        .http(scheme: "Bearer", bearerFormat: format, description: description)
    }

    /// A name and a password in `Authorization: Basic …` (RFC 7617).
    public static func basic(description: String = "") -> Self {
        .http(scheme: "Basic", description: description)
    }

    /// Any other scheme of the `Authorization` header, by its IANA name.
    public static func http(scheme: String, bearerFormat: String = "", description: String = "") -> Self {
        var http = A2AHTTPAuthSecurityScheme()
        http.scheme = scheme
        http.bearerFormat = bearerFormat
        http.description_p = description
        return Self(scheme: .httpAuthSecurityScheme(http))
    }

    /// A key in a header, a query parameter or a cookie of the given name.
    public static func apiKey(name: String, in location: APIKeyLocation = .header, description: String = "") -> Self {
        var key = A2AAPIKeySecurityScheme()
        key.name = name
        key.location = location.rawValue
        key.description_p = description
        return Self(scheme: .apiKeySecurityScheme(key))
    }

    /// OAuth 2.0 with one flow, such as `.clientCredentials(tokenURL: …, scopes: …)`.
    ///
    /// - Parameter metadataURL: Where the authorization server describes itself (RFC 8414).
    public static func oauth2(_ flow: A2AOAuthFlows, metadataURL: String = "", description: String = "") -> Self {
        var oauth2 = A2AOAuth2SecurityScheme()
        oauth2.flows = flow
        oauth2.oauth2MetadataURL = metadataURL
        oauth2.description_p = description
        return Self(scheme: .oauth2SecurityScheme(oauth2))
    }

    /// OpenID Connect; the URL is that of the discovery document.
    public static func openIDConnect(url: String, description: String = "") -> Self {
        var openID = A2AOpenIdConnectSecurityScheme()
        openID.openIDConnectURL = url
        openID.description_p = description
        return Self(scheme: .openIDConnectSecurityScheme(openID))
    }

    /// A client certificate.
    public static func mutualTLS(description: String = "") -> Self {
        var mutualTLS = A2AMutualTlsSecurityScheme()
        mutualTLS.description_p = description
        return Self(scheme: .mtlsSecurityScheme(mutualTLS))
    }

    private init(scheme: OneOf_Scheme) {
        self.init()
        self.scheme = scheme
    }
}

extension A2AOAuthFlows {
    /// A person grants access in a browser; with PKCE (RFC 7636) unless said otherwise.
    ///
    /// - Parameter scopes: What may be asked for, and what each scope means. At least one.
    public static func authorizationCode(
        authorizationURL: String,
        tokenURL: String,
        refreshURL: String = "",
        scopes: [String: String],
        pkceRequired: Bool = true
    ) -> Self {
        var flow = A2AAuthorizationCodeOAuthFlow()
        flow.authorizationURL = authorizationURL
        flow.tokenURL = tokenURL
        flow.refreshURL = refreshURL
        flow.scopes = scopes
        flow.pkceRequired = pkceRequired
        return Self(flow: .authorizationCode(flow))
    }

    /// A program authenticates as itself.
    ///
    /// - Parameter scopes: What may be asked for, and what each scope means. At least one.
    public static func clientCredentials(tokenURL: String, refreshURL: String = "", scopes: [String: String]) -> Self {
        var flow = A2AClientCredentialsOAuthFlow()
        flow.tokenURL = tokenURL
        flow.refreshURL = refreshURL
        flow.scopes = scopes
        return Self(flow: .clientCredentials(flow))
    }

    /// A person grants access on another device (RFC 8628).
    ///
    /// - Parameter scopes: What may be asked for, and what each scope means. At least one.
    public static func deviceCode(
        deviceAuthorizationURL: String, tokenURL: String, refreshURL: String = "", scopes: [String: String]
    ) -> Self {
        var flow = A2ADeviceCodeOAuthFlow()
        flow.deviceAuthorizationURL = deviceAuthorizationURL
        flow.tokenURL = tokenURL
        flow.refreshURL = refreshURL
        flow.scopes = scopes
        return Self(flow: .deviceCode(flow))
    }

    private init(flow: OneOf_Flow) {
        self.init()
        self.flow = flow
    }
}

extension A2ASecurityRequirement: ExpressibleByDictionaryLiteral {
    /// Schemes that are needed together, by their names in the card, each with the scopes that it must grant.
    public init(_ schemes: [String: [String]]) {
        self.init()
        self.schemes = schemes.mapValues { scopes in
            var list = A2AStringList()
            list.list = scopes
            return list
        }
    }

    /// `["oauth": ["tasks:read"], "apiKey": []]`.
    public init(dictionaryLiteral elements: (String, [String])...) {
        self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}
