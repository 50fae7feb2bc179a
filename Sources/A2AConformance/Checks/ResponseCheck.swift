/// What an answer is looked through for where assertions have no words: `x-check` of a step (conformance/format.md).
enum ResponseCheck: String, Sendable, CaseIterable {
    /// Each event of a stream has exactly one of task, message, statusUpdate and artifactUpdate, and nothing else.
    case onePayload = "one-payload"
    /// The names that the protocol gives are in camelCase.
    case camelCase = "camel-case"
    /// No object of the protocol has a member `kind`.
    case noKind = "no-kind"
    /// No two skills of a card have one id.
    case uniqueSkillIDs = "unique-skill-ids"
    /// No two tasks of a list have one id.
    case uniqueTaskIDs = "unique-task-ids"

    // Of a card: see SchemeChecks.swift.
    case schemeKinds = "scheme-kinds"
    case apiKeySchemes = "api-key-schemes"
    case httpSchemes = "http-schemes"
    case oauth2Schemes = "oauth2-schemes"
    case oauth2MetadataURL = "oauth2-metadata-url"
    case openIDSchemes = "openid-schemes"
    case flowKinds = "flow-kinds"
    case flowMembers = "flow-members"
    case deprecatedFlowURLs = "deprecated-flow-urls"

    // Of a card: see SignatureChecks.swift.
    case signatureForm = "signature-form"
    case signatureHeaders = "signature-headers"
    case signatureTypes = "signature-types"
    /// One of the signatures verifies: see CardVerification.swift. It needs keys, so it is made apart.
    case signaturesVerify = "signatures-verify"

    static let names = Self.allCases.map(\.rawValue)

    /// Looks through an answer.
    ///
    /// - Parameter value: The answer, or the array of the events of a stream as they were sent.
    /// - Returns: The first thing that is not as it must be, or `nil`.
    func mismatch(in value: JSONValue) -> Mismatch? {
        switch self {
        case .onePayload: Self.onePayload(value)
        case .camelCase:
            Self.walk(value, "") { name, path in
                let isCamel =
                    name.first.map { $0.isLowercase } ?? false && name.allSatisfy { $0.isLetter || $0.isNumber }
                return isCamel ? nil : Mismatch(path: path, expected: "a name in camelCase", actual: name)
            }
        case .noKind:
            Self.walk(value, "") { name, path in
                name == "kind" ? Mismatch(path: path, expected: "no member kind", actual: "kind") : nil
            }
        case .uniqueSkillIDs: Self.uniqueIDs("skills", value)
        case .uniqueTaskIDs: Self.uniqueIDs("tasks", value)
        case .signaturesVerify: nil
        case .signatureForm, .signatureHeaders, .signatureTypes: self.signatureMismatch(in: value)
        default: self.schemeMismatch(in: value)
        }
    }

    private static func onePayload(_ events: JSONValue) -> Mismatch? {
        let payloads: Set = ["task", "message", "statusUpdate", "artifactUpdate"]
        for (index, event) in (events.elements ?? []).enumerated() {
            let names = event.members.map { Set($0.keys) } ?? []
            guard names.count == 1, payloads.isSuperset(of: names) else {
                return Mismatch(
                    path: "[\(index)]", expected: "one of \(payloads.sorted().joined(separator: ", "))",
                    actual: names.isEmpty ? Mismatch.text(event) : names.sorted().joined(separator: ", "))
            }
        }
        return nil
    }

    private static func uniqueIDs(_ name: String, _ value: JSONValue) -> Mismatch? {
        var seen: Set<String> = []
        for (index, element) in (value[name]?.elements ?? []).enumerated() {
            guard let id = element["id"]?.string, !seen.insert(id).inserted else { continue }
            return Mismatch(path: "\(name)[\(index)].id", expected: "an id of its own", actual: id)
        }
        return nil
    }

    /// Members whose value is the user's own, or a map with names of its own.
    private static let free: Set = ["metadata", "data", "params", "header", "scopes", "schemes", "securitySchemes"]

    /// Shows every name that the protocol gives to `judge`, with its path.
    private static func walk(
        _ value: JSONValue, _ path: String, _ judge: (_ name: String, _ path: String) -> Mismatch?
    ) -> Mismatch? {
        if let members = value.members {
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                let place = path.isEmpty ? name : "\(path).\(name)"
                if let mismatch = judge(name, place) { return mismatch }
                guard !Self.free.contains(name) else { continue }
                if let mismatch = Self.walk(member, place, judge) { return mismatch }
            }
        }
        for (index, element) in (value.elements ?? []).enumerated() {
            if let mismatch = Self.walk(element, "\(path)[\(index)]", judge) { return mismatch }
        }
        return nil
    }
}
