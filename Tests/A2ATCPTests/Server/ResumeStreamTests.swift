import A2AReferenceAgent
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("ResumeStream, frame by frame", .timeLimit(.minutes(1)))
struct ResumeStreamTests {
    /// Asks for what follows a cursor that leads nowhere.
    private func resume(
        _ task: String, _ cursor: String, on stream: inout UInt32, _ peer: inout FramePeer
    ) async throws -> TCPReset? {
        var call = TCPCall(.resumeStream, encoding: .json)
        call.parameters[TCPParameterName.resumeCursor] = cursor
        try await peer.send(.call(stream: stream, call), .message(stream, #"{"id":"\#(task)"}"#))
        defer { stream += 2 }
        return try await peer.reset(of: stream)
    }

    private func text(_ reset: TCPReset?) -> String { String(decoding: reset?.details ?? [], as: UTF8.self) }

    @Test("tells of a gap where the log is another one, or the number beyond it, and never begins with the task")
    func gaps() async throws {
        try await withTCPAgent { address in
            let service = try transport(address)
            let waiting = try await service.sendMessage(.text("form"), context: CallContext()).task.id
            let events = try await service.sendStreamingMessage(.text("stream a b"), context: CallContext()).all()
            let last = try #require(events.last)
            let (ended, number) = (try #require(last.response.taskID), try #require(last.generation))
            try await FramePeer.dial(address, settings: .calls(100)) { peer in
                var stream: UInt32 = 1
                let other = String(repeating: "0", count: 16)
                let first = try await self.resume(waiting, "\(other):1", on: &stream, &peer)
                #expect(first?.code == .resumeGap)
                let epoch = try #require(
                    self.text(first).firstMatch(of: /"epoch":"([0-9a-f]{16})"/).map { String($0.1) })
                #expect(epoch != other)
                for (task, cursor) in [
                    (waiting, "\(epoch):1000"), (waiting, "\(epoch):18446744073709551615"), (waiting, "\(other):2"),
                    (ended, "\(epoch):1000"), (ended, "\(other):\(number)"), (ended, "\(other):\(number - 1)"),
                ] {
                    let reset = try await self.resume(task, cursor, on: &stream, &peer)
                    #expect(reset?.code == .resumeGap, "\(cursor)")
                    #expect(self.text(reset).contains(#""epoch":"\#(epoch)""#), "\(cursor)")
                    #expect(self.text(reset).contains(#""lastSeq""#) == (task == waiting), "\(cursor)")
                    #expect(self.text(reset).contains(#""taskState""#), "\(cursor)")
                }
                for cursor in ["", "x", epoch, "\(epoch):", "\(epoch):x", ":1", "\(epoch):-1"] {
                    let reset = try await self.resume(waiting, cursor, on: &stream, &peer)
                    #expect(reset?.code == .invalidParams, "\(cursor)")
                }
            }
        }
    }
}
