import A2A
import A2AServer
import SwiftProtobuf

// How changes are written into a row of a log: one record after another. A record is an octet that says what follows, and then
// one to three contents in the binary form of the model, each behind its length as a varint: the task, status or artifact; the message
// that was received; the metadata.

/// What the first octet of a record says.
private struct RecordHead: OptionSet {
    let rawValue: UInt8

    static let kindMask: UInt8 = 0b11
    static let status: UInt8 = 0
    static let artifact: UInt8 = 1
    static let chunk: UInt8 = 2
    static let task: UInt8 = 3

    static let lastChunk = RecordHead(rawValue: 1 << 2)
    static let received = RecordHead(rawValue: 1 << 3)
    static let metadata = RecordHead(rawValue: 1 << 4)
    /// The chunk went to an artifact that was there.
    static let appends = RecordHead(rawValue: 1 << 5)

    var kind: UInt8 { self.rawValue & Self.kindMask }
}

/// Changes as they are written.
struct EncodedChanges: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where the record of each change begins.
    private var heads: [Int] = []

    /// - Parameter creating: The task's first state, if the row is its first.
    init(_ changes: [TaskChange], creating task: A2ATask? = nil) throws {
        if let task {
            self.bytes.append(RecordHead.task)
            try self.append(task)
        }
        self.heads.reserveCapacity(changes.count)
        for change in changes { try self.append(change) }
    }

    /// Notes that a change, a chunk, goes to an artifact that is there.
    mutating func noteAppends(_ index: Int) {
        self.bytes[self.heads[index]] |= RecordHead.appends.rawValue
    }

    private mutating func append(_ change: TaskChange) throws {
        var head = RecordHead()
        let kind: UInt8
        switch change.kind {
        case .status: kind = RecordHead.status
        case .artifact(_, let lastChunk):
            kind = RecordHead.artifact
            if lastChunk { head.insert(.lastChunk) }
        case .chunk(_, let lastChunk):
            kind = RecordHead.chunk
            if lastChunk { head.insert(.lastChunk) }
        }
        if change.received != nil { head.insert(.received) }
        if change.metadata != nil { head.insert(.metadata) }
        self.heads.append(self.bytes.count)
        self.bytes.append(head.rawValue | kind)
        switch change.kind {
        case .status(let status): try self.append(status)
        case .artifact(let artifact, _), .chunk(let artifact, _): try self.append(artifact)
        }
        if let received = change.received { try self.append(received) }
        if let metadata = change.metadata { try self.append(metadata) }
    }

    private mutating func append(_ message: some SwiftProtobuf.Message) throws {
        let content: [UInt8] = try message.serializedBytes()
        var length = UInt64(content.count)
        while length >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        self.bytes.append(UInt8(length))
        self.bytes.append(contentsOf: content)
    }
}

/// What a record says.
enum LogRecord {
    case task(A2ATask)
    /// - Parameter appends: Whether it is a chunk for an artifact that was there.
    case change(TaskChange, appends: Bool)
    /// A change of an artifact that nobody wants to see.
    case skipped
}

/// Reads the records of a row.
struct RecordReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    /// The next record; `nil` after the last.
    ///
    /// - Parameter skippingArtifacts: Passes over changes of artifacts that concern nothing else.
    /// - Throws: ``DamagedLog`` if the octets are no records.
    mutating func next(skippingArtifacts: Bool = false) throws -> LogRecord? {
        guard let first = self.rest.popFirst() else { return nil }
        let head = RecordHead(rawValue: first)
        if skippingArtifacts, head.kind == RecordHead.artifact || head.kind == RecordHead.chunk,
            !head.contains(.received)
        {
            _ = try self.octets()
            if head.contains(.metadata) { _ = try self.octets() }
            return .skipped
        }
        if head.kind == RecordHead.task { return .task(try self.content()) }
        let kind: TaskChange.Kind
        switch head.kind {
        case RecordHead.status: kind = .status(try self.content())
        case RecordHead.artifact: kind = .artifact(try self.content(), lastChunk: head.contains(.lastChunk))
        default: kind = .chunk(try self.content(), lastChunk: head.contains(.lastChunk))
        }
        let received: A2AMessage? = head.contains(.received) ? try self.content() : nil
        let metadata: A2AMetadata? = head.contains(.metadata) ? try self.content() : nil
        return .change(
            TaskChange(kind, received: received, metadata: metadata), appends: head.contains(.appends))
    }

    private mutating func content<Content: SwiftProtobuf.Message>() throws -> Content {
        do {
            return try Content(serializedBytes: Array(self.octets()))
        } catch {
            throw DamagedLog()
        }
    }

    /// The octets of a content, behind their length.
    private mutating func octets() throws -> ArraySlice<UInt8> {
        var length: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard let octet = self.rest.popFirst(), shift < 63 else { throw DamagedLog() }
            length |= UInt64(octet & 0x7f) << shift
            if octet & 0x80 == 0 { break }
            shift += 7
        }
        guard length <= UInt64(self.rest.count) else { throw DamagedLog() }
        let end = self.rest.startIndex + Int(length)
        defer { self.rest = self.rest[end...] }
        return self.rest[self.rest.startIndex..<end]
    }
}

/// A row of the file does not say what it should.
struct DamagedLog: Error {}

extension TaskChange {
    /// The update that callers are sent, as ``TaskFold`` makes it.
    func update(taskID: String, contextID: String, at time: A2ATimestamp, appends: Bool) -> A2AStreamResponse {
        switch self.kind {
        case .status(var status):
            status.timestamp = time
            var event = A2ATaskStatusUpdateEvent()
            event.taskID = taskID
            event.contextID = contextID
            event.status = status
            if let metadata = self.metadata { event.metadata = metadata }
            return .with { $0.payload = .statusUpdate(event) }
        case .artifact(let artifact, let lastChunk), .chunk(let artifact, let lastChunk):
            var event = A2ATaskArtifactUpdateEvent()
            event.taskID = taskID
            event.contextID = contextID
            event.artifact = artifact
            event.append = appends
            event.lastChunk = lastChunk
            if let metadata = self.metadata { event.metadata = metadata }
            return .with { $0.payload = .artifactUpdate(event) }
        }
    }
}
