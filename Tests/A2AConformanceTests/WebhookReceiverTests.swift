import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

@testable import A2AConformance

/// The receiver of push notifications keeps what comes, and fails as often as it is told to.
@Suite("Receiver of push notifications")
struct WebhookReceiverTests {
    private static func post(_ url: String, _ body: String) async throws -> UInt {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/a2a+json")
        request.body = .bytes(ByteBuffer(string: body))
        return try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status.code
    }

    @Test("requests are kept with method, path, header and body")
    func keeps() async throws {
        let requests = try await WebhookReceiver.run { receiver in
            _ = try? await Self.post(receiver.url + "/a", #"{"task": {"id": "t"}}"#)
            _ = try? await Self.post(receiver.url + "/b", "not JSON")
            return receiver.requests
        }
        #expect(requests.elements?.count == 2)
        #expect(requests[0]?["method"] == "POST")
        #expect(requests[0]?["path"] == "/hook/a")
        #expect(requests[0]?["headers"]?["content-type"] == "application/a2a+json")
        #expect(requests[0]?["body"]?["task"]?["id"] == "t")
        #expect(requests[1]?["body"] == "not JSON")
    }

    @Test("a URL with fail=N is answered with 503 until there were N requests")
    func fails() async throws {
        let (statuses, requests) = try await WebhookReceiver.run { receiver in
            var statuses: [UInt?] = []
            for _ in 0..<3 { statuses.append(try? await Self.post(receiver.url + "?fail=2", "{}")) }
            statuses.append(try? await Self.post(receiver.url, "{}"))
            return (statuses, receiver.requests)
        }
        #expect(statuses == [503, 503, 200, 200])
        #expect(requests.elements?.map { $0["attempt"] } == [1, 2, 3, 1])
    }
}
