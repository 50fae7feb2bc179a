import A2A
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATesting
import AsyncHTTPClient
import Foundation
import Hummingbird
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

extension HTTPClient.Configuration {
    /// Does not try a connection again that failed.
    fileprivate static var impatient: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}

@Suite("HTTP versions, TLS, mounting", .timeLimit(.minutes(1)))
struct TransportTests {
    @Test("TLS serves HTTP/2 and HTTP/1.1, as the client chooses", arguments: [true, false])
    func tls(http2: Bool) async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"))
        var client = HTTPClient.Configuration()
        var trust = TLSConfiguration.makeClientConfiguration()
        trust.trustRoots = .file(certificate("ca.pem"))
        client.tlsConfiguration = trust
        client.httpVersion = http2 ? .automatic : .http1Only
        let httpClient = HTTPClient(configuration: client)
        do {
            try await withTestAgent(configuration: configuration) { base async throws in
                #expect(base.hasPrefix("https://"))
                var request = HTTPClientRequest(url: base + "/v1/tasks")
                request.headers.add(name: "A2A-Version", value: "1.0")
                let response = try await httpClient.execute(request, timeout: .seconds(20))
                #expect(response.status == .ok)
                #expect(response.version == (http2 ? .http2 : .http1_1))

                let streamed = try await send(
                    .POST, base + "/v1/message:stream", headers: [("Content-Type", "application/json")],
                    body: Array(message("tck-stream-chunked").utf8), client: httpClient)
                #expect(streamed.text.contains("chunk 3"))
                // Without its trust root the certificate is refused.
                _ = try await HTTPClient.withHTTPClient(configuration: .impatient) { stranger in
                    await #expect(throws: (any Error).self) {
                        try await send(.GET, base + "/v1/tasks", client: stranger)
                    }
                }
            }
        } catch {
            try? await httpClient.shutdown()
            throw error
        }
        try await httpClient.shutdown()
    }

    @Test("a certificate that is not there is an error at the start, not a server without TLS")
    func missingCertificate() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.tls = .init(certificateChain: "/nowhere.pem", privateKey: "/nowhere.pem")
        let error = await #expect(throws: A2AError.self) {
            try await withTestAgent(configuration: configuration) { _ in }
        }
        #expect(error?.message.contains("'/nowhere.pem' is not there or has no certificate in PEM") == true)
    }

    @Test("with prior knowledge, HTTP/2 needs no TLS")
    func priorKnowledge() async throws {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.isHTTP2PriorKnowledge = true
        try await withTestAgent(configuration: configuration) { base async throws in
            try await RawConnection.with(base) { exchange in
                // The client's preface and empty SETTINGS; the server's first frame is SETTINGS (type 4) too.
                try await exchange.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                try await exchange.send(bytes: [0, 0, 0, 4, 0, 0, 0, 0, 0])
                let first = try #require(try await exchange.iterator.next(isolation: #isolation))
                #expect(Array(first.readableBytesView).dropFirst(3).first == 4)
            }
        }
    }

    @Test("the routes live beside an application's own")
    func mounting() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.jsonRPCPath = "/agent/rpc"
        configuration.httpJSONPath = "/agent/rest"
        try await withRuntime(ReferenceAgent(), card: ReferenceAgent.card()) { runtime in
            let router = Router()
            router.get("hello") { _, _ in "Hello" }
            A2ARoutes(service: runtime, configuration: configuration).add(to: router)
            let (ports, input) = AsyncStream<Int>.makeStream()
            let application = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { channel in
                    input.yield(channel.localAddress?.port ?? 0)
                    input.finish()
                }, logger: .silent)
            try await withService(application) { () async throws in
                var base = ""
                for await port in ports { base = "http://127.0.0.1:\(port)" }
                #expect(try await send(.GET, base + "/hello").text == "Hello")
                #expect(try await send(.GET, base + "/agent/rest/tasks").status == 200)
                #expect(try await send(.GET, base + "/.well-known/agent-card.json").status == 200)
                #expect(try await send(.POST, base + "/agent/rpc", body: Array("{}".utf8)).errorCode == -32600)
                #expect(try await send(.GET, base + "/v1/tasks").status == 404)
            }
        }
    }

    @Test("a port that is taken is an error at the start")
    func portTaken() async throws {
        try await withTestAgent { base async throws in
            var configuration = HTTPServerConfiguration.ephemeral
            configuration.port = Int(base.split(separator: ":").last ?? "") ?? 0
            let error = await #expect(throws: A2AError.self) {
                try await withTestAgent(configuration: configuration) { _ in }
            }
            let words = "The HTTP server cannot listen on 127.0.0.1:\(configuration.port): "
            #expect(error?.message.hasPrefix(words) == true, "\(String(describing: error))")
        }
    }
}
