import A2A
import A2AHTTP
import A2AServer
import A2ATesting
import NIOHTTP1
import Synchronization
import Testing

@Suite("Clients that do not behave", .timeLimit(.minutes(1)))
struct HostileClientTests {
    @Test("half a request and silence ends with a closed connection")
    func halfRequest() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.idleTimeout = .milliseconds(100)
        try await withTestAgent(configuration: configuration) { base async throws in
            for half in ["POST / HTTP/1.1\r\nHost:", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", ""] {
                try await RawConnection.with(base) { exchange in
                    // On a slow machine the connection may be closed already.
                    try? await exchange.send(half)
                    _ = await exchange.readToEnd()
                }
            }
            #expect(try await rpc(base, "ListTasks").status == 200)
        }
    }

    @Test("what is not HTTP is refused")
    func notHTTP() async throws {
        try await withTestAgent { base async throws in
            try await RawConnection.with(base) { exchange in
                try await exchange.send(bytes: [0x16, 0x03, 0x01, 0x00, 0xFF, 0x0D, 0x0A, 0x0D, 0x0A])
                let answer = await exchange.readToEnd()
                #expect(answer.isEmpty || String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 400"))
            }
            #expect(try await rpc(base, "ListTasks").status == 200)
        }
    }

    @Test("a client that never reads loses its connection; the agent does not wait for it")
    func neverReads() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.stalledReaderTimeout = .milliseconds(100)
        configuration.streamBufferBytes = 4096
        let (finished, finish) = AsyncStream<Void>.makeStream()
        let agent = ClosureAgent { turn in
            let text = String(repeating: "x", count: 100_000)
            for _ in 0..<200 { try await turn.append(.text(text), toArtifact: "large") }
            finish.finish()
        }
        try await withTestAgent(agent, card: .testCard(), configuration: configuration) { base async throws in
            try await RawConnection.with(base, receiveBuffer: 2048) { exchange in
                let body = message("go")
                try await exchange.send(
                    """
                    POST /v1/message:stream HTTP/1.1\r\nHost: x\r\nA2A-Version: 1.0\r\n\
                    Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                    """)
                // Twenty megabytes are written although nobody reads one.
                for await _ in finished {}
                // What comes after the pause is cut off: the server has closed the connection.
                while try await rpc(base, "ListTasks").json["result"]?["tasks"]?[0]?["status"]?["state"]?.string
                    != "TASK_STATE_COMPLETED"
                {}
            }
        }
    }

    @Test("a thousand connections that come and go at once leave a server that answers")
    func comeAndGo() async throws {
        try await withTestAgent { base async throws in
            for _ in 0..<10 {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            try? await RawConnection.with(base) { try await $0.send("GET /v1/tasks HTTP/1.1\r\n") }
                        }
                    }
                }
            }
            #expect(try await rpc(base, "ListTasks").status == 200)
        }
    }
}
