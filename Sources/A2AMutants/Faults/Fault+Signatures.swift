import A2A
import A2AConformance

extension Fault {
    /// Faults of a signed card.
    static let signatures: [Fault] = [
        Fault("card-changed-after-signing", "CARD-SIGN-002", "The card is another one than that which was signed.")
            .http(.card { $0["version"] = "0.1.1" }),
        Fault("signed-as-it-is", "CARD-SIGN-008", "What is signed is not in canonical order.")
            .signing { try ModelJSON.encode($0) },
        Fault("signed-with-spaces", "CARD-SIGN-008", "What is signed has spaces.")
            .signing { Array(try JSONValue(parsing: try $0.canonicalBytes()).pretty.utf8) },
        Fault("signed-with-signatures", "CARD-SIGN-009", "What is signed has a member signatures.")
            .signing { try $0.canonical { $0["signatures"] = [] } },
        Fault("signed-with-defaults", "CARD-SIGN-007", "What is signed has the defaults of fields that are not set.")
            .signing { try $0.canonical { $0["capabilities"]?["extensions"] = [] } },
        Fault("signed-without-false", "CARD-SIGN-005", "What is signed lacks optional fields that are set to false.")
            .signing { try $0.canonical { $0["capabilities"]?["pushNotifications"] = nil } },
        Fault("signed-with-unset", "CARD-SIGN-004", "What is signed has an optional field that is not set.")
            .signing { try $0.canonical { $0["documentationUrl"] = "" } },
        Fault("signed-without-required", "CARD-SIGN-006", "What is signed lacks a required field.")
            .signing { try $0.canonical { $0["version"] = nil } },
        Fault("signature-without-key-id", "CARD-SIGN-011", "The protected header has no kid.")
            .http(.signature { $0["protected"] = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpPU0UifQ" }),
        Fault("signature-without-algorithm", "CARD-SIGN-010", "The protected header has no alg.")
            .http(.signature { $0["protected"] = "eyJraWQiOiJrZXktMSIsInR5cCI6IkpPU0UifQ" }),
        Fault("signature-in-base64", "CARD-SIGN-014", "A signature is in base64 with padding.")
            .http(.signature { $0["signature"] = .string(($0["signature"]?.string ?? "") + "==") }),
    ].map { $0.with(.signed).over(.rest) }

    /// The card is signed over other bytes.
    private func signing(_ payload: @escaping @Sendable (A2AAgentCard) throws -> [UInt8]) -> Fault {
        var fault = self
        fault.signed = payload
        return fault
    }
}

extension HTTPFilter {
    fileprivate static func signature(_ change: @escaping @Sendable (inout JSONValue) -> Void) -> HTTPFilter {
        .card { card in
            card["signatures"] = .array(
                (card["signatures"]?.elements ?? []).map { signature in
                    var signature = signature
                    change(&signature)
                    return signature
                })
        }
    }
}

extension A2AAgentCard {
    /// The canonical form of a card that was changed.
    fileprivate func canonical(_ change: (inout JSONValue) -> Void) throws -> [UInt8] {
        var json = try JSONValue(parsing: try self.canonicalBytes())
        change(&json)
        return try CanonicalJSON.bytes(of: json.bytes)
    }
}
