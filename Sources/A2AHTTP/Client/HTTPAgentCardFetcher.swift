import A2A
public import A2AClient
import AsyncHTTPClient
import FoundationEssentials
import HTTPTypes
import NIOHTTP1

/// Gets agents' cards over HTTP (§8.2).
public struct HTTPAgentCardFetcher: AgentCardFetcher {
    private let exchange: HTTPExchange

    package init(exchange: HTTPExchange) { self.exchange = exchange }

    public func fetch(
        _ url: String, validators: AgentCardValidators?, options: CallOptions
    ) async throws -> AgentCardAnswer {
        var context = CallContext(requestedExtensions: options.extensions, parameters: options.parameters)
        if let credentials = options.credentials {
            for field in try await credentials.fields(for: nil, card: nil) {
                context.parameters.fields[field.name] = field.value
            }
        }
        context.deadline = options.timeout.map { ContinuousClock.now.advanced(by: $0) }
        return try await self.fetch(url, validators: validators, context: context)
    }

    /// The card at the well-known path of the host of a URL.
    func card(ofHost url: String, context: CallContext) async throws -> A2AAgentCard {
        let url = HTTPFailure.origin(url) + AgentCardReference.wellKnownPath
        guard case .card(let bytes, _) = try await self.fetch(url, validators: nil, context: context) else {
            throw Self.failure(.invalidAgentResponse, "The server of \(url) did not send a card.", .invalid)
        }
        return try ModelJSON.decodeAnswer(A2AAgentCard.self, from: bytes[...])
    }

    private func fetch(
        _ url: String, validators: AgentCardValidators?, context: CallContext
    ) async throws -> AgentCardAnswer {
        var url = url
        var context = context
        for _ in 0...max(self.exchange.options.maxCardRedirects, 0) {
            var request = self.exchange.request(
                .GET, url, body: nil, contentType: "", accept: "application/json, application/a2a+json",
                context: context)
            if let tag = validators?.entityTag { request.headers.add(name: "If-None-Match", value: tag) }
            if let date = validators?.lastModified { request.headers.add(name: "If-Modified-Since", value: date) }
            let answer = try await self.exchange.call(
                request, deadline: context.deadline, maxBytes: self.exchange.options.maxCardBytes)
            switch answer.status {
            case 200: return .card(answer.body, Self.caching(answer.headers))
            case 304: return .notModified(Self.caching(answer.headers))
            case 301, 302, 303, 307, 308:
                guard let location = answer.headers.first(name: "Location"),
                    let next = URL(string: location, relativeTo: URL(string: url))?.absoluteURL,
                    ["http", "https"].contains(next.scheme?.lowercased() ?? "")
                else {
                    throw Self.failure(.invalidAgentResponse, "\(url) redirects to nowhere.", .notFound)
                }
                // What was meant for one host is not for another, nor for the same one without TLS.
                if HTTPFailure.origin(next.absoluteString) != HTTPFailure.origin(url) {
                    context.parameters = ServiceParameters()
                }
                url = next.absoluteString
            case 404, 410:
                throw Self.failure(.methodNotFound, "There is no agent card at \(url).", .notFound)
            default:
                let error = RESTError.decode(status: answer.status, body: answer.body)
                    .completed(status: answer.status, headers: answer.headers)
                throw A2AError(
                    error.code, "The agent card at \(url) cannot be had: \(error.message)", details: error.details,
                    challenge: error.challenge, cause: AgentCardFailure.notFound)
            }
        }
        throw Self.failure(.invalidAgentResponse, "The agent card at \(url) is behind too many redirects.", .notFound)
    }

    private static func caching(_ headers: HTTPHeaders) -> AgentCardCaching {
        let control = headers["Cache-Control"]
        return AgentCardCaching(
            validators: .init(
                entityTag: headers.first(name: "ETag"), lastModified: headers.first(name: "Last-Modified")),
            cacheControl: control.isEmpty ? nil : control.joined(separator: ","),
            age: headers.first(name: "Age")
        )
    }

    private static func failure(
        _ code: A2AError.Code, _ message: String, _ failure: AgentCardFailure
    ) -> A2AError {
        A2AError(code, message, cause: failure)
    }
}
