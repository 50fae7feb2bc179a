package import A2A
import SwiftProtobuf

/// The state of a task as the fold of its log.
///
/// A pure value. Applying a change costs the size of the change, however large the task already is; only taking the
/// task out (``task(historyLength:includeArtifacts:)``) costs what the task is worth.
package struct TaskFold: Sendable {
    package let id: String
    package let contextID: String
    package private(set) var status: A2ATaskStatus
    package private(set) var artifacts: [A2AArtifact]
    package private(set) var history: [A2AMessage]
    package var metadata: A2AMetadata?
    /// An estimate of the memory that the contents take, in bytes.
    package private(set) var byteCount: Int

    private var artifactIndex: [String: Int] = [:]

    /// The most messages that a history keeps; the oldest go first.
    package static let maxHistory = 1_000

    package init(_ task: A2ATask) {
        self.id = task.id
        self.contextID = task.contextID
        self.status = task.status
        self.artifacts = task.artifacts
        self.history = task.history
        self.metadata = task.hasMetadata ? task.metadata : nil
        self.byteCount = 256
        for (index, artifact) in task.artifacts.enumerated() { self.artifactIndex[artifact.artifactID] = index }
        self.byteCount += self.artifacts.reduce(0) { $0 + $1.approximateByteCount }
        self.byteCount += self.history.reduce(0) { $0 + $1.approximateByteCount }
    }

    package var state: A2ATaskState { self.status.state }

    /// Whether there is an artifact with an id.
    package func hasArtifact(_ id: String) -> Bool { self.artifactIndex[id] != nil }

    /// By how many bytes a change makes the task grow; 0 if it shrinks.
    package func growth(by change: TaskChange) -> Int {
        let received = change.received?.approximateByteCount ?? 0
        switch change.kind {
        case .status(let status): return received + (status.hasMessage ? status.message.approximateByteCount : 0)
        case .chunk(let chunk, _): return received + chunk.approximateByteCount
        case .artifact(let artifact, _):
            let replaced = self.artifactIndex[artifact.artifactID].map { self.artifacts[$0].approximateByteCount } ?? 0
            return received + max(0, artifact.approximateByteCount - replaced)
        }
    }

    /// Records a change and returns the update that callers are sent.
    ///
    /// - Parameter now: The time of the change; kept in the status.
    package mutating func apply(_ change: TaskChange, now: A2ATimestamp) -> A2AStreamResponse {
        // A status message stays readable after the next one: it moves to the history, before what answers it.
        if case .status = change.kind, self.status.hasMessage { self.remember(self.status.message, counted: true) }
        if let message = change.received { self.remember(message) }
        switch change.kind {
        case .status(var status):
            status.timestamp = now
            if status.hasMessage { self.byteCount += status.message.approximateByteCount }
            self.status = status
            var event = A2ATaskStatusUpdateEvent()
            event.taskID = self.id
            event.contextID = self.contextID
            event.status = status
            if let metadata = change.metadata { event.metadata = metadata }
            return .with { $0.payload = .statusUpdate(event) }
        case .artifact(let artifact, let lastChunk):
            if let index = self.artifactIndex[artifact.artifactID] {
                self.byteCount -= self.artifacts[index].approximateByteCount
                self.artifacts[index] = artifact
            } else {
                self.artifactIndex[artifact.artifactID] = self.artifacts.count
                self.artifacts.append(artifact)
            }
            self.byteCount += artifact.approximateByteCount
            return self.update(artifact, append: false, lastChunk: lastChunk, metadata: change.metadata)
        case .chunk(let chunk, let lastChunk):
            guard let index = self.artifactIndex[chunk.artifactID] else {
                self.byteCount += chunk.approximateByteCount
                self.artifactIndex[chunk.artifactID] = self.artifacts.count
                self.artifacts.append(chunk)
                return self.update(chunk, append: false, lastChunk: lastChunk, metadata: change.metadata)
            }
            // Only what the artifact really grows by is counted, so that replacing it takes all of that off again.
            self.byteCount += chunk.parts.reduce(0) { $0 + $1.approximateByteCount }
            self.artifacts[index].parts.append(contentsOf: chunk.parts)
            if chunk.hasMetadata {
                let before = self.artifacts[index].metadataByteCount
                self.artifacts[index].metadata.fields.merge(chunk.metadata.fields) { $1 }
                self.byteCount += self.artifacts[index].metadataByteCount - before
            }
            return self.update(chunk, append: true, lastChunk: lastChunk, metadata: change.metadata)
        }
    }

    /// The task as callers see it.
    ///
    /// - Parameters:
    ///   - historyLength: How many of the newest messages to include; `nil` for all, 0 for none (§3.2.4).
    ///   - includeArtifacts: Whether the artifacts are included (§3.1.4).
    package func task(historyLength: Int? = nil, includeArtifacts: Bool = true) -> A2ATask {
        var task = A2ATask()
        task.id = self.id
        task.contextID = self.contextID
        task.status = self.status
        if includeArtifacts { task.artifacts = self.artifacts }
        if let historyLength, historyLength < self.history.count {
            task.history = Array(self.history.suffix(max(0, historyLength)))
        } else {
            task.history = self.history
        }
        if let metadata = self.metadata { task.metadata = metadata }
        return task
    }

    private mutating func remember(_ message: A2AMessage, counted: Bool = false) {
        if !counted { self.byteCount += message.approximateByteCount }
        self.history.append(message)
        if self.history.count > Self.maxHistory + 64 {
            // In steps, so that a long conversation does not move the array at every message.
            let surplus = self.history.count - Self.maxHistory
            self.byteCount -= self.history.prefix(surplus).reduce(0) { $0 + $1.approximateByteCount }
            self.history.removeFirst(surplus)
        }
    }

    private func update(
        _ artifact: A2AArtifact, append: Bool, lastChunk: Bool, metadata: A2AMetadata?
    ) -> A2AStreamResponse {
        var event = A2ATaskArtifactUpdateEvent()
        event.taskID = self.id
        event.contextID = self.contextID
        event.artifact = artifact
        event.append = append
        event.lastChunk = lastChunk
        if let metadata { event.metadata = metadata }
        return .with { $0.payload = .artifactUpdate(event) }
    }
}
