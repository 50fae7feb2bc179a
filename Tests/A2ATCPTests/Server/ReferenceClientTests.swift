import A2ATesting
import Foundation
import TestSupport
import Testing

/// The client that was written from the specification, in another language, against this server.
@Suite("The reference client in Python", .timeLimit(.minutes(1)))
struct ReferenceClientTests {
    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("spec/bindings/tcp_reference.py").path

    /// Runs the script in a thread of its own and gives its output.
    private static func run(_ arguments: [String]) async throws -> (output: [String], errors: String) {
        try await withCheckedThrowingContinuation { continuation in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", Self.script] + arguments
            let (output, errors) = (Pipe(), Pipe())
            process.standardOutput = output
            process.standardError = errors
            DispatchQueue.global().async {
                do {
                    try process.run()
                    // The output of these calls fits into the pipes.
                    process.waitUntilExit()
                    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    let problems = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    continuation.resume(returning: (text.split(separator: "\n").map(String.init), problems))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    private static func request(_ text: String) -> String {
        #"{"message":{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"\#(text)"}]}}"#
    }

    @Test("calls")
    func calls() async throws {
        try await withTCPAgent { address in
            let place = "127.0.0.1:\(port(address))"
            let (output, errors) = try await Self.run(["call", place, "SendMessage", Self.request("Hello")])
            #expect(errors.isEmpty)
            #expect(output.count == 1)
            #expect(output.first?.contains("Hello") == true)
            let (_, refusal) = try await Self.run(["call", place, "GetTask", #"{"id":"none"}"#])
            #expect(refusal.contains("RESET 0101"))
            #expect(refusal.contains("TASK_NOT_FOUND"))
        }
    }

    @Test("reads a stream, and takes it up after a cut", arguments: [false, true])
    func streams(_ isCut: Bool) async throws {
        try await withTCPAgent { address in
            let place = "127.0.0.1:\(port(address))"
            let (output, errors) = try await Self.run(
                ["stream", place, "SendStreamingMessage", Self.request("stream a b c")] + (isCut ? ["--resume"] : []))
            #expect(errors.contains("RESET") == false, "\(errors)")
            #expect(errors.contains("cut") == isCut)
            #expect(output.first?.contains("\"task\"") == true)
            #expect(output.last?.contains("TASK_STATE_COMPLETED") == true)
            for word in ["a", "b", "c"] {
                #expect(output.filter { $0.contains("\"text\":\"\(word)") }.count <= 1)
            }
        }
    }
}
