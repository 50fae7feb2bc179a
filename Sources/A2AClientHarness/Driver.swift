import A2A
import A2AClient
import A2AGRPC
import A2AHTTP
import A2ATCP
import HTTPTypes
import SwiftProtobuf
import Synchronization

/// Has our client do what commands say, through its public API.
final class Driver: Sendable {
    static let hello =
        #"{"a2a-client-harness":1,"name":"swift-a2a","version":"0.1.0","bindings":["JSONRPC","HTTP+JSON","GRPC","#
        + #""https://swift-a2a.github.io/bindings/tcp/v1"],"features":["push_receiver","card_cache"]}"#

    /// What is kept between commands: connections and cards, for each set of trusted authorities.
    private struct Side: Sendable {
        var transports: [any TransportFactory]
        var resolver: AgentCardResolver
    }

    private let sides = Mutex<[String: Side]>([:])
    let receiver: Receiver

    init(receiver: Receiver) { self.receiver = receiver }

    private func side(_ trust: String?) throws -> Side {
        if let side = self.sides.withLock({ $0[trust ?? ""] }) { return side }
        let roots = Array((trust ?? "").utf8)
        var http = HTTPClientOptions()
        http.additionalTrustRootsPEM = roots
        var grpc = GRPCClientOptions()
        grpc.additionalTrustRootsPEM = roots
        var tcp = TCPClientOptions()
        tcp.additionalTrustRootsPEM = roots
        let transports: [any TransportFactory] = [
            try HTTPTransportFactory(options: http), try GRPCTransportFactory(options: grpc),
            try TCPTransportFactory(options: tcp),
        ]
        let side = Side(transports: transports, resolver: AgentCardResolver(transports: transports))
        self.sides.withLock { $0[trust ?? ""] = side }
        return side
    }

    func perform(_ command: Command) async -> Answer {
        do {
            return try await self.attempt(command)
        } catch {
            return Answer(id: command.id, error: JSON(error))
        }
    }

    private func attempt(_ command: Command) async throws -> Answer {
        switch command.operation {
        case "receive_push":
            return Answer(id: command.id, result: .object(["url": .string(try await self.receiver.open(command))]))
        case "received_push":
            return Answer(id: command.id, events: try self.receiver.received())
        default: break
        }
        let side = try self.side(command.trust)
        if command.operation == "get_agent_card" {
            let card = try await side.resolver.resolve(
                AgentCardReference(parsing: command.card), options: CallOptions(timeout: command.timeout))
            return Answer(id: command.id, result: try JSON(card.card))
        }
        var configuration = ClientConfiguration()
        configuration.timeout = command.timeout
        configuration.sendTimeout = command.timeout
        configuration.extensions = command.extensions
        var client = try await Client.discover(
            command.card, transports: side.transports, configuration: configuration, resolver: side.resolver)
        client.configuration.credentials = try Credentials.provider(command.credentials, client.card)
        return try await self.call(command, client)
    }

    private func call(_ command: Command, _ client: Client) async throws -> Answer {
        let result: JSON
        switch command.operation {
        case "send_message":
            let request: A2ASendMessageRequest = try command.message()
            result = try JSON(
                await client.send(
                    request.message, configuration: request.hasConfiguration ? request.configuration : nil,
                    metadata: request.hasMetadata ? request.metadata : nil))
        case "send_streaming_message":
            let request: A2ASendMessageRequest = try command.message()
            return try await self.collect(
                command,
                client.stream(
                    request.message, configuration: request.hasConfiguration ? request.configuration : nil,
                    metadata: request.hasMetadata ? request.metadata : nil))
        case "subscribe_to_task":
            let request: A2ASubscribeToTaskRequest = try command.message()
            return try await self.collect(command, client.subscribe(request.id))
        case "get_task": result = try JSON(await client.getTask(try command.message()))
        case "list_tasks": result = try JSON(await client.listTasks(try command.message()))
        case "cancel_task": result = try JSON(await client.cancelTask(try command.message()))
        case "create_push_config":
            let config: A2ATaskPushNotificationConfig = try command.message()
            result = try JSON(await client.createPushConfig(config, forTask: config.taskID))
        case "get_push_config":
            let request: A2AGetTaskPushNotificationConfigRequest = try command.message()
            result = try JSON(await client.getPushConfig(request.id, ofTask: request.taskID))
        case "list_push_configs":
            let request: A2AListTaskPushNotificationConfigsRequest = try command.message()
            result = try JSON(await client.listPushConfigs(ofTask: request.taskID))
        case "delete_push_config":
            let request: A2ADeleteTaskPushNotificationConfigRequest = try command.message()
            try await client.deletePushConfig(request.id, ofTask: request.taskID)
            result = .object([:])
        case "get_extended_agent_card": result = try JSON(await client.extendedCard())
        default: throw A2AError(.methodNotFound, "This harness has no operation '\(command.operation)'.")
        }
        return Answer(id: command.id, result: result)
    }

    private func collect(_ command: Command, _ stream: EventStream) async throws -> Answer {
        var events: [JSON] = []
        do {
            for try await event in stream {
                events.append(try JSON(event.response))
                if events.count == command.maxEvents { break }
            }
            return Answer(id: command.id, events: events)
        } catch {
            return Answer(id: command.id, events: events, error: JSON(error))
        }
    }
}

extension Command {
    /// The request. What has no place in it is left out.
    fileprivate func message<M: Message>() throws -> M {
        do {
            return try M(jsonUTF8Bytes: self.request)
        } catch {
            throw A2AError(.invalidParams, "The request is none of this operation: \(error)")
        }
    }
}

/// Credentials as the card wants them.
enum Credentials {
    static func provider(_ secrets: [String: String], _ card: A2AAgentCard?) throws -> (any CredentialProvider)? {
        guard !secrets.isEmpty else { return nil }
        var providers: [any CredentialProvider] = []
        for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            switch card?.securitySchemes[name]?.scheme {
            case .apiKeySecurityScheme(let scheme) where scheme.location == "cookie":
                providers.append(FixedCredentials.apiKey(secret, cookie: scheme.name))
            case .apiKeySecurityScheme(let scheme) where scheme.location == "header":
                providers.append(FixedCredentials.apiKey(secret, header: scheme.name))
            case .httpAuthSecurityScheme(let scheme) where scheme.scheme.lowercased() != "bearer":
                providers.append(FixedCredentials([.authorization: "\(scheme.scheme) \(secret)"]))
            case .httpAuthSecurityScheme, .oauth2SecurityScheme, .openIDConnectSecurityScheme:
                providers.append(FixedCredentials.bearer(secret))
            default:
                throw A2AError(.invalidParams, "The card has no scheme '\(name)' that this harness can serve.")
            }
        }
        return CombinedCredentials(providers)
    }
}
