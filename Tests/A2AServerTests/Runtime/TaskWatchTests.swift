import A2A
import Testing

@testable import A2AServer

@Suite("Watching a task", .timeLimit(.minutes(1)))
struct TaskWatchTests {
    private let watches = TaskWatches()

    private func advance(_ generation: Int64, _ state: A2ATaskState) {
        for reader in self.watches.advance("t", Appended(generation: generation, state: state, fence: 1)) {
            reader.resume()
        }
    }

    @Test("a milestone that is reached already is not waited for")
    func reached() async throws {
        let handle = self.watches.watch("t")
        self.advance(3, .inputRequired)
        self.advance(2, .working)
        try await handle.watch.wait(for: .event, after: 2)
        try await handle.watch.wait(for: .settled, after: 2)
        self.advance(4, .completed)
        try await handle.watch.wait(for: .end, after: 99)
    }

    @Test("everybody who waits is woken by what he waits for", arguments: 0..<20)
    func waking(round: Int) async throws {
        let handle = self.watches.watch("t")
        let notes = Notes<String>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, milestone) in [("event", TaskWatch.Milestone.event), ("settled", .settled), ("end", .end)] {
                for _ in 0..<5 {
                    group.addTask {
                        try await handle.watch.wait(for: milestone, after: 1)
                        notes.add(name)
                    }
                }
            }
            self.advance(2, .working)
            try await eventually { notes.count == 5 }
            #expect(Set(notes.all) == ["event"])
            self.advance(3, .authRequired)
            try await eventually { notes.count == 10 }
            #expect(Set(notes.all) == ["event", "settled"])
            self.advance(4, .failed)
            try await group.waitForAll()
        }
    }

    @Test("a reader that is cancelled stops waiting, whenever that happens", arguments: 0..<50)
    func cancellation(round: Int) async throws {
        let handle = self.watches.watch("t")
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await handle.watch.wait(for: .event, after: 1)
                }
            }
            for _ in 0..<(round % 5) { await Task.yield() }
            group.cancelAll()
        }
    }

    @Test("readers are sent away when the agent closes, those who come later too")
    func closing() async throws {
        let handle = self.watches.watch("t")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await expectError(.unavailable) { try await handle.watch.wait(for: .event, after: 1) } }
            await Task.yield()
            self.watches.close()
        }
        await expectError(.unavailable) { try await handle.watch.wait(for: .event, after: 1) }
        await expectError(.unavailable) { try await self.watches.watch("new").watch.wait(for: .event, after: 1) }
        self.advance(2, .working)
        try await handle.watch.wait(for: .event, after: 1)
    }

    @Test("a watch lives as long as somebody holds it")
    func lifetime() {
        do {
            let one = self.watches.watch("t")
            do {
                let two = self.watches.watch("t")
                #expect(one.watch === two.watch)
            }
            #expect(self.watches.count == 1)
            _ = one
        }
        #expect(self.watches.count == 0)
        let again = self.watches.watch("t")
        #expect(self.watches.count == 1)
        withExtendedLifetime(again) {}
    }
}
