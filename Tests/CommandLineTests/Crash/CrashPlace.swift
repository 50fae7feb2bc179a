import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import A2ATCP
import Foundation
import NIOCore
import NIOPosix

/// A store's file and the ports of an agent that is started on it again and again.
struct CrashPlace: Sendable {
    let file: String
    let ports: [Int]

    /// The arguments of the agent.
    func arguments(_ more: [String] = []) -> [String] {
        [
            "--store", "sqlite:\(self.file)", "--port", "\(self.ports[0])", "--grpc-port", "\(self.ports[1])",
            "--tcp-port", "\(self.ports[2])",
        ] + more
    }

    var url: String { "http://127.0.0.1:\(self.ports[0])" }

    static let bindings: [ProtocolBinding] = [.jsonRPC, .httpJSON, .grpc, .tcp]

    /// Gives `body` a folder of its own.
    static func with<Result>(_ body: (_ folder: String) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("a2a-crash-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder.path)
    }

    /// - Parameter file: The database.
    init(file: String) async throws {
        self.file = file
        // All at once, so that no port comes twice. They are free when the agent starts, unless somebody is very quick.
        var channels: [any Channel] = []
        for _ in 0..<3 {
            channels.append(
                try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .bind(host: "127.0.0.1", port: 0).get())
        }
        self.ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
    }

    /// A client that does not give up, over one binding.
    func client(_ card: A2AAgentCard, over binding: ProtocolBinding) throws -> Client {
        var configuration = ClientConfiguration()
        configuration.preferredBindings = [binding]
        let backoff = Backoff(base: .milliseconds(20), limit: .milliseconds(300))
        configuration.resume.backoff = backoff
        configuration.resume.maxAttemptsWithoutProgress = 100_000
        configuration.retry.backoff = backoff
        configuration.retry.maxAttempts = 100_000
        configuration.retryBudget = RetryBudget(share: 1, reserve: 1_000_000)
        return try Client(card: card, transports: try Self.transports(), configuration: configuration)
    }

    func card() async throws -> A2AAgentCard {
        try await AgentCardResolver(transports: Self.transports()).resolve(AgentCardReference(parsing: self.url)).card
    }

    private static func transports() throws -> [any TransportFactory] {
        [
            try HTTPTransportFactory(options: .init()), try GRPCTransportFactory(options: .init()),
            try TCPTransportFactory(options: .init()),
        ]
    }
}

/// A message whose task says the numbers from 0 on.
struct CountingMessage: Sendable {
    let message: A2AMessage
    let count: Int

    static let artifactID = "numbers"

    /// - Parameter pause: The time between two numbers, in milliseconds.
    init(count: Int, pause: Int) {
        var steps: [A2AValue] = [["working": [:]]]
        for number in 0..<count {
            let arguments: A2AValue = [
                "id": A2AValue(Self.artifactID), "append": true, "parts": [["text": A2AValue("\(number)")]],
            ]
            steps += [["artifact": arguments], ["delay": ["milliseconds": A2AValue(pause)]]]
        }
        steps.append(["complete": [:]])
        self.message = A2AMessage(
            role: .user,
            parts: [.data(["script": A2AValue(steps)], mediaType: "application/vnd.a2a-conformance+json")],
            messageID: UUID().uuidString)
        self.count = count
    }

    var numbers: [String] { (0..<self.count).map { "\($0)" } }

    /// How many events the log of the task has: its creation, WORKING, the numbers, COMPLETED.
    var events: Int64 { Int64(self.count) + 3 }

    /// What is wrong with a task that has ended; `nil` for nothing.
    func problem(in task: A2ATask) -> String? {
        guard task.status.state == .completed else {
            return "task \(task.id) is \(task.status.state), \(task.status.message.text)"
        }
        let said = task.artifacts.first?.parts.map(\.text) ?? []
        guard said == self.numbers else { return "task \(task.id) says \(said), not \(self.numbers)" }
        let times = task.history.count { $0.messageID == self.message.messageID }
        return times == 1 ? nil : "task \(task.id) has its message \(times) times"
    }

    /// What is wrong with what one reader was given from the first event on; `nil` for nothing.
    func problem(in events: [StreamEvent]) -> String? {
        let generations = events.compactMap(\.generation)
        guard generations.count == events.count, let first = generations.first else {
            return "a stream has events without numbers: \(generations)"
        }
        guard generations == Array(first..<(first + Int64(events.count))), generations.last == self.events else {
            return "a stream has the events \(generations), not those up to \(self.events)"
        }
        var fold = TaskAccumulator()
        for (index, event) in events.enumerated() {
            if index > 0, case .task = event.response.payload {
                return "a stream has a snapshot at \(generations[index])"
            }
            fold.apply(event)
        }
        guard fold.state == .completed else { return "a stream ends as \(fold.state.map { "\($0)" } ?? "nothing")" }
        let said = fold.task?.artifacts.first?.parts.map(\.text) ?? []
        return said == self.numbers ? nil : "a stream says \(said), not \(self.numbers)"
    }
}
