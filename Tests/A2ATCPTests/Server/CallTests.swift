import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite("Calls over TCP", .timeLimit(.minutes(2)))
struct CallTests {
    private static func options(_ encoding: TCPClientOptions.Encoding) -> TCPClientOptions {
        var options = TCPClientOptions()
        options.encoding = encoding
        return options
    }

    @Test("all kinds of answers, in both encodings", arguments: [TCPClientOptions.Encoding.protobuf, .json])
    func operations(_ encoding: TCPClientOptions.Encoding) async throws {
        try await withTCPAgent { address in
            let client = try client(address, options: Self.options(encoding))
            #expect(try await client.service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
            var generations: [Int64] = []
            var task = ""
            for try await event in try await client.stream("stream a b c") {
                if let generation = event.generation { generations.append(generation) }
                task = event.response.taskID ?? task
            }
            let first = try #require(generations.first)
            #expect(generations == Array(first..<first + Int64(generations.count)))
            #expect(try await client.getTask(task).status.state == .completed)
            #expect(try await client.listTasks().tasks.count >= 1)
            let card = try await client.service.getAgentCard(context: CallContext())
            #expect(card.name == ReferenceAgent.card().name)
            #expect(card.supportedInterfaces.first?.url == address)
            var delete = A2ADeleteTaskPushNotificationConfigRequest()
            delete.taskID = task
            delete.id = "none"
            let request = delete
            let error = await #expect(throws: A2AError.self) {
                try await client.service.deleteTaskPushNotificationConfig(request, context: CallContext())
            }
            #expect(error?.code == .pushNotificationNotSupported)
        }
    }

    @Test("errors come with their codes and details", arguments: [TCPClientOptions.Encoding.protobuf, .json])
    func errors(_ encoding: TCPClientOptions.Encoding) async throws {
        let delay = A2AError(
            .unavailable, "Later.",
            details: [.retryInfo(.seconds(3)), .badRequest([FieldViolation(field: "a.b", description: "is wrong")])])
        let refusal = A2AError(.unauthenticated, "Who are you?", challenge: "Bearer realm=\"x\"")
        let stub = StubService(
            onSend: { request, _ in
                switch request.message.parts.first?.text {
                case "later": throw delay
                case "who": throw refusal
                default: throw A2AError.taskNotFound("t1")
                }
            })
        try await withTCPService(stub) { address in
            let service = try transport(address, options: Self.options(encoding))
            let missing = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("x"), context: CallContext())
            }
            #expect(missing?.code == .taskNotFound)
            #expect(missing?.message == A2AError.taskNotFound("t1").message)
            #expect(missing?.details == A2AError.taskNotFound("t1").details)
            let later = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("later"), context: CallContext())
            }
            #expect(later?.retryDelay == .seconds(3))
            #expect(later?.fieldViolations.map(\.field) == ["a.b"])
            let who = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("who"), context: CallContext())
            }
            #expect(who?.code == .unauthenticated)
            #expect(who?.challenge == "Bearer realm=\"x\"")
        }
    }

    @Test("parameters, credentials, extensions and traces reach the service")
    func parameters() async throws {
        let seen = Mutex<[CallContext]>([])
        let stub = StubService(onSend: { _, context in
            seen.withLock { $0.append(context) }
            context.response.activatedExtensions = ["urn:b"]
            return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
        })
        try await withTCPService(stub) { address in
            let service = try transport(address)
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            for index in 0..<40 {
                let context = CallContext(
                    requestedExtensions: ["urn:a", "urn:b"],
                    parameters: ServiceParameters([
                        .authorization: "Bearer token\(index)", HTTPField.Name("x-api-key")!: "key",
                        .cookie: "a=b; c=d", HTTPField.Name("x-other")!: "one", HTTPField.Name("traceparent")!: trace,
                    ]))
                _ = try await service.sendMessage(.text("x"), context: context)
                #expect(context.response.activatedExtensions == ["urn:b"])
            }
            let contexts = seen.withLock { $0 }
            #expect(contexts.map { $0.parameters["authorization"] } == (0..<40).map { "Bearer token\($0)" })
            let last = try #require(contexts.last)
            #expect(last.parameters["x-api-key"] == "key")
            #expect(last.parameters["cookie"] == "a=b; c=d")
            #expect(last.parameters["x-other"] == "one")
            #expect(last.parameters["traceparent"] == trace)
            #expect(last.parameters["a2a-version"] == "1.0")
            #expect(last.requestedExtensions == ["urn:a", "urn:b"])
            #expect(last.binding == ProtocolBinding.tcp.rawValue)
            _ = try await service.sendMessage(.text("x"), context: CallContext())
            #expect(seen.withLock { $0.last?.parameters["authorization"] } == nil)
        }
    }

    @Test("an authenticator sees the credentials of the slot")
    func authentication() async throws {
        let middleware = AuthenticationMiddleware(StaticTokenAuthenticator(["s3cret": Principal(id: "me")]))
        try await withTCPAgent(middleware: [middleware]) { address in
            let service = try transport(address)
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("x"), context: CallContext())
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.challenge?.hasPrefix("Bearer") == true)
            let known = CallContext(parameters: ServiceParameters([.authorization: "Bearer s3cret"]))
            #expect(try await service.sendMessage(.text("Hello"), context: known).text == "Hello")
            _ = try await service.getAgentCard(context: CallContext())
        }
    }

    @Test("a version that is not served is refused")
    func version() async throws {
        try await withTCPAgent { address in
            let error = await #expect(throws: A2AError.self) {
                try await transport(address).sendMessage(
                    .text("x"), context: CallContext(version: ProtocolVersion(major: 0, minor: 3)))
            }
            #expect(error?.code == .versionNotSupported)
        }
    }

    @Test("a thousand calls at a time over one connection, with a credit of eight")
    func many() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxConcurrentCalls = 8
        let stub = StubService(onSend: { request, _ in
            .message(A2AMessage(role: .agent, parts: request.message.parts))
        })
        try await withTCPService(stub, configuration: configuration) { address in
            let service = try transport(address)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<1_000 {
                    group.addTask {
                        try await service.sendMessage(.text("\(index)"), context: CallContext()).text == "\(index)"
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("large messages both ways, and one that is too large")
    func large() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxMessageBytes = 4 << 20
        let stub = StubService(onSend: { request, _ in
            .message(A2AMessage(role: .agent, parts: request.message.parts))
        })
        try await withTCPService(stub, configuration: configuration) { address in
            let service = try transport(address)
            let text = String(repeating: "x", count: 3 << 20)
            for _ in 0..<2 {
                #expect(try await service.sendMessage(.text(text), context: CallContext()).text == text)
            }
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text(text + text), context: CallContext())
            }
            #expect(error?.code == .requestTooLarge)
            var options = TCPClientOptions()
            options.maxMessageBytes = 1 << 20
            let small = try transport(address, options: options)
            let answer = await #expect(throws: A2AError.self) {
                try await small.sendMessage(.text(text), context: CallContext())
            }
            #expect(answer?.code == .resourceExhausted)
            #expect(try await small.sendMessage(.text("still"), context: CallContext()).text == "still")
        }
    }
}
