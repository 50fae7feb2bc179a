import A2A
import A2ATCP
import TestSupport
import Testing

@Suite("Errors in the middle of a stream over TCP", .timeLimit(.minutes(1)))
struct LateErrorTests {
    private static let count = 24

    /// Events that are more together than a reader has credit for, and then an error.
    private let service = StubService(onStream: { _, _ in
        let text = String(repeating: "x", count: 20_000)
        let events = Rest(
            (1...Int64(Self.count)).map { number in
                StreamEvent(
                    .statusUpdate(
                        A2ATaskStatusUpdateEvent(
                            taskID: "t", contextID: "c", status: A2ATaskStatus(.working, message: .agent(text)))),
                    generation: number)
            })
        return EventStream {
            ClosureSource {
                guard let event = events.next() else { throw A2AError(.resourceExhausted, "Enough.") }
                return event
            }
        }
    })

    @Test("come after the events that were sent before, however slow the reader is", arguments: [0, 20])
    func order(_ callsBetween: Int) async throws {
        var options = TCPClientOptions()
        options.streamCreditBytes = 65_536
        try await withTCPService(self.service) { address in
            let service = try transport(address, options: options)
            var events = try await service.sendStreamingMessage(.text("x"), context: CallContext()).makeAsyncIterator()
            var numbers: [Int64?] = []
            let error = await #expect(throws: A2AError.self) {
                while let event = try await events.next() {
                    numbers.append(event.generation)
                    // Time that is not guessed: other calls go to and fro meanwhile.
                    for _ in 0..<callsBetween {
                        _ = try? await service.getTask(A2AGetTaskRequest(), context: CallContext())
                    }
                }
            }
            #expect(numbers == (1...Int64(Self.count)).map { $0 })
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == "Enough.")
        }
    }

    @Test("end the stream of a reader who leaves before they come", arguments: [1, 3])
    func leaving(_ count: Int) async throws {
        try await withTCPService(self.service) { address in
            var options = TCPClientOptions()
            options.streamCreditBytes = 65_536
            let service = try transport(address, options: options)
            for _ in 0..<20 {
                var seen = 0
                for try await _ in try await service.sendStreamingMessage(.text("x"), context: CallContext()) {
                    seen += 1
                    if seen == count { break }
                }
            }
            // The connection still serves.
            let error = await #expect(throws: A2AError.self) {
                try await service.getTask(A2AGetTaskRequest(), context: CallContext())
            }
            #expect(error?.code == .unsupportedOperation)
        }
    }
}
