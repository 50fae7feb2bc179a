import A2A
public import A2AServer

/// What every ``PushNotificationStore`` must do, as rules that a test runs one by one.
///
/// ```swift
/// @Test(arguments: PushNotificationStoreContract.rules)
/// func contract(_ rule: PushNotificationStoreContract.Rule) async throws {
///     try await rule.check { demands in MyStore(demands) }
/// }
/// ```
///
/// A rule throws ``ContractViolation`` when it is broken. Rules never wait for time to pass; the clock is the rule's own.
public enum PushNotificationStoreContract {
    /// How the store of a rule has to be set up.
    public struct Demands: Sendable {
        /// The most configurations of one task. Default 16.
        public var maxPerTask = 16
        /// The most configurations in all. Default 1 000.
        public var maxTotal = 1_000
        /// How long a configuration is kept after it has ended. Default one hour.
        public var maxAge: Duration = .seconds(3600)
        /// The time from which ages are counted.
        public var wallClock: ManualWallClock = .init()
    }

    /// Makes an empty store that no other rule uses.
    public typealias StoreMaker = @Sendable (Demands) async throws -> any PushNotificationStore

    /// One thing that must hold for a store.
    public struct Rule: Sendable, CustomStringConvertible {
        /// What must hold, as a sentence.
        public let description: String
        let body: @Sendable (Bench) async throws -> Void

        init(_ description: String, _ body: @escaping @Sendable (Bench) async throws -> Void) {
            self.description = description
            self.body = body
        }

        /// Checks the rule against a fresh store.
        ///
        /// - Throws: ``ContractViolation`` with the rule and what was wrong.
        public func check(_ makeStore: @escaping StoreMaker) async throws {
            do {
                try await self.body(Bench(makeStore: makeStore))
            } catch let failure as TaskStoreContract.Failure {
                throw ContractViolation(
                    subject: "push notification store", rule: self.description, problem: failure.problem, seed: 0)
            } catch {
                throw ContractViolation(
                    subject: "push notification store", rule: self.description,
                    problem: "the store threw \(String(reflecting: error))", seed: 0)
            }
        }
    }

    /// All rules.
    public static let rules: [Rule] = keepingRules + pageRules + progressRules + limitRules

    // MARK: What rules are written with

    struct Bench: Sendable {
        let makeStore: StoreMaker

        func store(_ adjust: (inout Demands) -> Void = { _ in }) async throws -> any PushNotificationStore {
            var demands = Demands()
            adjust(&demands)
            return try await self.makeStore(demands)
        }
    }

    static let alice = Scope(tenant: "tenant", principal: "alice")

    static func registration(
        _ id: String, task: String = "task", scope: Scope = alice, url: String = "https://example.com/",
        delivered: Int64 = 1
    ) -> PushRegistration {
        var configuration = A2ATaskPushNotificationConfig()
        configuration.id = id
        configuration.taskID = task
        configuration.url = url
        configuration.token = "secret-\(id)"
        configuration.authentication.scheme = "Bearer"
        configuration.authentication.credentials = "credentials-\(id)"
        return PushRegistration(
            scope: scope, configuration: configuration, version: .v1_0, deliveryKey: "key-\(id)-\(url.count)",
            progress: PushProgress(delivered: delivered))
    }

    static func read(
        _ store: any PushNotificationStore, _ id: String, task: String = "task", scope: Scope = alice
    ) async throws -> PushRegistration {
        let key = PushRegistration.Key(scope: scope, taskID: task, id: id)
        guard let found = try await store.registration(key) else {
            throw TaskStoreContract.Failure(problem: "The registration '\(id)' is not there.")
        }
        return found
    }

    /// The ids of all pages.
    static func pages(
        size: Int, _ page: (_ token: String?) async throws -> PushRegistrationPage
    ) async throws -> [String] {
        var ids: [String] = []
        var token: String?
        repeat {
            let page = try await page(token)
            try TaskStoreContract.require(page.registrations.count <= size, "A page has more than \(size) entries.")
            try TaskStoreContract.require(
                !page.registrations.isEmpty || page.next == nil, "An empty page says that another follows.")
            ids += page.registrations.map { "\($0.configuration.taskID)/\($0.configuration.id)" }
            token = page.next
        } while token != nil
        return ids
    }
}
