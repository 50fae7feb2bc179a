package import A2A
import A2AClient
package import AsyncHTTPClient
import HTTPTypes
import NIOCore
package import NIOHTTP1

/// Requests and answers over HTTP, below what the two bindings differ in.
package struct HTTPExchange: Sendable {
    package let connections: HTTPConnections
    package let options: HTTPClientOptions

    package init(connections: HTTPConnections, options: HTTPClientOptions) {
        self.connections = connections
        self.options = options
    }

    /// An answer whose body has been read.
    package struct Answer: Sendable {
        package var status: Int
        package var headers: HTTPHeaders
        package var body: [UInt8]

        package var isSuccess: Bool { (200..<300).contains(self.status) }

        /// The media type without its parameters, in lower case.
        package var contentType: String? { HTTPExchange.contentType(self.headers) }
    }

    /// Makes a request for a call: version, extensions, parameters and query are added.
    package func request(
        _ method: HTTPMethod, _ url: String, body: [UInt8]?, contentType: String, accept: String, context: CallContext
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: self.withQuery(url))
        request.method = method
        for field in context.parameters.fields where !Self.isOwn(field.name) {
            request.headers.add(name: field.name.rawName, value: field.value)
        }
        if let body {
            request.headers.replaceOrAdd(name: "Content-Type", value: contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        request.headers.replaceOrAdd(name: "Accept", value: accept)
        request.headers.replaceOrAdd(name: ServiceParameters.Name.version, value: context.version.description)
        if !context.requestedExtensions.isEmpty {
            request.headers.replaceOrAdd(
                name: ServiceParameters.Name.extensions, value: context.requestedExtensions.joined(separator: ","))
        }
        if !request.headers.contains(name: "User-Agent") {
            request.headers.add(name: "User-Agent", value: self.options.userAgent)
        }
        return request
    }

    /// Sends a request and reads the answer.
    ///
    /// - Throws: ``A2AError``: `.unavailable` with a `TransportFailure`, `.deadlineExceeded`, `.canceled`, or
    ///   `.invalidAgentResponse` for an answer that is too large.
    package func call(
        _ request: HTTPClientRequest, deadline: ContinuousClock.Instant?, maxBytes: Int? = nil
    ) async throws -> Answer {
        let limit = maxBytes ?? self.options.maxResponseBytes
        return try await withDeadline(deadline) {
            let response = try await self.execute(request)
            return try await Self.collect(response, limit: limit)
        }
    }

    /// Sends a request and returns as soon as the answer begins.
    package func open(
        _ request: HTTPClientRequest, deadline: ContinuousClock.Instant?
    ) async throws -> HTTPClientResponse {
        let silence = self.options.silenceLimit
        return try await withDeadline(deadline) {
            try await race(
                { try await self.execute(request) },
                against: { try await Task.sleep(for: silence, clock: .continuous) },
                otherwise: { Self.silent(silence) }
            )
        }
    }

    private func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        do {
            return try await self.connections.execute(request)
        } catch {
            throw HTTPFailure.error(error, url: request.url, hasAnswer: false)
        }
    }

    /// Reads what is left of an answer.
    package static func collect(_ response: HTTPClientResponse, limit: Int) async throws -> Answer {
        do {
            let body = try await response.body.collect(upTo: limit)
            return Answer(
                status: Int(response.status.code), headers: response.headers, body: [UInt8](buffer: body))
        } catch is NIOTooManyBytesError {
            throw A2AError(.invalidAgentResponse, "The agent's answer is larger than \(limit) bytes.")
        } catch {
            throw HTTPFailure.error(error, url: nil, hasAnswer: true)
        }
    }

    package static func silent(_ limit: Duration) -> A2AError {
        .unreachable("Nothing came from the agent for \(limit).", mayHaveBeenSent: true)
    }

    /// The media type of an answer without its parameters, in lower case.
    package static func contentType(_ headers: HTTPHeaders) -> String? {
        headers.first(name: "Content-Type")
            .flatMap { $0.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).first }
            .map { $0.trimmingSpaces.lowercased() }
    }

    /// Fields that belong to the connection or the body, which no parameter may set.
    private static func isOwn(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName {
        case "host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "te", "upgrade",
            "trailer":
            true
        default: false
        }
    }

    private func withQuery(_ url: String) -> String {
        guard !self.options.queryParameters.isEmpty else { return url }
        let pairs = self.options.queryParameters.map { name, value in
            "\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value))"
        }
        return url + (url.contains("?") ? "&" : "?") + pairs.joined(separator: "&")
    }
}
