import A2A

/// Where push notification configurations live, each with its place in its task's log.
///
/// Everything that must hold for every store is in the contract suite of `A2ATesting`. What one caller does is in their
/// ``Scope``; the deliverer, which works for all of them, uses ``scan(state:pageSize:pageToken:)``. Tokens and credentials are
/// secrets: a store that writes them to a disk encrypts them, and none shows them in errors.
///
/// A store that several processes share gives each registration to one of them (``claim(_:)``): to the one that put it, and when
/// that has ended, to another. ``record(_:for:revision:)`` refuses the others. A store of one process need not do anything for it.
public protocol PushNotificationStore: Sendable {
    /// Keeps a registration; it takes the place of one with the same key (``PushRegistration/replacing(_:)``).
    ///
    /// - Returns: The registration as it is kept now, with its new revision.
    /// - Throws: ``A2AError`` with `.resourceExhausted` if the task or the store has as many as it may.
    func put(_ registration: PushRegistration) async throws -> PushRegistration

    /// A registration; `nil` if there is none.
    func registration(_ key: PushRegistration.Key) async throws -> PushRegistration?

    /// A page of a task's registrations, in the order in which they were made.
    ///
    /// - Parameters:
    ///   - pageSize: 1...100.
    ///   - pageToken: ``PushRegistrationPage/next`` of the page before, or `nil` for the first page.
    /// - Throws: ``A2AError`` with `.invalidParams` for a token that the store did not give out.
    func list(
        ofTask taskID: String, in scope: Scope, pageSize: Int, pageToken: String?
    ) async throws -> PushRegistrationPage

    /// Removes a registration.
    ///
    /// - Returns: Whether it was there.
    func remove(_ key: PushRegistration.Key) async throws -> Bool

    /// Notes how far a registration has come. Durable when it returns, for a store that is.
    ///
    /// - Parameter revision: The revision that was read: progress of a replaced configuration is not its successor's.
    /// - Returns: `false`, and nothing is changed, if the registration was replaced or removed, or another process delivers from it.
    func record(_ progress: PushProgress, for key: PushRegistration.Key, revision: Int64) async throws -> Bool

    /// Begins a registration anew that was given up (``PushProgress/revive()``), in one step with the look whether it still is.
    ///
    /// - Parameter revision: The revision that was read.
    /// - Returns: The registration as it is kept now, with its new revision; `nil`, and nothing is changed, if it was replaced, removed or is
    ///   not given up.
    func reviveGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> PushRegistration?

    /// Removes a registration that was given up, in one step with the look whether it still is.
    ///
    /// - Parameter revision: The revision that was read.
    /// - Returns: `false`, and nothing is changed, if it was replaced, removed or is not given up.
    func removeGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> Bool

    /// A page of the registrations of all callers, in the order in which they were made.
    ///
    /// - Parameter state: Only those in this state; `nil` for all.
    /// - Throws: ``A2AError`` with `.invalidParams` for a token that the store did not give out.
    func scan(state: PushProgress.State?, pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage

    /// Removes what the store's retention no longer keeps. Called now and then by the runtime.
    func removeExpired() async throws

    // MARK: Several processes

    /// A registration to deliver from: `nil` if there is none, or another process delivers from it.
    func claim(_ key: PushRegistration.Key) async throws -> PushRegistration?

    /// A page of the active registrations to deliver from, in the order in which they were made: all that no other process
    /// delivers from.
    func claim(pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage

    /// How often ``renewClaims()`` is to be called; `nil` for never. Who does not call it for much longer loses what it has claimed.
    var claimInterval: Duration? { get }

    /// Says that this process is still there, and asks what the others have done.
    func renewClaims() async throws -> PushStoreNews
}

extension PushNotificationStore {
    public func claim(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        try await self.registration(key)
    }

    public func claim(pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage {
        try await self.scan(state: .active, pageSize: pageSize, pageToken: pageToken)
    }

    public var claimInterval: Duration? { nil }

    public func renewClaims() async throws -> PushStoreNews { PushStoreNews() }
}

/// What has happened to a shared store by the hands of other processes.
public struct PushStoreNews: Sendable, Equatable {
    /// There may be registrations to take up, of a process that has ended.
    public var hasOrphans: Bool
    /// Tasks with registrations of this process whose logs have grown; may name some that have not.
    public var grown: [String]

    public init(hasOrphans: Bool = false, grown: [String] = []) {
        self.hasOrphans = hasOrphans
        self.grown = grown
    }
}

/// A page of registrations.
public struct PushRegistrationPage: Sendable {
    public var registrations: [PushRegistration]
    /// The token of the next page, or `nil` after the last one.
    public var next: String?

    public init(registrations: [PushRegistration], next: String?) {
        self.registrations = registrations
        self.next = next
    }
}
