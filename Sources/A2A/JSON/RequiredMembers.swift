import SwiftProtobuf

/// Prints required arrays and maps that are empty, which ProtoJSON leaves out: `"tasks":[]` (§5.7, §4.4).
///
/// A rule says which members an object must have and which of its members have rules of their own. The rules are
/// here and nowhere else.
final class RequiredMembers: Sendable {
    /// Where the objects lie that a rule is for, seen from a member.
    private enum Place { case member, elements, values }

    private let missing: [(name: String, empty: String)]
    private let inner: [String: (Place, RequiredMembers)]

    private init(
        arrays: [String] = [], objects: [String] = [], inner: [String: (Place, RequiredMembers)] = [:]
    ) {
        self.missing = arrays.map { ($0, "[]") } + objects.map { ($0, "{}") }
        self.inner = inner
    }

    /// The rules for a message, or `nil` if its JSON is complete as it is.
    static func rules<M: Message>(for message: M) -> RequiredMembers? {
        if M.self == A2AAgentCard.self { return Self.agentCard }
        if M.self == A2AListTasksResponse.self, let response = message as? A2AListTasksResponse {
            return response.tasks.isEmpty ? Self.listTasksResponse : nil
        }
        return nil
    }

    private static let listTasksResponse = RequiredMembers(arrays: ["tasks"])

    private static let agentCard: RequiredMembers = {
        let flow = RequiredMembers(objects: ["scopes"])
        let flows = ["authorizationCode", "clientCredentials", "implicit", "password", "deviceCode"]
        let oauth2 = RequiredMembers(inner: [
            "flows": (
                .member, RequiredMembers(inner: Dictionary(uniqueKeysWithValues: flows.map { ($0, (.member, flow)) }))
            )
        ])
        return RequiredMembers(
            arrays: ["supportedInterfaces", "defaultInputModes", "defaultOutputModes", "skills"],
            inner: [
                "skills": (.elements, RequiredMembers(arrays: ["tags"])),
                "securitySchemes": (.values, RequiredMembers(inner: ["oauth2SecurityScheme": (.member, oauth2)])),
            ]
        )
    }()

    /// The object with what it lacks at its end.
    ///
    /// Text that is no object is returned as it is.
    func complete(_ json: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(json.count + 64)
        do {
            try self.append(json[...], to: &output)
            return output
        } catch {
            return json
        }
    }

    private func append(_ json: ArraySlice<UInt8>, to output: inout [UInt8]) throws(JSONScanner.Failure) {
        var scanner = JSONScanner(json)
        guard try scanner.peek() == .object else {
            output.append(contentsOf: json)
            return
        }
        try scanner.enter()
        var lacking = self.missing
        var separator = UInt8(ascii: "{")
        while let member = try scanner.nextMember() {
            let name = String(decoding: json[member.name], as: UTF8.self)
            lacking.removeAll { $0.name == name }
            output.append(separator)
            separator = UInt8(ascii: ",")
            output.append(contentsOf: json[(member.name.lowerBound - 1)..<member.value.lowerBound])
            if let (place, rules) = self.inner[name] {
                try rules.append(json[member.value], at: place, to: &output)
            } else {
                output.append(contentsOf: json[member.value])
            }
        }
        for (name, empty) in lacking {
            output.append(separator)
            separator = UInt8(ascii: ",")
            output.append(contentsOf: "\"\(name)\":\(empty)".utf8)
        }
        if separator == UInt8(ascii: "{") { output.append(separator) }
        output.append(UInt8(ascii: "}"))
    }

    private func append(
        _ json: ArraySlice<UInt8>, at place: Place, to output: inout [UInt8]
    ) throws(JSONScanner.Failure) {
        guard place != .member else { return try self.append(json, to: &output) }
        var scanner = JSONScanner(json)
        try scanner.enter()
        var last = json.startIndex
        while let value = place == .elements ? try scanner.nextElement() : try scanner.nextMember()?.value {
            output.append(contentsOf: json[last..<value.lowerBound])
            try self.append(json[value], to: &output)
            last = value.upperBound
        }
        output.append(contentsOf: json[last...])
    }
}
