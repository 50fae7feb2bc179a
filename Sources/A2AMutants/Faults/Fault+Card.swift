import A2A
import A2AConformance
import HTTPTypes

extension Fault {
    /// Faults of the card.
    static let cards: [Fault] = [
        Fault("card-without-description", "CARD-STRUCT-001", "The card has no description.")
            .http(.card { $0["description"] = nil }),
        Fault("card-without-input-modes", "DM-PRES-003", "defaultInputModes of the card is empty.")
            .http(.card { $0["defaultInputModes"] = [] }),
        Fault("provider-without-url", "CARD-STRUCT-002", "The provider has no URL.")
            .http(.card { $0["provider"]?["url"] = nil }),
        Fault("skill-without-tags", "CARD-STRUCT-003", "Skills have no tags.")
            .http(.card { $0.changeSkills { if $0["id"] == "echo" { $0["tags"] = nil } } }),
        Fault("two-skills-of-one-id", "CARD-STRUCT-004", "Two skills have one id.")
            .http(
                .card { card in
                    guard let skills = card["skills"]?.elements, let first = skills.first else { return }
                    card["skills"] = .array(skills + [first])
                }),
        Fault("interface-without-version", "CARD-PROTO-002", "An interface has no protocolVersion.")
            .http(
                .card { card in
                    guard let interfaces = card["supportedInterfaces"]?.elements else { return }
                    card["supportedInterfaces"] = .array(
                        interfaces + [["url": "https://example.com/more", "protocolBinding": "JSONRPC"]])
                }),
        Fault("binding-of-another-name", "CARD-PROTO-007", "The binding HTTP+JSON is called REST.")
            .http(
                .card { card in
                    guard let interfaces = card["supportedInterfaces"]?.elements else { return }
                    card["supportedInterfaces"] = .array(
                        interfaces.map { interface in
                            var interface = interface
                            if interface["protocolBinding"] == "HTTP+JSON" { interface["protocolBinding"] = "REST" }
                            return interface
                        })
                }
            ).over(.jsonrpc),
        Fault("interface-elsewhere", "CARD-PROTO-004", "The URL of HTTP+JSON is not where it is served.")
            .http(
                .card { card in
                    card.changeInterface("HTTP+JSON") {
                        $0["url"] = .string(($0["url"]?.string ?? "").replacing("/v1", with: "/v9"))
                    }
                }
            ).over(.rest),
        Fault("grpc-as-url", "CARD-PROTO-008", "The address of gRPC is a URL.")
            .http(
                .card { card in
                    card.changeInterface("GRPC") { $0["url"] = .string("http://" + ($0["url"]?.string ?? "")) }
                }
            ).over(.grpc, .jsonrpc),
        Fault("version-with-patch", "VER-FMT-001", "Interfaces have a patch number in their version.")
            .http(.card { $0.changeInterface("JSONRPC") { $0["protocolVersion"] = "1.0.3" } }).over(.jsonrpc),
        Fault("extension-without-uri", "EXT-DECL-001", "An extension has no URI.")
            .http(.card { $0["capabilities"]?["extensions"] = [["description": "one"]] }),
        Fault("old-capability", "MIG-SERVER-004", "The card has supportsAuthenticatedExtendedCard, as in version 0.3.")
            .http(.card { $0["supportsExtendedAgentCard"] = true }),
        Fault("scheme-of-no-kind", "CARD-SEC-001", "A security scheme is of no kind.")
            .http(.card { $0["securitySchemes"] = ["a": ["type": "apiKey"]] }),
        Fault("key-in-the-body", "CARD-SEC-002", "An API key is in the body.")
            .http(
                .card {
                    $0["securitySchemes"] = ["a": ["apiKeySecurityScheme": ["name": "key", "location": "body"]]]
                }),
        Fault("oauth-without-flows", "CARD-SEC-004", "An OAuth 2 scheme has no flows.")
            .http(.card { $0["securitySchemes"] = ["a": ["oauth2SecurityScheme": ["description": "one"]]] }),
        Fault("flow-without-token-url", "CARD-SEC-008", "The authorization code flow has no tokenUrl.")
            .http(
                .card {
                    let flow: JSONValue = ["authorizationUrl": "https://example.com/authorize", "scopes": [:]]
                    $0["securitySchemes"] = ["a": ["oauth2SecurityScheme": ["flows": ["authorizationCode": flow]]]]
                }),
        Fault("no-card-caching", "CARD-CACHE-001", "The card has no Cache-Control.")
            .http(.cardHead { $0[.cacheControl] = nil }),
        Fault("card-without-etag", "CARD-CACHE-002", "The card has no ETag.")
            .http(.cardHead { $0[.eTag] = nil }),
        Fault("etag-changes", "CARD-CACHE-002", "The ETag of the card is another one each time.")
            .http(.cardHead { $0[.eTag] = "\"\(Identifier.make())\"" }),
        Fault("condition-ignored", "CARD-CACHE-004", "The card comes again although the caller has it.")
            .http(.request { $0.headers[.ifNoneMatch] = nil }),
        Fault("extended-card-anyway", "CARD-EXT-022", "An agent whose card has no extended card gives one.")
            .http(.card { $0.setCapability("extendedAgentCard", false) }),
        Fault("extended-card-uncached", "CARD-EXT-013", "The extended card has no caching fields.")
            .http(
                .answer { request, answer in
                    guard request.path.hasSuffix("/extendedAgentCard") else { return }
                    answer.headers[.cacheControl] = nil
                    answer.headers[.eTag] = nil
                }
            ).over(.rest),
    ]
}

extension HTTPFilter {
    fileprivate static func cardHead(_ change: @escaping @Sendable (inout HTTPFields) -> Void) -> HTTPFilter {
        .answer { request, answer in if request.route == .card { change(&answer.headers) } }
    }
}

extension JSONValue {
    mutating func setCapability(_ name: String, _ value: Bool) { self["capabilities"]?[name] = .bool(value) }

    mutating func changeSkills(_ change: (inout JSONValue) -> Void) {
        self["skills"] = .array(
            (self["skills"]?.elements ?? []).map { skill in
                var skill = skill
                change(&skill)
                return skill
            })
    }

    /// Changes the interfaces of a binding.
    mutating func changeInterface(_ binding: String, _ change: (inout JSONValue) -> Void) {
        self["supportedInterfaces"] = .array(
            (self["supportedInterfaces"]?.elements ?? []).map { interface in
                var interface = interface
                if interface["protocolBinding"] == .string(binding) { change(&interface) }
                return interface
            })
    }
}
