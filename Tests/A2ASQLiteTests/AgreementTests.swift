import A2A
import A2AServer
import A2ATesting
import Foundation
import Testing

@testable import A2ASQLite

/// The same random operations on the store in memory and on one in a file, which is closed and opened again in between.
@Suite("Agreement with the store in memory", .timeLimit(.minutes(1)))
struct AgreementTests {
    @Test("random operations have the same answers", arguments: 0..<4)
    func agreement(run: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        try await withFolder { folder in
            let clock = ManualWallClock()
            var retention = TaskRetention.durable
            retention.tasks = 25
            retention.eventsPerTask = 12
            retention.age = .seconds(60)
            var options = SQLiteDatabase.Options()
            options.cacheBytes = [0, 20_000, 1 << 20].randomElement(using: &random) ?? 0
            let memory = MemoryTaskStore(retention: retention, wallClock: { clock.now })
            var file = try makeStore(in: folder, retention: retention, options: options, clock: clock)
            for step in 0..<400 {
                clock.advance(milliseconds: Int64.random(in: 0...50, using: &random))
                if Int.random(in: 0..<60, using: &random) == 0 {
                    await file.database.close()
                    file = try makeStore(in: folder, retention: retention, options: options, clock: clock)
                }
                if Int.random(in: 0..<40, using: &random) == 0 { clock.advance(milliseconds: 20_000) }
                let operation = Operation(&random)
                let expected = try await operation.answer(of: memory)
                let found = try await operation.answer(of: file)
                guard expected == found else {
                    Issue.record("step \(step), seed \(seed): \(operation)\n memory: \(expected)\n file: \(found)")
                    return
                }
            }
            let problems = try await file.database.check()
            #expect(problems == [], "seed \(seed)")
        }
    }
}

/// Something that can be asked of a store.
private enum Operation {
    case create(A2ATask, [TaskChange], Scope)
    case append([TaskChange], String, Scope, generation: Int64?, fence: Int64?, begins: Bool)
    case snapshot(String, Scope, Int?)
    case events(String, Scope, Int64, Int)
    case list(TaskQuery, Scope)
    case expire

    init(_ random: inout SeededGenerator) {
        let id = "task-\(Int.random(in: 0..<40, using: &random))"
        let scope = Scope(tenant: "t", principal: ["alice", "bob"].randomElement(using: &random) ?? "")
        let context = "context-\(Int.random(in: 0..<4, using: &random))"
        func changes(_ random: inout SeededGenerator, _ range: ClosedRange<Int>) -> [TaskChange] {
            (0..<Int.random(in: range, using: &random)).map { _ in Self.change(&random) }
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2: self = .create(.sample(id, context: context), changes(&random, 0...3), scope)
        case 3...6:
            self = .append(
                changes(&random, 1...3), id, scope,
                generation: Int.random(in: 0..<6, using: &random) == 0 ? .random(in: 1...9, using: &random) : nil,
                fence: Int.random(in: 0..<6, using: &random) == 0 ? .random(in: 1...3, using: &random) : nil,
                begins: Int.random(in: 0..<5, using: &random) == 0)
        case 7: self = .snapshot(id, scope, [nil, 0, 1, 2].randomElement(using: &random) ?? nil)
        case 8: self = .events(id, scope, .random(in: 0...20, using: &random), .random(in: 1...9, using: &random))
        case 9, 10:
            self = .list(
                TaskQuery(
                    contextID: Bool.random(using: &random) ? context : nil,
                    state: Bool.random(using: &random) ? Self.states.randomElement(using: &random) : nil,
                    pageSize: .random(in: 1...30, using: &random),
                    historyLength: Bool.random(using: &random) ? 1 : nil,
                    includeArtifacts: .random(using: &random)), scope)
        default: self = .expire
        }
    }

    private static let states: [A2ATaskState] = [.submitted, .working, .inputRequired, .completed, .failed]

    private static func change(_ random: inout SeededGenerator) -> TaskChange {
        let id = ["x", "y"].randomElement(using: &random) ?? "x"
        let artifact = A2AArtifact(
            parts: [.text("\(Int.random(in: 0..<1000, using: &random))")], artifactID: id, name: id)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return TaskChange(.artifact(artifact, lastChunk: .random(using: &random)), metadata: ["a": 1])
        case 1...4: return TaskChange(.chunk(artifact, lastChunk: .random(using: &random)))
        case 5: return TaskChange(.status(A2ATaskStatus(.working)), received: .user("More.", taskID: "x"))
        case 6: return TaskChange(.status(A2ATaskStatus(.working, message: .agent("At it."))))
        default:
            return TaskChange(.status(A2ATaskStatus(Self.states.randomElement(using: &random) ?? .working)))
        }
    }

    func answer(of store: some TaskStore) async throws -> String {
        do {
            switch self {
            case .create(let task, let changes, let scope):
                let created = try await store.create(task, then: changes, in: scope)
                return "\(created)"
            case .append(let changes, let id, let scope, let generation, let fence, let begins):
                let condition = AppendCondition(generation: generation, fence: fence, beginsTurn: begins)
                return "\(try await store.append(changes, to: id, in: scope, condition: condition))"
            case .snapshot(let id, let scope, let length):
                guard let found = try await store.snapshot(of: id, in: scope, historyLength: length) else { return "-" }
                return "\(found.generation) \(found.task.textFormatString())"
            case .events(let id, let scope, let generation, let limit):
                switch try await store.events(of: id, in: scope, after: generation, limit: limit) {
                case .events(let events):
                    return events.map { "\($0.generation) \($0.update.textFormatString())" }.joined(separator: "\n")
                case .gap(let oldest): return "gap \(oldest)"
                }
            case .list(let query, let scope):
                let page = try await store.list(query, in: scope)
                let tasks = page.tasks.map { $0.textFormatString() }.joined(separator: "\n")
                return "\(page.total) \(page.next ?? "-") \(tasks)"
            case .expire:
                try await store.removeExpired()
                return "done"
            }
        } catch let conflict as TaskConflict {
            return "\(conflict)"
        } catch let error as A2AError {
            return "\(error)"
        }
    }
}
