import A2A
import GRPCCore
import GRPCNIOTransportHTTP2Posix

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An agent over gRPC (§10), below our own client: statuses, metadata and messages as they come.
struct GRPCBinding: AgentBinding {
    typealias Transport = HTTP2ClientTransport.Posix
    typealias Bytes = GRPCNIOTransportBytes

    let binding = TransportBinding.grpc
    let url: String
    let tenant: String
    private let transport: Transport

    private static let service = ServiceDescriptor(fullyQualifiedService: "lf.a2a.v1.A2AService")
    private static let detailsKey = "grpc-status-details-bin"
    /// Keys that gRPC writes itself.
    private static let reserved: Set<String> = ["content-type", "te", "user-agent", "host", "accept"]

    /// - Throws: A text that says what is wrong with the address.
    init(url: String, tenant: String, configuration: RunConfiguration) throws {
        self.url = url
        self.tenant = tenant
        let (address, isSecure) = try GRPCTarget.parse(url)
        let target: any ResolvableTarget =
            if address.isIPv4 {
                .ipv4(address: address.host, port: address.port)
            } else if address.isIPv6 {
                .ipv6(address: address.host, port: address.port)
            } else {
                .dns(host: address.host, port: address.port)
            }
        self.transport = try Transport(
            target: target, transportSecurity: isSecure ? Self.security(configuration) : .plaintext,
            config: .defaults { config in
                config.backoff = .init(
                    initial: .milliseconds(50), max: .milliseconds(500), multiplier: 1.6, jitter: 0.2)
            })
    }

    /// Where systems keep the certificates that they trust.
    private static let systemRoots = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

    private static func security(_ configuration: RunConfiguration) -> Transport.TransportSecurity {
        .tls { tls in
            if configuration.acceptsAnyCertificate { tls.serverCertificateVerification = .noVerification }
            guard !configuration.trustRootsPEM.isEmpty else { return }
            var roots = [TLSConfig.CertificateSource.bytes(configuration.trustRootsPEM, format: .pem)]
            if let system = Self.systemRoots.first(where: { FileManager.default.isReadableFile(atPath: $0) }) {
                roots.append(.file(path: system, format: .pem))
            }
            tls.trustRoots = .certificates(roots)
        }
    }

