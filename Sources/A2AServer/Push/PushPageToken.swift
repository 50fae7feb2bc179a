package import A2A

/// The page tokens of stores of registrations: the place of the page's last one in the order in which they were made.
package enum PushPageToken {
    /// Names the token's format, so that another one can follow.
    private static let prefix = "p1-"

    /// The place after which a page begins; 0 without a token.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams`.
    package static func sequence(_ token: String?) throws -> Int64 {
        guard let token else { return 0 }
        guard token.utf8.count <= 32, token.hasPrefix(Self.prefix),
            let sequence = Int64(token.dropFirst(Self.prefix.count), radix: 36), sequence > 0
        else {
            throw A2AError.invalidParams(
                field: "pageToken",
                "is not a token that this agent gave out; send nextPageToken of the page before, or leave it out")
        }
        return sequence
    }

    package static func text(_ sequence: Int64) -> String { Self.prefix + String(sequence, radix: 36) }
}

extension PushRegistration {
    package static func taskIsFull(limit: Int) -> A2AError {
        A2AError(
            .resourceExhausted, "A task has at most \(limit) push notification configurations. Delete one first.")
    }

    package static var storeIsFull: A2AError {
        A2AError(
            .resourceExhausted,
            "The agent keeps as many push notification configurations as it can. Try again when some tasks have ended.",
            details: [.retryInfo(.seconds(60))])
    }
}
