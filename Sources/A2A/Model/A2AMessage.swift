extension A2AMessage {
    /// A message.
    ///
    /// - Parameters:
    ///   - role: Who speaks: the client's side is `.user`, the agent's is `.agent`.
    ///   - parts: What is said, at least one part.
    ///   - messageID: The message's identifier. Default: a fresh one.
    ///   - contextID: The conversation that the message belongs to; empty to leave it to the agent.
    ///   - taskID: The task that the message goes on with; empty for a new one.
    ///   - metadata: What else is to travel along, by keys that the two sides agree on.
    ///   - extensions: The URIs of the protocol extensions that the message makes use of.
    ///   - referenceTaskIDs: Other tasks that the message speaks about.
    public init(
        role: A2ARole,
        parts: [A2APart],
        messageID: String? = nil,
        contextID: String = "",
        taskID: String = "",
        metadata: A2AMetadata? = nil,
        extensions: [String] = [],
        referenceTaskIDs: [String] = []
    ) {
        self.init()
        self.messageID = messageID ?? Identifier.make()
        self.role = role
        self.parts = parts
        self.contextID = contextID
        self.taskID = taskID
        if let metadata { self.metadata = metadata }
        self.extensions = extensions
        self.referenceTaskIds = referenceTaskIDs
    }

    /// What a client says: `.user("What is the weather?")`.
    public static func user(_ parts: A2APart..., contextID: String = "", taskID: String = "") -> A2AMessage {
        A2AMessage(role: .user, parts: parts, contextID: contextID, taskID: taskID)
    }

    /// What an agent says: `.agent("It rains.")`.
    public static func agent(_ parts: A2APart..., contextID: String = "", taskID: String = "") -> A2AMessage {
        A2AMessage(role: .agent, parts: parts, contextID: contextID, taskID: taskID)
    }

    /// What a client says, as text that is known at run time.
    @_disfavoredOverload
    public static func user(_ text: String, contextID: String = "", taskID: String = "") -> A2AMessage {
        A2AMessage(role: .user, parts: [.text(text)], contextID: contextID, taskID: taskID)
    }

    /// What an agent says, as text that is known at run time.
    @_disfavoredOverload
    public static func agent(_ text: String, contextID: String = "", taskID: String = "") -> A2AMessage {
        A2AMessage(role: .agent, parts: [.text(text)], contextID: contextID, taskID: taskID)
    }

    /// All text parts, one after the other.
    public var text: String { self.parts.text }

    /// The values of all data parts, in order.
    public var dataParts: [A2AValue] { self.parts.dataParts }
}
