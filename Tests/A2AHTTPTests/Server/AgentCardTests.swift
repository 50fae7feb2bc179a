import A2A
import A2AHTTP
import NIOHTTP1
import Testing

@Suite("The card over HTTP", .timeLimit(.minutes(1)))
struct AgentCardOverHTTPTests {
    @Test("is served with what caches need, and names the interfaces with the real port")
    func card() async throws {
        try await withTestAgent { base async throws in
            let answer = try await send(.GET, base + A2ARoutes.cardPath)
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "content-type") == "application/json")
            #expect(answer.headers.first(name: "cache-control") == "public, max-age=300")
            #expect(answer.headers.first(name: "etag")?.hasPrefix("\"") == true)
            #expect(answer.headers.first(name: "last-modified")?.hasSuffix(" GMT") == true)
            let interfaces = answer.json["supportedInterfaces"]?.array ?? []
            #expect(interfaces.map { $0["url"]?.string } == [base + "/", base + "/v1"])
            #expect(interfaces.map { $0["protocolBinding"]?.string } == ["JSONRPC", "HTTP+JSON"])
        }
    }

    @Test("answers 304 to who has it already, without a body")
    func notModified() async throws {
        try await withTestAgent { base async throws in
            let first = try await send(.GET, base + A2ARoutes.cardPath)
            let etag = try #require(first.headers.first(name: "etag"))
            let lastModified = try #require(first.headers.first(name: "last-modified"))
            for header in [
                ("If-None-Match", etag), ("If-None-Match", "W/\(etag)"), ("If-None-Match", "\"x\", \(etag)"),
                ("If-None-Match", "*"), ("If-Modified-Since", lastModified),
            ] {
                let answer = try await send(.GET, base + A2ARoutes.cardPath, headers: [header])
                #expect(answer.status == 304, "\(header)")
                #expect(answer.body.isEmpty)
                #expect(answer.headers.first(name: "etag") == etag)
            }
            for header in [
                ("If-None-Match", "\"other\""), ("If-Modified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"),
                ("If-Modified-Since", "yesterday"),
            ] {
                #expect(try await send(.GET, base + A2ARoutes.cardPath, headers: [header]).status == 200, "\(header)")
            }
        }
    }

    @Test("answers HEAD with the same fields and no body, and refuses other methods")
    func methods() async throws {
        try await withTestAgent { base async throws in
            let head = try await send(.HEAD, base + A2ARoutes.cardPath)
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.headers.first(name: "etag") != nil)
            let post = try await send(.POST, base + A2ARoutes.cardPath)
            #expect(post.status == 405)
            #expect(post.headers.first(name: "allow") == "GET, HEAD")
        }
    }

    @Test("the extended card is served with what the caches of one caller need")
    func extendedCard() async throws {
        try await withTestAgent { base async throws in
            let url = base + "/v1/extendedAgentCard"
            let first = try await send(.GET, url)
            #expect(first.status == 200)
            #expect(first.headers.first(name: "cache-control") == "private, max-age=300")
            #expect(first.headers.first(name: "vary") == "Authorization")
            let etag = try #require(first.headers.first(name: "etag"))
            let again = try await send(.GET, url, headers: [("If-None-Match", etag)])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            #expect(again.headers.first(name: "etag") == etag)
            #expect(try await send(.GET, url, headers: [("If-None-Match", "\"other\"")]).status == 200)
            let tasks = try await send(.GET, base + "/v1/tasks")
            #expect(tasks.headers.first(name: "etag") == nil)
        }
    }
}
