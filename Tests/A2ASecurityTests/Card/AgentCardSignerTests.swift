import A2A
import A2ASecurity
import Foundation
import Testing

@Suite("Signed cards")
struct AgentCardSignerTests {
    private static func card() -> A2AAgentCard {
        A2AAgentCard(
            name: "Ä \"signed\" agent", description: "", version: "1",
            capabilities: A2AAgentCapabilities(streaming: true, pushNotifications: false),
            skills: [A2AAgentSkill(id: "s", name: "S", description: "d", tags: ["t"])])
    }

    @Test("a signature names algorithm, type, key and where the key is; signing again keeps the first")
    func header() throws {
        let signer = try AgentCardSigner(keySetURL: "https://example.com/\"jwks\"")
        let signed = try signer.sign(try signer.sign(Self.card()))
        #expect(signed.signatures.count == 2)
        let text = signed.signatures[0].protected.replacing("-", with: "+").replacing("_", with: "/")
        let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
        let data = try #require(Data(base64Encoded: padded))
        let header = try A2AValue(jsonUTF8Bytes: Array(data))
        let keys = try A2AValue(jsonUTF8Bytes: signer.jwks)["keys"]
        #expect(header["alg"]?.string == "ES256")
        #expect(header["typ"]?.string == "JOSE")
        #expect(header["kid"]?.string == keys?[0]?["kid"]?.string)
        #expect(header["jku"]?.string == "https://example.com/\"jwks\"")
        var bare = signed
        bare.signatures = []
        #expect(bare == Self.card())
    }

    @Test("a key that is none is refused")
    func badKey() {
        let error = #expect(throws: A2AError.self) { try AgentCardSigner(privateKeyPEM: "no key") }
        #expect(error?.code == .invalidParams)
    }
}
