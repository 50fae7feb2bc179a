public import A2A
import SwiftProtobuf

/// What a hub answers an agent that it takes (spec/bindings/tcp.md §8.8.1).
public struct TCPRegistration: Sendable, Hashable {
    /// The name under which callers reach the agent: the tenant of their calls.
    public var name: String

    /// Where callers reach it, preferred first: the interfaces that the hub shows on the agent's card.
    public var interfaces: [A2AAgentInterface]

    /// The address of the card that the hub shows for it, if it has one.
    public var cardURL: String?

    public init(name: String, interfaces: [A2AAgentInterface], cardURL: String? = nil) {
        self.name = name
        self.interfaces = interfaces
        self.cardURL = cardURL
    }

    /// The longest name, in octets.
    public static let maxNameLength = 64

    /// Whether a text can be the name of an agent: 1 to 64 letters, digits, `-`, `.`, `_` and `~`, a letter or digit first.
    public static func isName(_ text: String) -> Bool {
        guard (1...Self.maxNameLength).contains(text.utf8.count), let first = text.utf8.first else { return false }
        return Self.isAlphanumeric(first)
            && text.utf8.allSatisfy { Self.isAlphanumeric($0) || "-._~".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

// MARK: - On the wire

/// The method Register: both messages are a `google.protobuf.Struct`.
enum TCPRegister {
    /// What the parameter `method` says.
    static let method = "https://swift-a2a.github.io/extensions/hub/v1/Register"
    static let methodParameter = "method"

    private static let nameField = "name"
    private static let interfacesField = "interfaces"
    private static let cardField = "card"

    static func request(name: String) -> A2AMetadata { A2AMetadata(fields: [Self.nameField: .string(name)]) }

    /// - Throws: ``A2AError`` with `.invalidParams` if there is no name that can be one.
    static func name(in request: A2AMetadata) throws(A2AError) -> String {
        guard case .stringValue(let name)? = request.fields[Self.nameField]?.kind else {
            throw .invalidParams(
                field: Self.nameField, "is missing: the name under which callers are to reach the agent")
        }
        guard TCPRegistration.isName(name) else {
            throw .invalidParams(
                field: Self.nameField,
                "must be 1 to \(TCPRegistration.maxNameLength) letters, digits, '-', '.', '_' and '~', a letter or digit first"
            )
        }
        return name
    }

    static func response(_ registration: TCPRegistration) throws -> A2AMetadata {
        let interfaces = try registration.interfaces.map { interface in
            try Google_Protobuf_Value(jsonUTF8Bytes: ModelJSON.encode(interface))
        }
        var response = A2AMetadata(fields: [
            Self.nameField: .string(registration.name),
            Self.interfacesField: Google_Protobuf_Value(listValue: Google_Protobuf_ListValue(values: interfaces)),
        ])
        response.fields[Self.cardField] = registration.cardURL.map { .string($0) }
        return response
    }

    /// - Throws: ``A2AError`` with `.invalidAgentResponse` if the hub's answer has no name.
    static func registration(in response: A2AMetadata) throws(A2AError) -> TCPRegistration {
        guard case .stringValue(let name)? = response.fields[Self.nameField]?.kind, TCPRegistration.isName(name) else {
            throw A2AError(.invalidAgentResponse, "The hub's answer to Register has no name.")
        }
        var registration = TCPRegistration(name: name, interfaces: [])
        if case .stringValue(let card)? = response.fields[Self.cardField]?.kind { registration.cardURL = card }
        guard case .listValue(let list)? = response.fields[Self.interfacesField]?.kind else { return registration }
        for value in list.values {
            guard let octets = try? value.jsonUTF8Bytes() as [UInt8] else { continue }
            registration.interfaces.append(try ModelJSON.decodeAnswer(A2AAgentInterface.self, from: octets[...]))
        }
        return registration
    }
}

extension A2AMetadata {
    fileprivate init(fields: [String: Google_Protobuf_Value]) {
        self.init()
        self.fields = fields
    }
}

extension Google_Protobuf_Value {
    fileprivate static func string(_ text: String) -> Self { Self(stringValue: text) }
}

// MARK: - The hub's side

extension TCPCallHandler {
    /// Answers a call whose method is a name.
    func perform(named call: TCPServerCall, _ message: TCPOperationCall) async throws -> [UInt8] {
        let name = call.frame.parameters[TCPRegister.methodParameter] ?? ""
        guard let registrar = self.registrar, name == TCPRegister.method else {
            throw A2AError(.methodNotFound, "There is no method '\(name.prefix(200))' here.")
        }
        let request: A2AMetadata = try message.decoded()
        let registration = try await registrar.register(
            TCPRegister.name(in: request), over: TCPDialledConnection(call.link), context: message.context)
        call.noteCallerIsKnown()
        return try message.encoding.encode(TCPRegister.response(registration))
    }
}
