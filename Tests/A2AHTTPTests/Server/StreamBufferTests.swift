import Testing

@testable import A2AHTTP

@Suite("The buffer between a stream and its reader", .timeLimit(.minutes(1)))
struct StreamBufferTests {
    @Test("who adds is told that the reader has gone, and makes no more")
    func readerGone() async throws {
        let buffer = StreamBuffer(highWatermark: 4)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await buffer.take() }
            group.cancelAll()
        }
        await #expect(throws: CancellationError.self) { try await buffer.append([1]) }
    }

    @Test("who is cancelled adds no more, even where there is room")
    func writerCancelled() async throws {
        let buffer = StreamBuffer(highWatermark: 4)
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask {
                await #expect(throws: CancellationError.self) { try await buffer.append([1]) }
            }
        }
    }

    @Test("the last word is said without waiting for room, and nothing follows it")
    func finish() async throws {
        let buffer = StreamBuffer(highWatermark: 2)
        try await buffer.append([1, 2])
        buffer.finish([3])
        buffer.finish([4])
        await #expect(throws: CancellationError.self) { try await buffer.append([5]) }
        #expect(await buffer.take() == [1, 2, 3])
        #expect(await buffer.take() == nil)
    }
}
