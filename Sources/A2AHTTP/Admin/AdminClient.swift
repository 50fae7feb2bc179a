import A2A
public import A2AServer
import AsyncHTTPClient
import Foundation
import NIOHTTP1

/// Asks a running agent what those who operate it may know, and tells it what to do (``AdminSocket``).
public struct AdminClient: Sendable {
    private let path: String

    /// The largest answer, in bytes.
    private static let maxBytes = 16 << 20

    /// - Parameter path: The agent's admin socket.
    public init(path: String) { self.path = path }

    /// How the agent's push notifications fare, over all callers.
    ///
    /// - Parameters: As for ``TaskRuntime/pushNotificationStatus(state:pageSize:pageToken:)``.
    /// - Throws: ``A2AError``: `.unavailable` if no agent listens there or it may not be asked, `.invalidParams` for an unknown
    ///   token.
    public func pushNotificationStatus(
        state: PushProgress.State? = nil, pageSize: Int = 100, pageToken: String? = nil,
        timeout: Duration = .seconds(30)
    ) async throws -> PushNotificationStatusPage {
        var query = URLComponents()
        query.queryItems =
            [URLQueryItem(name: "pageSize", value: "\(pageSize)")]
            + (state.map { [URLQueryItem(name: "state", value: $0.rawValue)] } ?? [])
            + (pageToken.map { [URLQueryItem(name: "pageToken", value: $0)] } ?? [])
        return try await self.ask(.GET, "/push", query, timeout)
    }

    /// Tries configurations that were given up again.
    ///
    /// - Returns: How many.
    /// - Throws: ``A2AError``: `.unavailable` if no agent listens there or it may not be asked.
    public func retryPushNotifications(
        _ selection: PushNotificationSelection, timeout: Duration = .seconds(30)
    ) async throws -> Int {
        try await self.change("/push/retry", selection, timeout)
    }

    /// Removes configurations that were given up.
    ///
    /// - Returns: How many.
    /// - Throws: ``A2AError``: `.unavailable` if no agent listens there or it may not be asked.
    public func dropPushNotifications(
        _ selection: PushNotificationSelection, timeout: Duration = .seconds(30)
    ) async throws -> Int {
        try await self.change("/push/drop", selection, timeout)
    }

    private func change(_ path: String, _ selection: PushNotificationSelection, _ timeout: Duration) async throws -> Int
    {
        var query = URLComponents()
        query.queryItems = [
            ("taskId", selection.taskID), ("configId", selection.id), ("destination", selection.destination),
        ].compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
        let answer: [String: Int] = try await self.ask(.POST, path, query, timeout)
        return answer["count"] ?? 0
    }

    private func ask<Answer: Decodable>(
        _ method: HTTPMethod, _ path: String, _ query: URLComponents, _ timeout: Duration
    ) async throws -> Answer {
        let answer = try await self.call(method, "\(path)?\(query.percentEncodedQuery ?? "")", timeout)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(answer))
        } catch {
            throw A2AError(.invalidAgentResponse, "What listens on \(self.path) is not an agent.", cause: error)
        }
    }

    private func call(_ method: HTTPMethod, _ uri: String, _ timeout: Duration) async throws -> [UInt8] {
        guard let url = URL(httpURLWithSocketPath: self.path, uri: uri) else {
            throw A2AError(.invalidParams, "'\(self.path)' cannot be the path of a socket.")
        }
        let exchange = HTTPExchange(connections: .shared, options: HTTPClientOptions())
        let request = exchange.request(
            method, url.absoluteString, body: nil, contentType: "", accept: "application/json", context: CallContext())
        let answer: HTTPExchange.Answer
        do {
            answer = try await exchange.call(request, deadline: .now + timeout, maxBytes: Self.maxBytes)
        } catch let error as A2AError where error.code == .unavailable {
            throw A2AError(.unavailable, "No agent listens on \(self.path), or it is another user's.", cause: error)
        }
        guard answer.isSuccess else { throw RESTError.decode(status: answer.status, body: answer.body) }
        return answer.body
    }
}
