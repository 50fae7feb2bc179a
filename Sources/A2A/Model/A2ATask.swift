extension A2ATask {
    /// A task as it stands.
    public init(
        id: String? = nil,
        contextID: String? = nil,
        status: A2ATaskStatus,
        artifacts: [A2AArtifact] = [],
        history: [A2AMessage] = [],
        metadata: A2AMetadata? = nil
    ) {
        self.init()
        self.id = id ?? Identifier.make()
        self.contextID = contextID ?? Identifier.make()
        self.status = status
        self.artifacts = artifacts
        self.history = history
        if let metadata { self.metadata = metadata }
    }

    /// The text of all artifacts, one after the other.
    public var text: String {
        self.artifacts.reduce(into: "") { $0 += $1.text }
    }

    /// The artifact with an identifier.
    public func artifact(_ id: String) -> A2AArtifact? {
        self.artifacts.first { $0.artifactID == id }
    }
}

extension A2AArtifact {
    /// What an agent made.
    ///
    /// - Parameters:
    ///   - parts: Its content, at least one part.
    ///   - artifactID: The identifier, unique within the task. Default: a fresh one.
    ///   - name: A name for a person.
    ///   - description: What it is, for a person.
    ///   - metadata: What else is to travel along.
    ///   - extensions: The URIs of the protocol extensions that the artifact makes use of.
    public init(
        parts: [A2APart],
        artifactID: String? = nil,
        name: String = "",
        description: String = "",
        metadata: A2AMetadata? = nil,
        extensions: [String] = []
    ) {
        self.init()
        self.artifactID = artifactID ?? Identifier.make()
        self.name = name
        self.description_p = description
        self.parts = parts
        if let metadata { self.metadata = metadata }
        self.extensions = extensions
    }

    /// All text parts, one after the other.
    public var text: String { self.parts.text }

    /// The values of all data parts, in order.
    public var dataParts: [A2AValue] { self.parts.dataParts }
}

extension A2ATaskStatus {
    /// A status.
    ///
    /// - Parameters:
    ///   - state: The state that the task is in.
    ///   - message: What the agent says about it.
    ///   - timestamp: When it was reached. Default: now.
    public init(_ state: A2ATaskState, message: A2AMessage? = nil, timestamp: A2ATimestamp = .now) {
        self.init()
        self.state = state
        if let message { self.message = message }
        self.timestamp = timestamp
    }
}
