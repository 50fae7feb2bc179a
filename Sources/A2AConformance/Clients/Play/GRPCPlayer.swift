import A2A
import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Plays an agent over gRPC: messages are bytes, statuses and metadata what the test says.
struct GRPCPlayer: Sendable {
    private struct Octets: MessageSerializer, MessageDeserializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
            bytes.withUnsafeBytes { Array($0) }
        }
    }

    private static let service = ServiceDescriptor(fullyQualifiedService: "lf.a2a.v1.A2AService")

    let log: PlayLog
    let interface: String

    /// Listens on loopback while `body` runs.
    func run<Result: Sendable>(
        identity: PlayedCertificates.Identity?, _ body: @Sendable @escaping (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let security: HTTP2ServerTransport.Posix.TransportSecurity =
            if let identity {
                .tls(
                    certificateChain: [.bytes(Array(identity.certificate.utf8), format: .pem)],
                    privateKey: .bytes(Array(identity.key.utf8), format: .pem))
            } else {
                .plaintext
            }
        var router = RPCRouter<HTTP2ServerTransport.Posix>()
        for operation in A2AOperation.allCases {
            router.registerHandler(
                forMethod: MethodDescriptor(service: Self.service, method: operation.rawValue, type: nil),
                deserializer: Octets(), serializer: Octets()
            ) { request, _ in await self.answer(operation, request) }
        }
        let server = GRPCServer(
            transport: .http2NIOPosix(
                address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: security,
                config: .defaults { $0.rpc.maxRequestPayloadSize = HTTPPlayer.maxBytes }),
            router: router)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.serve()
                return nil
            }
            group.addTask {
                guard let port = try await server.listeningAddress?.ipv4?.port else { throw CancellationError() }
                return try await body(port)
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func answer(
        _ operation: A2AOperation, _ incoming: StreamingServerRequest<[UInt8]>
    ) async -> StreamingServerResponse<[UInt8]> {
        let messages = PlayedMessages.of(operation)
        var request = PlayedRequest(binding: .grpc, interface: self.interface)
        request.operation = operation.rawValue
        var lines = ["\(Self.service.fullyQualifiedService)/\(operation.rawValue)"]
        for (key, value) in incoming.metadata {
            let name = key.lowercased()
            let text: String =
                switch value {
                case .string(let text): text
                case .binary(let bytes): "\(bytes.count) bytes"
                }
            if let known = request.parameters[name] {
                request.parameters[name] = "\(known), \(text)"
                request.repeated.append(name)
            } else {
                request.parameters[name] = text
            }
            lines.append(Redactor.field(name, text))
        }
        self.log.trace.add(.received, lines.joined(separator: "\n"))
        do {
            for try await bytes in incoming.messages {
                request.request = try? messages.decode(bytes)
                self.log.trace.add(
                    .received, request.request?.description ?? "\(bytes.count) bytes that cannot be read")
            }
        } catch {
            return StreamingServerResponse(error: RPCError(code: .cancelled, message: "the request broke off"))
        }
        request.tenant = request.request?["tenant"]?.string
        guard let (exchange, payload) = self.log.note(request) else {
            return StreamingServerResponse(error: Self.status(.unexpected(request.operation)))
        }
        if exchange.delayMilliseconds > 0 { try? await Task.sleep(for: .milliseconds(exchange.delayMilliseconds)) }
        if exchange.cutAfter == 0 {
            if exchange.ending == .hang { try? await Task.sleep(for: .seconds(600)) }
            return StreamingServerResponse(error: RPCError(code: .unavailable, message: "the connection is closed"))
        }
        return self.response(operation, exchange, PlayedAnswer(payload: payload, isStream: operation.isStreaming))
    }

    private func response(
        _ operation: A2AOperation, _ exchange: PlayedExchange, _ answer: PlayedAnswer
    ) -> StreamingServerResponse<[UInt8]> {
        var metadata = Metadata()
        for (name, value) in exchange.headers {
            if let value { metadata.addString(value, forKey: name.lowercased()) }
        }
        if let error = Self.error(exchange, answer) {
            self.log.trace.add(.sent, "status \(error.code) \(error.message)")
            return StreamingServerResponse(error: error)
        }
        let (values, last): ([JSONValue], PlayedError?) =
            switch answer {
            case .result(let value): ([value], nil)
            case .events(let events, let error): (events, error)
            case .error: ([], nil)
            }
        let messages = PlayedMessages.of(operation)
        return StreamingServerResponse(metadata: metadata) { writer in
            for (index, value) in values.enumerated() {
                if index > 0, exchange.eventDelayMilliseconds > 0 {
                    try await Task.sleep(for: .milliseconds(exchange.eventDelayMilliseconds))
                }
                let filled = Self.filled(value, exchange)
                self.log.trace.add(.sent, filled.description)
                try await writer.write(try exchange.octets ?? messages.encode(filled))
            }
            if let last { throw Self.status(last) }
            switch exchange.ending {
            case .normal: return [:]
            case .close: throw RPCError(code: .unavailable, message: "the connection is closed")
            case .hang:
                try await Task.sleep(for: .seconds(600))
                return [:]
            }
        }
    }

    private static func filled(_ value: JSONValue, _ exchange: PlayedExchange) -> JSONValue {
        guard exchange.fill > 0 else { return value }
        let text = value.description.replacing("{{fill}}", with: String(repeating: "x", count: exchange.fill))
        return (try? JSONValue(parsing: text)) ?? value
    }

    private static func error(_ exchange: PlayedExchange, _ answer: PlayedAnswer) -> RPCError? {
        var error: RPCError?
        if case .error(let one) = answer { error = Self.status(one) }
        if let status = exchange.grpcStatus, let code = Status.Code(rawValue: status).flatMap(RPCError.Code.init) {
            error = RPCError(
                code: code, message: exchange.grpcMessage ?? error?.message ?? "", metadata: error?.metadata ?? [:])
        }
        if let details = exchange.grpcDetails {
            error?.metadata.removeAllValues(forKey: "grpc-status-details-bin")
            error?.metadata.addBinary(details, forKey: "grpc-status-details-bin")
        }
        return error
    }

    /// An error as A2A §10.6 has it.
    private static func status(_ error: PlayedError) -> RPCError {
        var status = Google_Rpc_Status()
        status.code = Int32(truncatingIfNeeded: error.code.grpc)
        status.message = error.message
        status.details = error.packed.compactMap(\.packed)
        var metadata = Metadata()
        if error.details != nil, let bytes: [UInt8] = try? status.serializedBytes() {
            metadata.addBinary(bytes, forKey: "grpc-status-details-bin")
        }
        let code = Status.Code(rawValue: error.code.grpc).flatMap(RPCError.Code.init) ?? .unknown
        return RPCError(code: code, message: error.message, metadata: metadata)
    }
}
