import A2A
import Foundation
import Hummingbird
import Synchronization

/// Serves the public card at its well-known path, with what caches need (§8.6).
final class AgentCardHandler: Sendable {
    /// How many tenants' cards are remembered; of more, the one that was asked for longest ago is rendered anew.
    private static let capacity = 64

    private struct Rendered {
        /// What was rendered; `nil` if it came as JSON.
        var card: A2AAgentCard?
        var body: [UInt8]
        var etag: String
        var lastModified: Date
        var lastUse: UInt64
    }

    private struct State {
        var byTenant: [String: Rendered] = [:]
        var uses: UInt64 = 0
    }

    private let service: any A2AService
    private let configuration: HTTPServerConfiguration
    private let rendered = Mutex(State())

    init(service: any A2AService, configuration: HTTPServerConfiguration) {
        self.service = service
        self.configuration = configuration
    }

    func respond(to request: Request, tenant: String = "") async -> Response {
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        do {
            let context = CallContext(tenant: tenant, parameters: ServiceParameters(request.headers))
            let rendered = try await self.rendered(context)
            let headers: HTTPFields = [
                .contentType: "application/json",
                .cacheControl: "public, max-age=\(self.configuration.cardMaxAge.components.seconds)",
                .eTag: rendered.etag,
                .lastModified: Self.httpDate(rendered.lastModified),
            ]
            if Self.isUnchanged(rendered.etag, rendered.lastModified, request.headers) {
                return Response(status: .notModified, headers: headers)
            }
            return Response(
                status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: rendered.body)))
        } catch {
            let error = A2AError(wrapping: error)
            return HTTPCall.response(
                HTTPResponse.Status(error), RESTError.encode(error), contentType: HTTPJSONHandler.contentType)
        }
    }

    /// The tenant in `/{tenant}/.well-known/agent-card.json`, or `nil` for any other path.
    static func tenant(ofCardAt path: String) -> String? {
        guard path.hasSuffix(A2ARoutes.cardPath) else { return nil }
        let segment = path.dropLast(A2ARoutes.cardPath.utf8.count).dropFirst()
        guard !segment.isEmpty, !segment.contains("/") else { return nil }
        return segment.removingPercentEncoding
    }

    /// The card in JSON; encoded again only when it has changed.
    private func rendered(_ context: CallContext) async throws -> Rendered {
        if let service = self.service as? any AgentCardDocuments {
            let body = try await service.agentCardJSON(context: context)
            return self.remembered(for: context.tenant, ifStill: { $0.body == body }, else: { (nil, body) })
        }
        let card = try await self.service.getAgentCard(context: context)
        return try self.remembered(
            for: context.tenant, ifStill: { $0.card == card }, else: { (card, try ModelJSON.encode(card)) })
    }

    private func remembered(
        for tenant: String, ifStill isCurrent: (Rendered) -> Bool, else render: () throws -> (A2AAgentCard?, [UInt8])
    ) rethrows -> Rendered {
        try self.rendered.withLock { state in
            state.uses += 1
            if let known = state.byTenant[tenant], isCurrent(known) {
                state.byTenant[tenant]?.lastUse = state.uses
                return known
            }
            let (card, body) = try render()
            let new = Rendered(
                card: card, body: body, etag: "\"\(Self.fingerprint(body))\"", lastModified: Date(),
                lastUse: state.uses)
            state.byTenant[tenant] = new
            if state.byTenant.count > Self.capacity,
                let oldest = state.byTenant.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.byTenant[oldest.key] = nil
            }
            return new
        }
    }

    /// Whether the client has this card already: If-None-Match decides, If-Modified-Since only without it (RFC 9110 §13.2.2).
    static func isUnchanged(_ etag: String, _ lastModified: Date, _ headers: HTTPFields) -> Bool {
        if let known = headers[.ifNoneMatch] {
            return known.split(separator: ",").map(\.trimmingSpaces).contains { candidate in
                candidate == "*" || candidate == etag || candidate == "W/" + etag
            }
        }
        guard let since = headers[.ifModifiedSince], let date = Self.parseHTTPDate(since) else { return false }
        return lastModified.timeIntervalSince1970.rounded(.down) <= date.timeIntervalSince1970
    }

    /// Adds what caches of one caller need to keep an extended card (§13.3).
    static func addCaching(_ body: [UInt8], _ configuration: HTTPServerConfiguration, to headers: inout HTTPFields) {
        headers[.cacheControl] = "private, max-age=\(configuration.cardMaxAge.components.seconds)"
        headers[.eTag] = "\"\(Self.fingerprint(body))\""
        headers[.vary] = "Authorization"
    }

    /// Whether the client has this extended card already.
    static func isUnchanged(_ etag: String?, _ headers: HTTPFields) -> Bool {
        guard let etag, headers[.ifNoneMatch] != nil else { return false }
        return Self.isUnchanged(etag, .distantFuture, headers)
    }

    /// FNV-1a with 64 bits: enough to tell one card from the next.
    private static func fingerprint(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    static func httpDate(_ date: Date) -> String { self.dateFormat().string(from: date) }

    static func parseHTTPDate(_ text: String) -> Date? { self.dateFormat().date(from: text) }

    private static func dateFormat() -> DateFormatter {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format
    }
}
