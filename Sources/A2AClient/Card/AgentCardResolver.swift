public import A2A
import FoundationEssentials
import Synchronization

/// A card, with the bytes it came in: a signature is over them, unknown fields included (§8.4).
public struct ResolvedAgentCard: Sendable {
    public var card: A2AAgentCard
    public var bytes: [UInt8]
    /// Where it came from.
    public var reference: AgentCardReference

    public init(card: A2AAgentCard, bytes: [UInt8], reference: AgentCardReference) {
        self.card = card
        self.bytes = bytes
        self.reference = reference
    }
}

/// Finds agents' cards and remembers them as long as their servers allow (§8.2, §8.6).
public final class AgentCardResolver: Sendable {
    /// The largest card that is read from a file, in bytes.
    ///
    /// Default 4 MiB.
    public static let maxFileSize = 4 << 20

    private let fetcher: any AgentCardFetcher
    private let now: @Sendable () -> ContinuousClock.Instant
    private let cache = Mutex(AgentCardCache())

    /// - Parameters:
    ///   - fetcher: Gets cards over the network.
    ///   - now: The time that the cache goes by.
    public init(
        fetcher: any AgentCardFetcher,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.fetcher = fetcher
        self.now = now
    }

    /// The card at a reference, from the cache if its server allows.
    ///
    /// - Throws: ``A2AError``; with an ``AgentCardFailure`` as its cause when there is nothing at the reference or
    ///   it is no card, with a ``TransportFailure`` when the server could not be reached.
    public func resolve(
        _ reference: AgentCardReference, options: CallOptions = .init()
    ) async throws -> ResolvedAgentCard {
        switch reference {
        case .file(let path):
            return try Self.card(from: Self.read(path), reference: reference)
        case .url(let url):
            return try await self.resolve(url, options: options)
        }
    }

    private func resolve(_ url: String, options: CallOptions) async throws -> ResolvedAgentCard {
        // A card that is shown to one caller is not for another.
        guard options.credentials == nil else {
            guard case .card(let bytes, _) = try await self.fetcher.fetch(url, validators: nil, options: options) else {
                throw Self.unexpectedNotModified(url)
            }
            return try Self.card(from: bytes, reference: .url(url))
        }
        var known: (card: ResolvedAgentCard, validators: AgentCardValidators)?
        switch self.cache.withLock({ $0.lookUp(url, now: self.now()) }) {
        case .fresh(let card): return card
        case .stale(let card, let validators): known = (card, validators)
        case .missing: break
        }
        switch try await self.fetcher.fetch(url, validators: known?.validators, options: options) {
        case .card(let bytes, let caching):
            let card = try Self.card(from: bytes, reference: .url(url))
            self.cache.withLock { $0.store(card, for: url, caching: caching, now: self.now()) }
            return card
        case .notModified(let caching):
            guard let known else { throw Self.unexpectedNotModified(url) }
            self.cache.withLock { $0.revalidated(url, caching: caching, now: self.now()) }
            return known.card
        }
    }

    private static func card(from bytes: [UInt8], reference: AgentCardReference) throws -> ResolvedAgentCard {
        do {
            let card = try ModelJSON.decodeAnswer(A2AAgentCard.self, from: bytes[...])
            return ResolvedAgentCard(card: card, bytes: bytes, reference: reference)
        } catch {
            throw A2AError(
                .invalidAgentResponse,
                "What is at \(reference) is not an agent card: \(error.message)",
                cause: AgentCardFailure.invalid)
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw A2AError(
                .invalidParams, "The file '\(path)' cannot be read.", cause: AgentCardFailure.notFound)
        }
        guard bytes.count <= Self.maxFileSize else {
            throw A2AError(
                .invalidAgentResponse, "The file '\(path)' is larger than \(Self.maxFileSize) bytes.",
                cause: AgentCardFailure.invalid)
        }
        return [UInt8](bytes)
    }

    private static func unexpectedNotModified(_ url: String) -> A2AError {
        A2AError(
            .invalidAgentResponse, "The server at \(url) answered 304 to a request without conditions.",
            cause: AgentCardFailure.invalid)
    }
}
