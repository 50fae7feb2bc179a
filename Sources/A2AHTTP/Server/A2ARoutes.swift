public import A2A
import HTTPTypes
public import Hummingbird
import NIOCore

/// The routes of an agent, to be added to a Hummingbird router beside an application's own.
///
/// ```swift
/// let router = Router()
/// router.get("hello") { _, _ in "Hello" }
/// A2ARoutes(service: runtime).add(to: router)
/// ```
///
/// The runtime behind the service must run too: `ServiceGroup(services: [application, runtime], …)`. In this order the runtime
/// ends first, and with it the turns that open streams wait for.
public struct A2ARoutes: Sendable {
    /// Where the public card is found (§8.2).
    public static let cardPath = "/.well-known/agent-card.json"

    /// Where a hub's list of agents is found, if it has one for everybody.
    public static let directoryPath = "/agents"

    /// Where the keys are found with which the agent signs.
    public static let jwksPath = "/.well-known/jwks.json"

    private let configuration: HTTPServerConfiguration
    private let directory: (any AgentDirectory)?
    private let card: AgentCardHandler
    /// Whether tenants have cards of their own.
    private let hasTenantCards: Bool
    private let jsonRPC: JSONRPCHandler
    private let httpJSON: HTTPJSONHandler
    /// Where HTTP+JSON is mounted, without a slash at the end.
    private let prefix: String

    /// - Parameters:
    ///   - service: What answers calls.
    ///   - configuration: Paths and limits; what concerns listening is not used.
    public init(service: any A2AService, configuration: HTTPServerConfiguration = .init()) {
        self.configuration = configuration
        self.directory = service as? any AgentDirectory
        self.prefix = Self.normalized(configuration.httpJSONPath)
        self.card = AgentCardHandler(service: service, configuration: configuration)
        self.hasTenantCards = service is any AgentCardDocuments
        self.jsonRPC = JSONRPCHandler(service: service, configuration: configuration)
        self.httpJSON = HTTPJSONHandler(service: service, configuration: configuration)
    }

    /// Adds the card, JSON-RPC and HTTP+JSON.
    ///
    /// Every method is routed, so that a wrong one is answered with 405 and not with 404.
    public func add<Context: RequestContext>(to router: some RouterMethods<Context>) {
        let prefix = self.prefix
        let httpJSON = self.httpJSON
        for method in Self.methods {
            router.on(RouterPath(Self.cardPath), method: method) { [card] request, _ in
                await card.respond(to: request)
            }
            if self.configuration.jwks != nil {
                router.on(RouterPath(Self.jwksPath), method: method) { [self] request, _ in
                    self.jwks(request) ?? Response(status: .notFound)
                }
            }
            if self.hasTenantCards {
                router.on(RouterPath("{tenant}" + Self.cardPath), method: method) { [card] request, _ in
                    guard let tenant = AgentCardHandler.tenant(ofCardAt: request.uri.path) else {
                        return Response(status: .notFound)
                    }
                    return await card.respond(to: request, tenant: tenant)
                }
            }
            if let directory {
                router.on(RouterPath(Self.directoryPath), method: method) { request, _ in Self.list(directory, request)
                }
            }
            router.on(RouterPath(self.configuration.jsonRPCPath), method: method) { [jsonRPC] request, _ in
                await jsonRPC.respond(to: request)
            }
            // "**" needs a segment; the bare prefix is answered by the binding too.
            for pattern in prefix.isEmpty ? ["**"] : [prefix, prefix + "/**"] {
                router.on(RouterPath(pattern), method: method) { request, _ in
                    // The path as it came: segments are decoded once, by the binding.
                    let path = request.uri.path
                    guard path.hasPrefix(prefix) else { return Response(status: .notFound) }
                    return await httpJSON.respond(to: request, path: path.dropFirst(prefix.count))
                }
            }
        }
    }

    /// Answers a request without a router, or gives `nil` if the path is none of the agent's.
    ///
    /// - Parameter caller: Who waits for the answer; the call is cancelled when they leave.
    func respond(to request: Request, caller: CallerWatch?) async -> Response? {
        let path = request.uri.path
        if path == self.configuration.jsonRPCPath {
            return await self.jsonRPC.respond(to: request, caller: caller)
        }
        if path == Self.cardPath { return await self.card.respond(to: request) }
        if path == Self.jwksPath, let response = self.jwks(request) { return response }
        if self.hasTenantCards, let tenant = AgentCardHandler.tenant(ofCardAt: path) {
            return await self.card.respond(to: request, tenant: tenant)
        }
        if path == Self.directoryPath, let directory { return Self.list(directory, request) }
        guard path.hasPrefix(self.prefix) else { return nil }
        let rest = path.dropFirst(self.prefix.count)
        guard rest.isEmpty || rest.first == "/" else { return nil }
        return await self.httpJSON.respond(to: request, path: rest, caller: caller)
    }

    private static func list(_ directory: any AgentDirectory, _ request: Request) -> Response {
        guard let list = directory.agentDirectoryJSON() else { return Response(status: .notFound) }
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: list)))
    }

    /// The keys with which the agent signs; `nil` if it does not.
    private func jwks(_ request: Request) -> Response? {
        guard let jwks = self.configuration.jwks else { return nil }
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        let headers: HTTPFields = [
            .contentType: "application/jwk-set+json",
            .cacheControl: "public, max-age=\(self.configuration.cardMaxAge.components.seconds)",
        ]
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: jwks)))
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    private static func normalized(_ path: String) -> String {
        let segments = path.split(separator: "/").joined(separator: "/")
        return segments.isEmpty ? "" : "/" + segments
    }
}
