/// The number of a method in CALL (spec/bindings/tcp.md §6.1).
package struct TCPMethod: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The parameter `method` names a method of an A2A extension.
    package static let named = Self(rawValue: 0x00)
    /// The public card, without credentials.
    package static let getAgentCard = Self(rawValue: 0x40)
    /// The events of a task after a cursor.
    package static let resumeStream = Self(rawValue: 0x41)
    /// One event of a task, delivered to the one who asked for it. Needs FEATURES bit 0.
    package static let notify = Self(rawValue: 0x42)

    /// The operations in the order of their numbers, from 1.
    private static let operations: [A2AOperation] = [
        .sendMessage, .sendStreamingMessage, .getTask, .listTasks, .cancelTask, .subscribeToTask,
        .createTaskPushNotificationConfig, .getTaskPushNotificationConfig, .listTaskPushNotificationConfigs,
        .deleteTaskPushNotificationConfig, .getExtendedAgentCard,
    ]

    package init(_ operation: A2AOperation) {
        let index = Self.operations.firstIndex(of: operation) ?? 0
        self.init(rawValue: UInt8(truncatingIfNeeded: index + 1))
    }

    /// The operation with this number; `nil` for the methods of the binding and for numbers nobody knows.
    package var operation: A2AOperation? {
        let index = Int(self.rawValue) - 1
        return Self.operations.indices.contains(index) ? Self.operations[index] : nil
    }

    /// Whether the answer is a stream of events.
    package var isStreaming: Bool { self == .resumeStream || self.operation?.isStreaming == true }

    /// Whether a call of unknown fate may simply be made again (spec/bindings/tcp.md §8.5).
    package var isIdempotent: Bool {
        switch self {
        case .getAgentCard, .resumeStream, .notify: true
        default: self.operation?.isIdempotent ?? false
        }
    }

    /// Whether this binding gives the number a meaning.
    package var isKnown: Bool {
        self.operation != nil || self == .getAgentCard || self == .resumeStream || self == .notify
    }
}

/// How the messages of a call are written.
package enum TCPEncoding: UInt8, Sendable, CaseIterable {
    /// The binary form of `a2a.proto`.
    case protobuf = 1
    /// ProtoJSON in UTF-8.
    case json = 2
}

/// Which calls go first when several have something to send.
package enum TCPPriority: UInt8, Sendable, CaseIterable {
    case bulk = 0
    case normal, interactive

    /// Fragments per round of the scheduler, where all three have something to send.
    package var weight: Int {
        switch self {
        case .bulk: 1
        case .normal: 4
        case .interactive: 16
        }
    }
}

/// A W3C trace context, version 00.
package struct TCPTraceContext: Hashable, Sendable {
    package var traceID: (high: UInt64, low: UInt64) {
        get { (self.high, self.low) }
        set { (self.high, self.low) = newValue }
    }
    private var high: UInt64
    private var low: UInt64
    package var parentID: UInt64
    package var flags: UInt8

    package init(traceID: (high: UInt64, low: UInt64), parentID: UInt64, flags: UInt8) {
        (self.high, self.low) = traceID
        self.parentID = parentID
        self.flags = flags
    }
}
