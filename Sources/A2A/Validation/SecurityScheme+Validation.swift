extension A2ASecurityScheme: Validatable {
    public func check(_ fields: inout FieldCheck) {
        switch self.scheme {
        case .apiKeySecurityScheme(let scheme): fields.nested("apiKeySecurityScheme", scheme)
        case .httpAuthSecurityScheme(let scheme): fields.nested("httpAuthSecurityScheme", scheme)
        case .oauth2SecurityScheme(let scheme): fields.nested("oauth2SecurityScheme", scheme)
        case .openIDConnectSecurityScheme(let scheme): fields.nested("openIdConnectSecurityScheme", scheme)
        case .mtlsSecurityScheme: break
        case nil: fields.report("scheme", "is required: one of the kinds of security schemes")
        }
    }
}

extension A2AAPIKeySecurityScheme: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("location", self.location, isPresent: self.hasLocation)
        if !self.location.isEmpty, !["header", "query", "cookie"].contains(self.location) {
            fields.report("location", "must be header, query or cookie")
        }
        fields.required("name", self.name, isPresent: self.hasName)
    }
}

extension A2AHTTPAuthSecurityScheme: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("scheme", self.scheme, isPresent: self.hasScheme)
    }
}

extension A2AOAuth2SecurityScheme: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("flows", self.flows, isPresent: self.hasFlows)
    }
}

extension A2AOpenIdConnectSecurityScheme: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("openIdConnectUrl", self.openIDConnectURL, isPresent: self.hasOpenIDConnectURL)
    }
}

extension A2AOAuthFlows: Validatable {
    public func check(_ fields: inout FieldCheck) {
        switch self.flow {
        case .authorizationCode(let flow): fields.nested("authorizationCode", flow)
        case .clientCredentials(let flow): fields.nested("clientCredentials", flow)
        case .deviceCode(let flow): fields.nested("deviceCode", flow)
        case .implicit, .password: break  // Nothing in them is required.
        case nil: fields.report("flow", "is required: one of the kinds of flows")
        }
    }
}

extension A2AAuthorizationCodeOAuthFlow: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("authorizationUrl", self.authorizationURL, isPresent: self.hasAuthorizationURL)
        fields.required("tokenUrl", self.tokenURL, isPresent: self.hasTokenURL)
        fields.scopes(self.scopes)
    }
}

extension A2AClientCredentialsOAuthFlow: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("tokenUrl", self.tokenURL, isPresent: self.hasTokenURL)
        fields.scopes(self.scopes)
    }
}

extension A2ADeviceCodeOAuthFlow: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required(
            "deviceAuthorizationUrl", self.deviceAuthorizationURL, isPresent: self.hasDeviceAuthorizationURL)
        fields.required("tokenUrl", self.tokenURL, isPresent: self.hasTokenURL)
        fields.scopes(self.scopes)
    }
}

extension FieldCheck {
    /// Checks the scopes of a flow: an empty map is not written, so to a reader it is a missing one.
    fileprivate mutating func scopes(_ scopes: [String: String]) {
        if scopes.isEmpty { self.report("scopes", "is required and must name at least one scope") }
    }
}
