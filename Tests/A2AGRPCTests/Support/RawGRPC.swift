import A2A
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import Testing

@testable import A2AGRPC

typealias Bytes = GRPCNIOTransportBytes

/// The answer to a call made by hand.
struct RawAnswer: Sendable {
    var initial: Metadata?
    var messages: [Bytes] = []
    var status: Status?
    var trailers = Metadata()

    /// The google.rpc.Status of the trailers.
    var details: [UInt8]? { self.trailers[binaryValues: "grpc-status-details-bin"].first { _ in true } }

    /// What the status says to our client.
    var error: A2AError {
        get throws {
            let status = try #require(self.status)
            return try #require(A2AError(status: status, trailers: self.trailers))
        }
    }

    func message<M: Message>(_ type: M.Type, at index: Int = 0) throws -> M {
        try M(serializedBytes: self.messages[index].withUnsafeBytes { Array($0) })
    }
}

extension MethodDescriptor {
    init(_ service: String, _ method: String) {
        self.init(service: ServiceDescriptor(fullyQualifiedService: service), method: method, type: nil)
    }

    static func a2a(_ operation: A2AOperation) -> MethodDescriptor {
        MethodDescriptor("lf.a2a.v1.A2AService", operation.rawValue)
    }
}

/// Runs a transport of gRPC itself for as long as `body` takes.
func withRawTransport<Result: Sendable>(
    _ address: String, security: HTTP2ClientTransport.Posix.TransportSecurity = .plaintext,
    _ body: (HTTP2ClientTransport.Posix) async throws -> Result
) async throws -> Result {
    let port = Int(address.split(separator: ":").last ?? "") ?? 0
    let transport = try HTTP2ClientTransport.Posix(
        target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: security)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await transport.connect() }
        let result = try await body(transport)
        transport.beginGracefulShutdown()
        try await group.waitForAll()
        return result
    }
}

extension HTTP2ClientTransport.Posix {
    /// Makes a call and reads the answer to its end.
    func call(
        _ method: MethodDescriptor, metadata: Metadata = ["a2a-version": "1.0"], _ messages: [[UInt8]],
        limit: Int = 64 << 20
    ) async throws -> RawAnswer {
        var options = CallOptions.defaults
        options.maxRequestMessageBytes = limit
        return try await self.withStream(descriptor: method, options: options) { stream, _ in
            var answer = RawAnswer()
            do {
                try await stream.outbound.write(.metadata(metadata))
                for message in messages { try await stream.outbound.write(.message(Bytes(message))) }
            } catch {
                // Refused before it was read: the status says why.
            }
            await stream.outbound.finish()
            for try await part in stream.inbound {
                switch part {
                case .metadata(let metadata): answer.initial = metadata
                case .message(let bytes): answer.messages.append(bytes)
                case .status(let status, let trailers):
                    answer.status = status
                    answer.trailers = trailers
                }
            }
            return answer
        }
    }
}

/// Makes one call by hand.
func rawCall(
    _ address: String, _ method: MethodDescriptor, metadata: Metadata = ["a2a-version": "1.0"],
    _ messages: [[UInt8]]
) async throws -> RawAnswer {
    try await withRawTransport(address) { try await $0.call(method, metadata: metadata, messages) }
}

func rawCall(
    _ address: String, _ operation: A2AOperation, metadata: Metadata = ["a2a-version": "1.0"],
    _ message: some Message
) async throws -> RawAnswer {
    try await rawCall(address, .a2a(operation), metadata: metadata, [try message.serializedBytes()])
}

typealias ServerStream = RPCStream<HTTP2ServerTransport.Posix.Inbound, HTTP2ServerTransport.Posix.Outbound>

/// A server that does as the test says, without any of our code.
func withRawServer<Result: Sendable>(
    _ handler:
        @escaping @Sendable (_ stream: ServerStream, _ metadata: Metadata, _ message: Bytes?) async throws -> Void,
    _ body: (String) async throws -> Result
) async throws -> Result {
    let transport = HTTP2ServerTransport.Posix(
        address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await transport.listen { stream, _ in
                var metadata = Metadata()
                var message: Bytes?
                do {
                    loop: for try await part in stream.inbound {
                        switch part {
                        case .metadata(let value): metadata = value
                        case .message(let bytes):
                            message = bytes
                            break loop
                        }
                    }
                    try await handler(stream, metadata, message)
                } catch {
                    // The client of the test is gone.
                }
                await stream.outbound.finish()
            }
        }
        let port = try await transport.listeningAddress.ipv4?.port ?? 0
        do {
            let result = try await body("127.0.0.1:\(port)")
            transport.beginGracefulShutdown()
            group.cancelAll()
            return result
        } catch {
            group.cancelAll()
            throw error
        }
    }
}

extension Status {
    static let ok = Status(code: .ok, message: "")
}
