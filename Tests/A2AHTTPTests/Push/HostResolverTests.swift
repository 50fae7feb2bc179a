import A2ATesting
import Dispatch
import Synchronization
import Testing

@testable import A2AHTTP

@Suite("Looking names up", .timeLimit(.minutes(1)))
struct HostResolverTests {
    /// A system that does not answer for names that begin with "slow" before it is told to.
    private final class Names: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        private let names = Mutex<[String]>([])

        var asked: [String] { self.names.withLock { $0 } }

        func ask(_ name: String) -> [String] {
            self.names.withLock { $0.append(name) }
            if name.hasPrefix("slow") { self.gate.wait() }
            return [name]
        }

        func open(_ count: Int) { for _ in 0..<count { self.gate.signal() } }
    }

    @Test(
        "names that are never answered take some of the threads, though nobody waits any more; known names have the others"
    )
    func unanswered() async throws {
        let names = Names()
        let questions = Questions(threads: 4, maxUnknown: 3, ask: names.ask)
        #expect(try await questions.addresses(of: "known") == ["known"])
        for index in 0..<3 {
            let task = Task { try await questions.addresses(of: "slow\(index)") }
            try await eventually { names.asked.count == index + 2 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        await #expect(throws: SystemHostResolver.Failure.self) { try await questions.addresses(of: "new") }
        #expect(try await questions.addresses(of: "Known") == ["known"])
        names.open(3)
        try await eventually { (try? await questions.addresses(of: "new")) == ["new"] }
    }

    @Test("who no longer waits for a name is not kept until it is answered")
    func forgotten() async throws {
        let names = Names()
        let questions = Questions(threads: 1, maxUnknown: 1, ask: names.ask)
        for index in 1...20 {
            let task = Task { try await questions.addresses(of: "slow") }
            // Those before it were forgotten when it came.
            try await eventually { questions.waiting(for: "slow") == 1 && names.asked.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self, "\(index)") { try await task.value }
        }
        names.open(1)
        try await eventually { questions.waiting(for: "slow") == 0 }
    }

    @Test("a name is asked for once at a time, and all who want it get the answer")
    func shared() async throws {
        let names = Names()
        let questions = Questions(threads: 4, maxUnknown: 3, ask: names.ask)
        try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<10 { group.addTask { try await questions.addresses(of: "slow") } }
            try await eventually { questions.waiting(for: "slow") == 10 }
            names.open(1)
            for try await addresses in group { #expect(addresses == ["slow"]) }
        }
        #expect(names.asked == ["slow"])
    }
}
