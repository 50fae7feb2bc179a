import Synchronization
import Testing

@testable import A2AServer

@Suite("Worker queue", .timeLimit(.minutes(1)))
struct WorkerQueueTests {
    /// Workers that do jobs, and others that are started where none waits.
    private func withWorkers(
        _ queue: WorkerQueue<Int>, started count: Int, do job: @escaping @Sendable (Int) async -> Void,
        _ body: (_ start: @escaping @Sendable (Int) -> Void) async -> Void
    ) async {
        let (toStart, input) = AsyncStream<Int>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            @Sendable func work(_ first: Int?) async {
                if let first { await job(first) }
                while let next = await queue.next(startOthers: { for other in $0 { input.yield(other) } }) {
                    await job(next)
                }
            }
            for _ in 0..<count { group.addTask { await work(nil) } }
            group.addTask {
                await withTaskGroup(of: Void.self) { others in
                    for await first in toStart { others.addTask { await work(first) } }
                }
            }
            await body { input.yield($0) }
            queue.close()
            input.finish()
        }
    }

    @Test("a job without a worker is not taken")
    func nobody() {
        #expect(!WorkerQueue<Int>(maxIdle: 1).add([1]))
    }

    @Test("every job is done once, in bursts, by workers that were there and others", arguments: [0, 1, 3])
    func bursts(workers: Int) async {
        let queue = WorkerQueue<Int>(maxIdle: 4)
        let done = Mutex<[Int]>([])
        let (signals, signal) = AsyncStream<Void>.makeStream()
        await self.withWorkers(
            queue, started: workers,
            do: { number in
                if done.withLock({ done in
                    done.append(number)
                    return done.count == 1_000
                }) {
                    signal.yield()
                }
            }
        ) { start in
            for burst in 0..<100 {
                let jobs = Array(burst * 10..<burst * 10 + 10)
                if !queue.add(jobs) { for job in jobs { start(job) } }
                await Task.yield()
            }
            for await _ in signals { break }
        }
        #expect(done.withLock { $0.sorted() } == Array(0..<1_000))
    }

    @Test("a job that never ends holds up none of those that came with it")
    func progress() async {
        let queue = WorkerQueue<Int>(maxIdle: 4)
        let (ends, end) = AsyncStream<Void>.makeStream()
        let (others, other) = AsyncStream<Int>.makeStream()
        await self.withWorkers(
            queue, started: 1,
            do: { number in
                // The first ends when all the others have: were they behind it, nobody would ever end.
                if number == 0 {
                    for await _ in ends { break }
                } else {
                    other.yield(number)
                }
            }
        ) { start in
            let jobs = Array(0..<5)
            if !queue.add(jobs) { for job in jobs { start(job) } }
            var seen: [Int] = []
            for await number in others {
                seen.append(number)
                if seen.count == 4 { break }
            }
            #expect(seen.sorted() == [1, 2, 3, 4])
            end.yield()
        }
    }

    @Test("workers beyond the limit, and those of a closed queue, are sent away")
    func sentAway() async {
        let queue = WorkerQueue<Int>(maxIdle: 0)
        #expect(await queue.next(startOthers: { _ in }) == nil)
        let closed = WorkerQueue<Int>(maxIdle: 1)
        closed.close()
        #expect(await closed.next(startOthers: { _ in }) == nil)
    }
}
