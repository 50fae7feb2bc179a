import Testing

@testable import A2AConformance

/// What answers are looked through for: each check finds its fault, and nothing where there is none.
@Suite("Checks of answers")
struct ResponseCheckTests {
    @Test("a check finds its fault, and nothing where there is none", arguments: CheckExample.all)
    func examples(_ example: CheckExample) {
        #expect(example.check.mismatch(in: example.right) == nil)
        #expect(example.check.mismatch(in: example.wrong)?.path == example.path)
    }

    @Test("every check has an example")
    func complete() {
        // Whether a signature verifies is not seen in the answer alone; the mutants of signed cards are its examples.
        #expect(Set(CheckExample.all.map(\.check)) == Set(ResponseCheck.allCases).subtracting([.signaturesVerify]))
    }

    @Test("a card without schemes and signatures has no fault")
    func empty() {
        for check in ResponseCheck.allCases { #expect(check.mismatch(in: ["skills": []]) == nil, "\(check)") }
    }
}

/// An answer that is right for a check, and one that is not.
struct CheckExample: Sendable, CustomTestStringConvertible {
    var check: ResponseCheck
    var right: JSONValue
    var wrong: JSONValue
    /// Where the fault is.
    var path: String

    var testDescription: String { self.check.rawValue }

    private static func card(_ scheme: JSONValue) -> JSONValue { ["securitySchemes": ["s": scheme]] }
    private static func flows(_ flows: JSONValue) -> JSONValue { Self.card(["oauth2SecurityScheme": ["flows": flows]]) }
    private static func signed(_ header: String, _ signature: String = "c2ln") -> JSONValue {
        ["signatures": [["protected": .string(header), "signature": .string(signature)]]]
    }

    /// `{"alg":"ES256","typ":"JOSE","kid":"k"}`, `{"alg":"ES256","typ":"JWT"}`
    private static let header = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpPU0UiLCJraWQiOiJrIn0"
    private static let other = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9"

    static let all: [CheckExample] = [
        .init(
            check: .onePayload, right: [["task": [:]], ["statusUpdate": [:]]],
            wrong: [["task": [:]], ["statusUpdate": [:], "artifactUpdate": [:]]], path: "[1]"),
        .init(
            check: .camelCase, right: ["contextId": "c", "metadata": ["any_thing": 1]],
            wrong: ["task": ["context_id": "c"]], path: "task.context_id"),
        .init(
            check: .noKind, right: ["parts": [["data": ["kind": "x"]]]], wrong: ["parts": [["kind": "text"]]],
            path: "parts[0].kind"),
        .init(
            check: .uniqueSkillIDs, right: ["skills": [["id": "a"], ["id": "b"]]],
            wrong: ["skills": [["id": "a"], ["id": "a"]]], path: "skills[1].id"),
        .init(
            check: .uniqueTaskIDs, right: ["tasks": [["id": "a"], ["id": "b"]]],
            wrong: ["tasks": [["id": "a"], ["id": "a"]]], path: "tasks[1].id"),
        .init(
            check: .schemeKinds, right: Self.card(["mtlsSecurityScheme": [:]]),
            wrong: Self.card(["mtlsSecurityScheme": [:], "httpAuthSecurityScheme": ["scheme": "Bearer"]]),
            path: "securitySchemes.s"),
        .init(
            check: .apiKeySchemes, right: Self.card(["apiKeySecurityScheme": ["location": "header", "name": "X"]]),
            wrong: Self.card(["apiKeySecurityScheme": ["location": "body", "name": "X"]]),
            path: "securitySchemes.s.apiKeySecurityScheme.location"),
        .init(
            check: .httpSchemes, right: Self.card(["httpAuthSecurityScheme": ["scheme": "Bearer"]]),
            wrong: Self.card(["httpAuthSecurityScheme": [:]]), path: "securitySchemes.s.httpAuthSecurityScheme.scheme"),
        .init(
            check: .oauth2Schemes, right: Self.flows(["clientCredentials": [:]]),
            wrong: Self.card(["oauth2SecurityScheme": [:]]), path: "securitySchemes.s.oauth2SecurityScheme.flows"),
        .init(
            check: .oauth2MetadataURL, right: Self.card(["oauth2SecurityScheme": ["oauth2MetadataUrl": "https://a"]]),
            wrong: Self.card(["oauth2SecurityScheme": ["oauth2MetadataUrl": "http://a"]]),
            path: "securitySchemes.s.oauth2SecurityScheme.oauth2MetadataUrl"),
        .init(
            check: .openIDSchemes, right: Self.card(["openIdConnectSecurityScheme": ["openIdConnectUrl": "https://a"]]),
            wrong: Self.card(["openIdConnectSecurityScheme": [:]]),
            path: "securitySchemes.s.openIdConnectSecurityScheme.openIdConnectUrl"),
        .init(
            check: .flowKinds, right: Self.flows(["deviceCode": [:]]),
            wrong: Self.flows(["deviceCode": [:], "implicit": [:]]),
            path: "securitySchemes.s.oauth2SecurityScheme.flows"),
        .init(
            check: .flowMembers,
            right: Self.flows(["clientCredentials": ["tokenUrl": "https://a", "scopes": ["r": "read"]]]),
            wrong: Self.flows(["clientCredentials": ["tokenUrl": "https://a"]]),
            path: "securitySchemes.s.oauth2SecurityScheme.flows.clientCredentials.scopes"),
        .init(
            check: .deprecatedFlowURLs, right: Self.flows(["implicit": ["authorizationUrl": "https://a"]]),
            wrong: Self.flows(["implicit": ["authorizationUrl": "a"]]),
            path: "securitySchemes.s.oauth2SecurityScheme.flows.implicit.authorizationUrl"),
        .init(
            check: .signatureForm, right: Self.signed(Self.header), wrong: Self.signed(Self.header, "no base64!"),
            path: "signatures[0].signature"),
        .init(
            check: .signatureHeaders, right: Self.signed(Self.header), wrong: Self.signed(Self.other),
            path: "signatures[0].protected"),
        .init(
            check: .signatureTypes, right: Self.signed(Self.header), wrong: Self.signed(Self.other),
            path: "signatures[0].protected"),
    ]
}
