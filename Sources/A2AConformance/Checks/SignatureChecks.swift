#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ResponseCheck {
    /// Looks through the signatures of a card (A2A §4.4.7, §8.4.2).
    func signatureMismatch(in card: JSONValue) -> Mismatch? {
        for (index, signature) in (card["signatures"]?.elements ?? []).enumerated() {
            if let mismatch = self.mismatch(signature: signature) { return mismatch.under("signatures[\(index)]") }
        }
        return nil
    }

    private func mismatch(signature: JSONValue) -> Mismatch? {
        let header = Self.base64URL(signature["protected"]).flatMap { try? JSONValue(parsing: $0) }
        switch self {
        case .signatureForm:
            guard Self.base64URL(signature["signature"]) != nil else {
                return Mismatch(
                    path: "signature", expected: "base64url", actual: Mismatch.text(signature["signature"]))
            }
            guard header?.members == nil else { return nil }
            return Mismatch(
                path: "protected", expected: "an object of JSON in base64url",
                actual: Mismatch.text(signature["protected"]))
        case .signatureHeaders:
            for name in ["alg", "kid"] where header?[name]?.string?.isEmpty ?? true {
                return Mismatch(path: "protected", expected: "a header with \(name)", actual: Mismatch.text(header))
            }
            return nil
        default:
            guard header?["typ"] != "JOSE" else { return nil }
            return Mismatch(path: "protected", expected: "a header with the typ JOSE", actual: Mismatch.text(header))
        }
    }

    /// The bytes of a text in base64url without padding.
    static func base64URL(_ value: JSONValue?) -> [UInt8]? {
        guard let text = value?.string, !text.isEmpty,
            text.utf8.allSatisfy({
                ($0 < 0x80 && Character(UnicodeScalar($0)).isLetter)
                    || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            })
        else { return nil }
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        let padded = plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)
        return Data(base64Encoded: padded).map(Array.init)
    }
}
