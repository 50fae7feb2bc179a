public import A2A

/// Whose tasks a store call sees: one tenant, one principal (§13.1).
///
/// Isolation is a property of the store: a task of another scope does not exist, whatever the caller knows of it.
public struct Scope: Sendable, Hashable {
    public var tenant: String
    public var principal: String

    public init(tenant: String = "", principal: String = "") {
        self.tenant = tenant
        self.principal = principal
    }

    /// The scope of a call. Anonymous callers of a tenant share one scope.
    public init(_ context: CallContext) {
        self.init(tenant: context.tenant, principal: context.principal.id)
    }
}
