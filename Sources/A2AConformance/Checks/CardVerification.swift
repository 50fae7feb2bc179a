import A2A
import JWTKit

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whether a card's signatures hold (A2A §8.4.3).
struct CardVerification: Sendable {
    enum Result: Sendable {
        case good
        /// No key is known for any signature, and why.
        case noKey(String)
        case bad(Mismatch)
    }

    let card: JSONValue
    /// Key sets that are known without asking.
    let keys: [JWKS]

    /// What may have been signed: the canonical form, and forms that show what was done wrong.
    private var forms: [(description: String?, payload: [UInt8])] {
        var bare = self.card
        bare["signatures"] = nil
        var forms: [(String?, [UInt8]?)] = []
        let model = try? ModelJSON.decode(A2AAgentCard.self, from: bare.bytes[...])
        forms.append((nil, try? model?.canonicalBytes()))
        // The same with members that this judge does not know.
        forms.append((nil, try? CanonicalJSON.bytes(of: bare.bytes)))
        forms.append(("the card with its member signatures", try? CanonicalJSON.bytes(of: self.card.bytes)))
        var stripped = bare
        stripped.walkObjects { members in
            members = members.filter { !["false", "\"\"", "[]", "{}"].contains($0.value.description) }
        }
        forms.append(("the card without what is false or empty", try? CanonicalJSON.bytes(of: stripped.bytes)))
        return forms.compactMap { form in form.1.map { (form.0, $0) } }
    }

    /// - Parameter fetch: Gives the key set at a URL (`jku`), or `nil`.
    func check(_ fetch: @Sendable (String) async -> JWKS?) async -> Result {
        var reasons: [String] = []
        var mismatch: Mismatch?
        for (index, signature) in (self.card["signatures"]?.elements ?? []).enumerated() {
            let path = "signatures[\(index)]"
            guard let protected = signature["protected"]?.string, let value = signature["signature"]?.string,
                let header = ResponseCheck.base64URL(signature["protected"]).flatMap({ try? JSONValue(parsing: $0) })
            else {
                mismatch = Mismatch(path: path, expected: "a signature", actual: Mismatch.text(signature))
                continue
            }
            var sets = self.keys
            if let url = header["jku"]?.string {
                if let set = await fetch(url) {
                    sets.append(set)
                } else {
                    reasons.append("there are no keys at \(url)")
                }
            }
            let id = header["kid"]?.string ?? ""
            guard let set = sets.first(where: { $0.find(identifier: id)?.isEmpty == false }) else {
                reasons.append("the key '\(id)' is not known")
                continue
            }
            switch await self.form(protected, value, set) {
            case .some(nil): return .good
            case .some(let form?):
                mismatch = Mismatch(
                    path: path, expected: "a signature over the canonical card", actual: "one over \(form)")
            case nil:
                mismatch = Mismatch(
                    path: path, expected: "a signature over the canonical card", actual: "one that does not verify")
            }
        }
        if let mismatch { return .bad(mismatch) }
        return .noKey(reasons.isEmpty ? "the card has no signature" : reasons.joined(separator: "; "))
    }

    /// Over which form the signature holds; `nil` if over none.
    private func form(_ protected: String, _ signature: String, _ set: JWKS) async -> String?? {
        let collection = JWTKeyCollection()
        do {
            try await collection.add(jwks: set)
        } catch {
            return nil
        }
        for (description, payload) in self.forms {
            let text = Data(payload).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
            let verified = try? await collection.verify("\(protected).\(text).\(signature)", as: AnyPayload.self)
            if verified != nil { return .some(description) }
        }
        return nil
    }

    /// Only the signature counts.
    private struct AnyPayload: JWTPayload {
        init(from decoder: any Decoder) throws {}
        func encode(to encoder: any Encoder) throws {}
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }
}

extension TestExecution {
    /// Verifies the signatures of the card that a step has had (`x-check: [signatures-verify]`).
    func verifySignatures(_ step: Step, _ card: JSONValue?, _ trace: WireTrace) async -> Verdict {
        let verification = CardVerification(card: card ?? .null, keys: self.configuration.cardKeys)
        let deadline = min(ContinuousClock.now.advanced(by: self.configuration.callTimeout), self.deadline)
        let result = await verification.check { url in
            let request = HTTPWire.Request(method: "GET", url: url, headers: [("Accept", "application/json")])
            guard let answer = try? await self.http.send(request, deadline: deadline, trace: trace),
                answer.status == 200
            else { return nil }
            return try? JSONDecoder().decode(JWKS.self, from: Data(answer.body))
        }
        switch result {
        case .good: return .pass
        case .noKey(let reason): return .skip("no signature can be verified: \(reason) (--card-keys FILE)")
        case .bad(let mismatch):
            return .fail(
                Failure(mismatch, "the check signatures-verify does not hold", step: step.id, line: step.line))
        }
    }
}
