import A2A
import A2AClient
import Testing

@Suite("Agent card reference")
struct AgentCardReferenceTests {
    @Test(
        "references as people write them",
        arguments: [
            ("http://127.0.0.1:9900", AgentCardReference.url("http://127.0.0.1:9900/.well-known/agent-card.json")),
            ("HTTPS://Example.com/", .url("https://Example.com/.well-known/agent-card.json")),
            ("example.com", .url("https://example.com/.well-known/agent-card.json")),
            ("localhost:9900", .url("http://localhost:9900/.well-known/agent-card.json")),
            ("127.0.0.1:1", .url("http://127.0.0.1:1/.well-known/agent-card.json")),
            ("[::1]:1", .url("http://[::1]:1/.well-known/agent-card.json")),
            ("https://example.com/a/card.json?x=1", .url("https://example.com/a/card.json?x=1")),
            ("https://example.com/agents/one", .url("https://example.com/agents/one")),
            ("example.com/agents/one", .url("https://example.com/agents/one")),
            ("file:///tmp/my%20card.json", .file("/tmp/my card.json")),
            ("file://localhost/tmp/c", .file("/tmp/c")),
            ("/etc/card", .file("/etc/card")),
            ("./card", .file("./card")),
            ("card.json", .file("card.json")),
            ("here", .file("here")),
            ("a2a+tcp://127.0.0.1:9902", .url("a2a+tcp://127.0.0.1:9902")),
            ("A2A+TLS://Example.com", .url("a2a+tls://Example.com")),
        ])
    func parses(_ text: String, _ expected: AgentCardReference) throws {
        #expect(try AgentCardReference(parsing: text, fileExists: { $0 == "here" }) == expected)
    }

    @Test(
        "nonsense is refused",
        arguments: [
            "", " ", "ftp://h/x", "http://", "file://x", "a b", "http:///x", "%\u{0}", "a2a+tcp://", "a2a+://h:1",
        ])
    func refuses(_ text: String) {
        let error = #expect(throws: A2AError.self) { try AgentCardReference(parsing: text) }
        #expect(error?.code == .invalidParams)
    }
}
