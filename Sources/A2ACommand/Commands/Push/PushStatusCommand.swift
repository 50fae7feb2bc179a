import A2A
import A2AHTTP
import A2ASQLite
import A2AServer
import ArgumentParser
import Foundation

/// Shows how push notifications fare: `a2a push status`.
struct PushStatusCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how an agent's push notifications fare: position, attempts, next try, breaker, dead letters.",
        discussion: """
            For those who operate the agent: over all callers, without URLs, tokens and credentials. It asks the agent on its \
            admin socket, which only the agent's user can open. With --store it finds that socket by itself, or reads the file \
            when no agent runs; circuit breakers are known to a running agent only.
            """
    )

    @OptionGroup var agent: AdminOptions
    @OptionGroup var keys: StoreKeyLookUp

    @Option(help: "Only configurations that are active, finished or dead (given up).")
    var state: String?

    @Option(name: .customLong("task-id"), help: "Only configurations of this task.")
    var taskID: String?

    @Option(name: .customLong("page-size"), help: "How many a page has, 1 to 1000.")
    var pageSize = 100

    @Option(name: .customLong("page-token"), help: "The page to show, as the page before it names it.")
    var pageToken: String?

    @Flag(help: "Go through all pages.")
    var all = false

    @OptionGroup var global: GlobalOptions

    /// The most configurations that --all collects.
    static let maxCollected = 10_000

    func run(_ tool: Tool) async throws {
        guard (1...1000).contains(self.pageSize) else { throw ToolError.usage("--page-size takes 1 to 1000.") }
        let state = try self.wantedState()
        let source = try await self.source(tool)
        var collected = PushNotificationStatusPage(statuses: [])
        var token = self.pageToken
        repeat {
            let page = try await source(state, self.pageSize, token)
            collected.statuses += page.statuses.filter { self.taskID == nil || $0.taskID == self.taskID }
            collected.next = page.next
            token = page.next
        } while (self.all || self.taskID != nil) && token != nil && collected.statuses.count < Self.maxCollected
        try self.report(collected, tool)
    }

    private typealias Source = (PushProgress.State?, Int, String?) async throws -> PushNotificationStatusPage

    private func wantedState() throws -> PushProgress.State? {
        guard let name = self.state else { return nil }
        guard let state = PushProgress.State(rawValue: name.lowercased()) else {
            throw ToolError.usage("--state is active, finished or dead, not '\(name)'.")
        }
        return state
    }

    private func source(_ tool: Tool) async throws -> Source {
        if let adminSocket = self.agent.adminSocket(tool) { return Self.ask(adminSocket, tool) }
        let file = try self.agent.file(tool)
        if let path = AdminSocket.path(beside: file.path) {
            let ask = Self.ask(path, tool)
            // No agent, or one that has no socket: the file knows most of it.
            if (try? await ask(nil, 1, nil)) != nil { return ask }
        }
        let keys = try self.keys.keys(file, tool)
        let database = try file.open()
        return { state, size, token in
            try await SQLitePushNotificationStore.status(
                in: database, keys: keys, state: state, pageSize: size, pageToken: token)
        }
    }

    private static func ask(_ path: String, _ tool: Tool) -> Source {
        let client = AdminClient(path: path)
        return { state, size, token in
            try await AdminOptions.asking {
                try await client.pushNotificationStatus(
                    state: state, pageSize: size, pageToken: token, timeout: tool.settings.timeout)
            }
        }
    }

    private func report(_ page: PushNotificationStatusPage, _ tool: Tool) throws {
        switch tool.settings.format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            tool.console.write(String(decoding: try encoder.encode(page), as: UTF8.self) + "\n")
        case .text:
            for status in page.statuses {
                tool.output.text { $0.status(status) }
                tool.console.write("\n")
            }
            if page.statuses.isEmpty { tool.console.note("There are no such push notification configurations.\n") }
            tool.output.text { $0.field("Next Page Token", page.next) }
        }
    }
}

extension TextBlocks {
    fileprivate mutating func status(_ status: PushNotificationStatus) {
        let progress = status.progress
        self.field("Task ID", status.taskID)
        self.field("Config ID", status.id)
        self.field("Tenant", status.scope.tenant)
        self.field("Principal", status.scope.principal)
        self.field("Destination", status.destination)
        self.field("State", progress.state == .dead ? "dead (given up)" : progress.state.rawValue)
        self.field("Position", "\(progress.delivered)" + (status.generation.map { " of \($0)" } ?? ""))
        self.field(
            "Notifications",
            "\(progress.notifications)"
                + (progress.snapshots > 0 ? ", \(progress.snapshots) of them the task itself" : ""))
        if progress.attempts > 0 {
            self.field(
                "Attempts", "\(progress.attempts)" + (progress.failingSince.map { ", failing since \($0.text)" } ?? ""))
        }
        self.field("Next Try", progress.nextAttempt?.text)
        self.field("Last Failure", progress.lastFailure)
        switch status.breaker {
        case .open(let until)?: self.field("Breaker", "open until \(until.text)")
        case .probing?: self.field("Breaker", "probing")
        case .closed?: self.field("Breaker", "closed")
        case nil: break
        }
    }
}

extension A2ATimestamp {
    fileprivate var text: String { self.date.formatted(.iso8601) }
}
