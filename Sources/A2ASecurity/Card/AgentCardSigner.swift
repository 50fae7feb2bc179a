public import A2A
import Crypto
import FoundationEssentials

/// Signs agent cards (§8.4): a JSON Web Signature (ES256) over the card's canonical form.
///
/// ```swift
/// let signer = try AgentCardSigner(keySetURL: "https://agent.example.com/.well-known/jwks.json")
/// runtime.card = try signer.sign(runtime.card)
/// ```
///
/// Sign last: a signature holds for the card as it is, its interfaces included.
public struct AgentCardSigner: Sendable {
    /// The public key as a JSON Web Key Set (RFC 7517), to be served where ``keySetURL`` says.
    public let jwks: [UInt8]
    /// Where callers find the key (`jku`); `nil` says nothing about it.
    public var keySetURL: String?

    private let key: P256.Signing.PrivateKey
    private let keyID: String

    /// - Parameters:
    ///   - privateKeyPEM: A P-256 private key; `nil` makes one, which lives as long as the process.
    ///   - keySetURL: Where callers find the key.
    /// - Throws: ``A2AError`` with `.invalidParams` if the key cannot be read.
    public init(privateKeyPEM: String? = nil, keySetURL: String? = nil) throws {
        do {
            self.key =
                try privateKeyPEM.map { try P256.Signing.PrivateKey(pemRepresentation: $0) }
                ?? P256.Signing.PrivateKey()
        } catch {
            throw A2AError(.invalidParams, "The key for signing the card is no P-256 private key in PEM.", cause: error)
        }
        (self.keyID, self.jwks) = PublicKeySet.make(self.key.publicKey)
        self.keySetURL = keySetURL
    }

    /// The card with one more signature.
    ///
    /// - Throws: ``A2AError`` with `.internal` if the card holds what JSON cannot express.
    public func sign(_ card: A2AAgentCard) throws -> A2AAgentCard {
        var card = card
        card.signatures.append(try self.signature(over: try card.canonicalBytes()))
        return card
    }

    /// A signature over any bytes.
    package func signature(over payload: [UInt8]) throws -> A2AAgentCardSignature {
        let set = self.keySetURL.map { ",\"jku\":\(Self.quoted($0))" } ?? ""
        let header = "{\"alg\":\"ES256\",\"typ\":\"JOSE\",\"kid\":\"\(self.keyID)\"\(set)}"
        let protected = PublicKeySet.base64URL(Data(header.utf8))
        let input = "\(protected).\(PublicKeySet.base64URL(Data(payload)))"
        var signature = A2AAgentCardSignature()
        signature.protected = protected
        signature.signature = PublicKeySet.base64URL(try self.key.signature(for: Data(input.utf8)).rawRepresentation)
        return signature
    }

    private static func quoted(_ text: String) -> String {
        var output: [UInt8] = []
        JSONText.append(text, to: &output)
        return String(decoding: output, as: UTF8.self)
    }
}

/// P-256 keys as JSON Web Key Sets.
package enum PublicKeySet {
    /// One set with the keys of several that ``make(_:)`` made; `nil` if there are none.
    package static func merged(_ sets: [[UInt8]?]) -> [UInt8]? {
        var keys: [String] = []
        for set in sets.compactMap(\.self) {
            let key = String(decoding: set.dropFirst(#"{"keys":["#.utf8.count).dropLast(2), as: UTF8.self)
            if !keys.contains(key) { keys.append(key) }
        }
        return keys.isEmpty ? nil : Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8)
    }

    /// - Returns: The key's id, which is its thumbprint (RFC 7638), and the set.
    static func make(_ key: P256.Signing.PublicKey) -> (id: String, jwks: [UInt8]) {
        // 0x04, x, y.
        let point = key.x963Representation
        let (x, y) = (Self.base64URL(point.dropFirst().prefix(32)), Self.base64URL(point.suffix(32)))
        // The members that make the key, in order.
        let thumbprint = SHA256.hash(data: Data(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#.utf8))
        let id = Self.base64URL(Data(thumbprint))
        let set =
            #"{"keys":[{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":"\#(id)","use":"sig","alg":"ES256"}]}"#
        return (id, Array(set.utf8))
    }

    static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
