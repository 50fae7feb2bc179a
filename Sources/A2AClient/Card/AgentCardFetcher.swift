/// Gets cards over a network.
///
/// A binding's module offers one.
public protocol AgentCardFetcher: Sendable {
    /// The schemes, in lower case, of the URLs that it gets cards from. Default: `http` and `https`.
    var schemes: Set<String> { get }

    /// Asks for a card.
    ///
    /// - Parameters:
    ///   - url: The card's URL.
    ///   - validators: What is known of it already; the answer may then be ``AgentCardAnswer/notModified(_:)``.
    ///   - options: Credentials and service parameters to send, and how long to wait.
    /// - Throws: ``A2AError`` whose cause is an ``AgentCardFailure`` where that says more.
    func fetch(
        _ url: String, validators: AgentCardValidators?, options: CallOptions
    ) async throws -> AgentCardAnswer
}

extension AgentCardFetcher {
    public var schemes: Set<String> { ["http", "https"] }
}

/// What a server told of a card's version, to be asked again with (RFC 9110 §8.8).
public struct AgentCardValidators: Sendable, Hashable {
    /// `ETag`.
    public var entityTag: String?
    /// `Last-Modified`.
    public var lastModified: String?

    public init(entityTag: String? = nil, lastModified: String? = nil) {
        self.entityTag = entityTag
        self.lastModified = lastModified
    }

    /// Whether there is nothing to ask with.
    public var isEmpty: Bool { self.entityTag == nil && self.lastModified == nil }
}

/// What a server says about caching a card (RFC 9111).
public struct AgentCardCaching: Sendable, Hashable {
    public var validators: AgentCardValidators
    /// `Cache-Control`.
    public var cacheControl: String?
    /// `Age`, in seconds: how old the answer was when it came.
    public var age: String?

    public init(validators: AgentCardValidators = .init(), cacheControl: String? = nil, age: String? = nil) {
        self.validators = validators
        self.cacheControl = cacheControl
        self.age = age
    }
}

/// The answer of a server that was asked for a card.
public enum AgentCardAnswer: Sendable {
    /// The card's bytes.
    case card([UInt8], AgentCardCaching)
    /// The card is the one that the validators name.
    case notModified(AgentCardCaching)
}

/// Why there is no card, as the cause of an ``A2AError``.
public enum AgentCardFailure: String, Error, Sendable {
    /// There is nothing at the reference.
    case notFound
    /// What is there is no card.
    case invalid
}