    /// Holds the connection for as long as `body` takes.
    func withConnection<Result: Sendable>(_ body: () async -> Result) async -> Result {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.transport.connect() }
            let result = await body()
            self.transport.beginGracefulShutdown()
            group.cancelAll()
            return result
        }
    }

    func call(_ call: WireCall, events: EventLog, trace: WireTrace) async -> Exchange {
        guard let operation = call.operation.operation else {
            return Exchange(.inexpressible("\(call.operation.rawValue) is no operation of gRPC"))
        }
        let method = GRPCMethod.of(operation)
        let request: [UInt8]
        do {
            request = try method.encode(call.params)
        } catch {
            let reason = (error as? A2AError)?.message ?? "\(error)"
            return Exchange(.inexpressible("Protocol Buffers have no form for the request: \(reason)"))
        }
        let metadata = Self.metadata(call, trace, operation)
        let progress = GRPCProgress()
        let started = ContinuousClock.now
        do {
            try await withDeadline(call.deadline) {
                try await self.exchange(operation, metadata, request, progress, hold: events.hold) { bytes in
                    Self.take(bytes, method, call, events, trace)
                }
            }
        } catch let error as A2AError where error.code == .deadlineExceeded {
            trace.add(.note, "no end after \((ContinuousClock.now - started).seconds)")
            if call.operation.isStreaming, progress.hasBegun {
                return Exchange(.stream(events.events, .timedOut), headers: progress.headers)
            }
            return Exchange(.noAnswer("no answer came within \((ContinuousClock.now - started).seconds)"))
        } catch {
            if !progress.hasEnded, progress.end == nil {
                let reason = "\(error)"
                trace.add(.note, reason)
                return progress.isOpen
                    ? Exchange(.noAnswer("the call broke off: \(reason)"))
                    : Exchange(.unreachable("cannot connect to \(self.url): \(reason)"))
            }
        }
        return Self.conclude(call, progress, events, trace)
    }

    private func exchange(
        _ operation: A2AOperation, _ metadata: Metadata, _ request: [UInt8], _ progress: GRPCProgress,
        hold: @escaping @Sendable () async -> Bool,
        _ take: @escaping @Sendable (Bytes) -> StreamEnd?
    ) async throws {
        var options = CallOptions.defaults
        options.waitForReady = true
        options.maxRequestMessageBytes = HTTPWire.maxBody
        options.maxResponseMessageBytes = HTTPWire.maxBody
        let descriptor = MethodDescriptor(service: Self.service, method: operation.rawValue, type: nil)
        try await self.transport.withStream(descriptor: descriptor, options: options) { stream, _ in
            progress.open()
            do {
                try await stream.outbound.write(contentsOf: [.metadata(metadata), .message(Bytes(request))])
            } catch {
                // Refused before it was read: the status says why.
            }
            await stream.outbound.finish()
            for try await part in stream.inbound {
                // An agent that floods us leaves no gap in which a wait could be cancelled.
                try Task.checkCancellation()
                switch part {
                case .metadata(let metadata): progress.begin(metadata)
                case .message(let bytes):
                    progress.countMessage()
                    if let end = take(bytes) { return progress.end(end) }
                    if await hold() { return progress.end(.stopped) }
                case .status(let status, let trailers): return progress.finish(status, trailers)
                }
            }
        }
    }

    // MARK: What goes out

    private static func metadata(_ call: WireCall, _ trace: WireTrace, _ operation: A2AOperation) -> Metadata {
        var metadata = Metadata()
        var lines = ["\(Self.service.fullyQualifiedService)/\(operation.rawValue)"]
        for (name, value) in call.headers {
            let key = name.lowercased()
            guard !Self.reserved.contains(key), !key.hasPrefix("grpc-"), !key.hasPrefix(":"),
                value.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
            else { continue }
            metadata.addString(value, forKey: key)
            lines.append(Redactor.field(key, value))
        }
        trace.add(.sent, lines.joined(separator: "\n"))
        trace.add(.sent, call.params.description)
        return metadata
    }

    // MARK: What comes

    private static func take(
        _ bytes: Bytes, _ method: GRPCMethod, _ call: WireCall, _ events: EventLog, _ trace: WireTrace
    ) -> StreamEnd? {
        let value: JSONValue
        do {
            value = try method.decode(bytes.withUnsafeBytes { Array($0) })
        } catch {
            trace.add(.received, "\(bytes.count) bytes that cannot be read")
            return .invalid("the message is not the one of \(call.operation.rawValue) in Protocol Buffers")
        }
        trace.add(.received, value.description)
        let end = events.end(adding: value, stopAfter: call.stopAfter)
        // The answer of a call that does not stream is whole only with its status.
        return call.operation.isStreaming ? end : nil
    }

    private static func conclude(
        _ call: WireCall, _ progress: GRPCProgress, _ events: EventLog, _ trace: WireTrace
    ) -> Exchange {
        let headers = progress.headers
        if let end = progress.end {
            if case .invalid(let reason) = end, events.events.isEmpty { return Exchange(.invalid(reason)) }
            return Exchange(.stream(events.events, end), headers: headers)
        }
        guard let status = progress.status else {
            return Exchange(.noAnswer("the call ended without a status"), headers: headers)
        }
        trace.add(.received, "status \(status.code) \(status.message)")
        if status.code != .ok {
            let error = Self.error(status, progress.trailers)
            for detail in error.details { trace.add(.received, "detail \(detail)") }
            // The transport's own words for a connection that is not there.
            if status.code == .unavailable, !progress.hasBegun, error.details.isEmpty, !progress.isOpen {
                return Exchange(.unreachable(status.message))
            }
            if call.operation.isStreaming, !events.events.isEmpty {
                return Exchange(.stream(events.events, .error(error)), headers: headers)
            }
            return Exchange(.error(error), headers: headers)
        }
        if call.operation.isStreaming { return Exchange(.stream(events.events, .closed), headers: headers) }
        let messages = events.events
        guard messages.count == 1 else {
            return Exchange(.invalid("\(messages.count) messages came, not one"), headers: headers)
        }
        return Exchange(.answer(messages[0].value), headers: headers)
    }

    private static func error(_ status: Status, _ trailers: Metadata) -> WireError {
        let rich = trailers[binaryValues: Self.detailsKey].first { _ in true }
            .flatMap { try? Google_Rpc_Status(serializedBytes: $0) }
        var json: [UInt8] = []
        ErrorDetailJSON.append((rich?.details ?? []).compactMap(ErrorDetail.init), to: &json)
        let details = (try? JSONValue(parsing: json))?.elements ?? []
        return WireError(
            code: status.code.rawValue, message: status.message.isEmpty ? nil : status.message, details: details)
    }
}
