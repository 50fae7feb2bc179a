import A2A
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATesting
import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import TestSupport

/// Starts the reference agent, or another, on a free port.
func withTestAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    configuration: HTTPServerConfiguration = .ephemeral,
    runtime: RuntimeConfiguration = .init(),
    authenticator: (any Authenticator)? = nil,
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withTestAgent(
        agent, card: card, bindings: [.http(configuration)], runtime: runtime,
        middleware: authenticator.map { [AuthenticationMiddleware($0)] } ?? []
    ) { endpoints in try await body(endpoints[0].address) }
}

/// An answer over HTTP, read whole.
struct Answer {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    var text: String { String(decoding: self.body, as: UTF8.self) }
    var json: A2AValue { (try? A2AValue(jsonUTF8Bytes: self.body)) ?? .null }
    var errorCode: Int? { self.json["error"]?["code"]?.int }
}

/// Sends a request as given; the A2A version goes along unless `headers` say otherwise.
func send(
    _ method: HTTPMethod, _ url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
    version: String? = "1.0", client: HTTPClient = .shared
) async throws -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = method
    if let version { request.headers.add(name: "A2A-Version", value: version) }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(body) }
    // Servers of different tests may get the same port one after the other: no connection may outlive its request.
    if client === HTTPClient.shared { request.headers.add(name: "Connection", value: "close") }
    let response = try await client.execute(request, timeout: .seconds(30))
    let buffer = try await response.body.collect(upTo: 64 << 20)
    return Answer(status: Int(response.status.code), headers: response.headers, body: Array(buffer.readableBytesView))
}

/// Sends a JSON-RPC request.
func rpc(
    _ baseURL: String, _ method: String, _ params: String = "{}", id: String = "1",
    headers: [(String, String)] = [], version: String? = "1.0"
) async throws -> Answer {
    try await send(
        .POST, baseURL + "/", headers: [("Content-Type", "application/json")] + headers,
        body: Array("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"\(method)\",\"params\":\(params)}".utf8),
        version: version)
}

/// The parameters of a send, with a fresh message id.
func message(_ text: String, taskID: String? = nil, configuration: String = "{}") -> String {
    let task = taskID.map { ",\"taskId\":\"\($0)\"" } ?? ""
    return """
        {"message":{"messageId":"\(Identifier.make())","role":"ROLE_USER","parts":[{"text":"\(text)"}]\(task)},\
        "configuration":\(configuration)}
        """
}
