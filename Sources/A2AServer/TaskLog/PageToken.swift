import A2A

/// Where a listing goes on: below this place in the order of status changes.
///
/// Tasks that change while a caller pages move to the front, so no page shows a task twice and none that stays as it
/// is gets lost.
package struct PageToken {
    package var sequence: Int64

    package init(sequence: Int64) { self.sequence = sequence }

    /// - Throws: ``A2AError`` with `.invalidParams` if the token is not one of ours.
    package init(decoding token: String) throws {
        guard token.utf8.count <= 32, token.hasPrefix(Self.prefix),
            let sequence = Int64(token.dropFirst(Self.prefix.count), radix: 36), sequence > 0
        else {
            throw A2AError.invalidParams(
                field: "pageToken",
                "is not a token that this agent gave out; send nextPageToken of the page before, or leave it out"
            )
        }
        self.sequence = sequence
    }

    package var encoded: String { Self.prefix + String(self.sequence, radix: 36) }

    /// Names the token's format, so that another one can follow.
    private static let prefix = "t1-"
}
