public import A2A

/// A service that has its cards as JSON, one for each tenant, such as a gateway.
///
/// A binding over HTTP serves such a service's cards as they are, members unknown to the model included, and those of
/// tenants at `/{tenant}/.well-known/agent-card.json`. Middleware around the service hides this from the binding.
public protocol AgentCardDocuments: A2AService {
    /// The public card as JSON in UTF-8.
    ///
    /// - Parameter context: Names the tenant; an empty one is that of `/.well-known/agent-card.json`.
    /// - Throws: ``A2AError``; its HTTP status is that of the answer.
    func agentCardJSON(context: CallContext) async throws -> [UInt8]
}

/// A service that can list the agents it stands for, such as a hub.
///
/// A binding over HTTP serves the list at ``A2ARoutes/directoryPath``. Middleware around the service hides this from the
/// binding.
public protocol AgentDirectory: A2AService {
    /// The list as JSON in UTF-8, for anybody who asks; `nil` for none.
    func agentDirectoryJSON() -> [UInt8]?
}
