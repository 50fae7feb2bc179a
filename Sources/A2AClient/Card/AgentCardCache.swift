import A2A

/// Cards that were fetched, and how long each may be used without asking again (RFC 9111).
///
/// Pure: it is told the time.
package struct AgentCardCache: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// How many cards are kept; of more, the least recently used goes.
    ///
    /// Default 64.
    package var capacity = 64

    /// The longest that a card is used without asking again, whatever the server says.
    ///
    /// Default 24 h.
    package var maxFreshness: Duration = .seconds(24 * 60 * 60)

    package struct Entry: Sendable {
        package var card: ResolvedAgentCard
        package var validators: AgentCardValidators
        package var freshUntil: Instant
        fileprivate var lastUse: UInt64 = 0
    }

    package enum Lookup: Sendable {
        /// May be used as it is.
        case fresh(ResolvedAgentCard)
        /// May be used if the server says that it has not changed.
        case stale(ResolvedAgentCard, AgentCardValidators)
        case missing
    }

    private var entries: [String: Entry] = [:]
    private var uses: UInt64 = 0

    package init() {}

    /// How many cards are kept now.
    package var count: Int { self.entries.count }

    package mutating func lookUp(_ url: String, now: Instant) -> Lookup {
        guard let entry = self.entries[url] else { return .missing }
        self.uses += 1
        self.entries[url]?.lastUse = self.uses
        if now < entry.freshUntil { return .fresh(entry.card) }
        return entry.validators.isEmpty ? .missing : .stale(entry.card, entry.validators)
    }

    /// Keeps a card, as far as the server allows it.
    package mutating func store(
        _ card: ResolvedAgentCard, for url: String, caching: AgentCardCaching, now: Instant
    ) {
        let directives = CacheDirectives(caching.cacheControl)
        let freshness = self.freshness(directives, age: caching.age)
        guard !directives.noStore, freshness > .zero || !caching.validators.isEmpty else {
            self.entries[url] = nil
            return
        }
        self.uses += 1
        self.entries[url] = Entry(
            card: card, validators: caching.validators, freshUntil: now.advanced(by: freshness), lastUse: self.uses)
        if self.entries.count > self.capacity,
            let oldest = self.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            self.entries[oldest.key] = nil
        }
    }

    /// Notes that the server still has the card that is kept; what it says about caching replaces what it said.
    package mutating func revalidated(_ url: String, caching: AgentCardCaching, now: Instant) {
        guard let entry = self.entries[url] else { return }
        var caching = caching
        caching.validators.entityTag = caching.validators.entityTag ?? entry.validators.entityTag
        caching.validators.lastModified = caching.validators.lastModified ?? entry.validators.lastModified
        self.store(entry.card, for: url, caching: caching, now: now)
    }

    private func freshness(_ directives: CacheDirectives, age: String?) -> Duration {
        guard !directives.noCache, let maxAge = directives.maxAge else { return .zero }
        let age = age.flatMap { CacheDirectives.seconds($0.trimmingSpaces[...]) } ?? 0
        return min(.seconds(max(maxAge - age, 0)), self.maxFreshness)
    }
}

/// The parts of `Cache-Control` that concern a private cache (RFC 9111 §5.2.2).
struct CacheDirectives: Equatable {
    var noStore = false
    var noCache = false
    /// In seconds, at most `Int32.max`.
    var maxAge: Int64?

    /// The most directives that are read.
    private static let maxDirectives = 32

    init(_ header: String?) {
        for directive in (header ?? "").split(separator: ",").prefix(Self.maxDirectives) {
            let pair = directive.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
            switch pair.first?.lowercased() {
            case "no-store": self.noStore = true
            case "no-cache": self.noCache = true
            // A value that cannot be read means that the card is stale (§4.2.1).
            case "max-age": self.maxAge = pair.count == 2 ? Self.seconds(pair[1][...]) ?? 0 : 0
            default: break
            }
        }
    }

    /// A number of seconds, quoted or not; one that is too large is as good as the largest.
    static func seconds(_ text: Substring) -> Int64? {
        let digits = text.hasPrefix("\"") && text.hasSuffix("\"") ? text.dropFirst().dropLast() : text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return min(Int64(digits) ?? Int64(Int32.max), Int64(Int32.max))
    }
}
