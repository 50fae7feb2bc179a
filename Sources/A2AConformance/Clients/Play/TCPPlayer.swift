import A2A
import NIOCore
import NIOPosix
import NIOSSL

/// Plays an agent over TCP (spec/bindings/tcp.md): calls and answers through the frame codec, or any octets in their place.
struct TCPPlayer: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let log: PlayLog
    let interface: String

    func run<Result: Sendable>(
        tls: NIOSSLContext?, _ body: @Sendable @escaping (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        return try await server.serving({ await self.serve($0) }, while: body)
    }

    private func serve(_ connection: Connection) async {
        self.log.noteConnection()
        // A client that breaks off is seen by what it reports.
        try? await connection.executeThenClose { inbound, outbound in
            var conversation = Conversation(player: self)
            for try await buffer in inbound {
                let writes = conversation.take(Array(buffer.readableBytesView))
                for write in writes {
                    if write.delay > 0 { try await Task.sleep(for: .milliseconds(write.delay)) }
                    if !write.bytes.isEmpty { try await outbound.write(ByteBuffer(bytes: write.bytes)) }
                    if write.closes { return }
                }
            }
        }
    }

    /// One connection.
    private struct Conversation {
        struct Write {
            var bytes: [UInt8] = []
            var delay = 0
            var closes = false
        }

        /// A call whose request is not here yet.
        private struct Call {
            var request: PlayedRequest
            var operation: A2AOperation?
            var isJSON: Bool
        }

        let player: TCPPlayer
        private var connection: TCPConnection
        private var rest: [UInt8] = []
        private var calls: [UInt32: Call] = [:]
        private var slots: [UInt16: TCPCredentials] = [:]
        private let start = ContinuousClock.now

        init(player: TCPPlayer) {
            self.player = player
            var hello = TCPHello()
            hello.settings.callCredit = 1000
            hello.settings.streamCredit = 1 << 20
            hello.settings.maxMessage = UInt32(HTTPPlayer.maxBytes)
            var configuration = TCPConfiguration(hello: hello)
            configuration.reassemblyLimit = HTTPPlayer.maxBytes
            self.connection = TCPConnection(.listener, configuration, now: TCPInstant(milliseconds: 0))
        }

        private var now: TCPInstant {
            TCPInstant(milliseconds: Int64((ContinuousClock.now - self.start).milliseconds))
        }

        mutating func take(_ bytes: [UInt8]) -> [Write] {
            self.rest += bytes
            var writes: [Write] = []
            var offset = 0
            let received = self.rest
            let now = self.now
            received.withUnsafeBytes { buffer in
                while let event = self.connection.receive(buffer, at: &offset, now: now) {
                    writes += self.handle(event, buffer)
                }
            }
            self.rest.removeFirst(min(offset, self.rest.count))
            writes.append(self.output())
            if self.connection.isClosed { writes.append(Write(closes: true)) }
            return writes
        }

        private mutating func output() -> Write {
            var bytes: [UInt8] = []
            while self.connection.hasOutput {
                guard self.connection.output(into: &bytes, limit: 1 << 20, now: self.now) > 0 else { break }
            }
            return Write(bytes: bytes)
        }

        private mutating func handle(_ event: TCPEvent, _ buffer: UnsafeRawBufferPointer) -> [Write] {
            switch event {
            case .credentials(let credentials): self.slots[credentials.slot] = credentials
            case .call(let stream, let call): self.note(call, on: stream)
            case .message(let message):
                let octets: [UInt8] =
                    switch message.payload {
                    case .inPlace(let range): Array(buffer[range])
                    case .assembled(let octets): octets
                    }
                self.connection.consume(message.cost, on: message.stream)
                return self.answer(message.stream, octets)
            case .reset(let stream, let reset):
                self.player.log.trace.add(.received, "RESET of stream \(stream): \(reset.code) \(reset.text)")
                self.connection.release(stream)
            case .closed(let closure): self.player.log.trace.add(.note, "the connection ends: \(closure)")
            default: break
            }
            return []
        }

        private mutating func note(_ call: TCPCall, on stream: UInt32) {
            var request = PlayedRequest(binding: .tcp, interface: self.player.interface)
            request.operation = call.method.operation?.rawValue
            request.parameters["a2a-version"] = "\(call.version.major).\(call.version.minor)"
            for entry in call.parameters.entries { request.parameters[entry.key] = entry.value }
            for entry in self.slots[call.slot]?.entries ?? [] {
                switch entry.kind {
                case .authorization: request.parameters["authorization"] = "\(entry.name) \(entry.value)"
                default: request.parameters[entry.name.lowercased()] = entry.value
                }
            }
            self.calls[stream] = Call(
                request: request, operation: call.method.operation, isJSON: call.encoding == .json)
        }

        private mutating func answer(_ stream: UInt32, _ octets: [UInt8]) -> [Write] {
            guard var call = self.calls.removeValue(forKey: stream) else { return [] }
            let messages = PlayedMessages.of(call.operation ?? .getExtendedAgentCard)
            call.request.request =
                call.isJSON ? try? JSONValue(parsing: octets) : try? messages.decode(octets)
            call.request.tenant = call.request.request?["tenant"]?.string
            let log = self.player.log
            log.trace.add(
                .received,
                "\(call.request.operation ?? "a call") on stream \(stream)\n\(call.request.parameters.sorted { $0.key < $1.key }.map { Redactor.field($0.key, $0.value) }.joined(separator: "\n"))"
            )
            log.trace.add(.received, call.request.request?.description ?? "\(octets.count) octets")
            guard call.operation != nil else {
                // The card over this connection.
                let card = log.card
                return [self.said(stream, [card], nil, call, messages)]
            }
            guard let (exchange, payload) = log.note(call.request) else {
                return [self.said(stream, [], .unexpected(call.request.operation), call, messages)]
            }
            var writes = [Write(delay: exchange.delayMilliseconds)]
            if let octets = exchange.octets {
                log.trace.add(
                    .sent,
                    "\(octets.count) octets: \(octets.prefix(64).map { String($0, radix: 16) }.joined(separator: " "))")
                writes.append(Write(bytes: octets))
            } else if exchange.cutAfter != 0 {
                let isStream = call.operation?.isStreaming ?? false
                writes += self.said(
                    stream, exchange, PlayedAnswer(payload: payload, isStream: isStream), call, messages)
            }
            if exchange.ending == .close || (exchange.cutAfter == 0 && exchange.ending == .normal) {
                log.trace.add(.note, "the connection is closed")
                writes.append(Write(closes: true))
            }
            return writes
        }

        private mutating func said(
            _ stream: UInt32, _ exchange: PlayedExchange, _ answer: PlayedAnswer, _ call: Call,
            _ messages: PlayedMessages
        ) -> [Write] {
            switch answer {
            case .result(let value): return [self.said(stream, [value], nil, call, messages)]
            case .error(let error): return [self.said(stream, [], error, call, messages)]
            case .events(let events, let error):
                var writes: [Write] = []
                for (index, event) in events.enumerated() {
                    let isLast = index == events.count - 1 && error == nil && exchange.ending == .normal
                    var write = self.said(stream, [event], nil, call, messages, isLast: isLast)
                    write.delay = index == 0 ? 0 : exchange.eventDelayMilliseconds
                    writes.append(write)
                }
                if let error { writes.append(self.said(stream, [], error, call, messages)) }
                if events.isEmpty, error == nil {
                    _ = self.connection.sendEnd(on: stream)
                    writes.append(self.output())
                }
                return writes
            }
        }

        private mutating func said(
            _ stream: UInt32, _ values: [JSONValue], _ error: PlayedError?, _ call: Call, _ messages: PlayedMessages,
            isLast: Bool = true
        ) -> Write {
            for value in values {
                self.player.log.trace.add(.sent, value.description)
                let octets = call.isJSON ? value.bytes : (try? messages.encode(value)) ?? []
                _ = self.connection.send(octets, isLast: isLast, on: stream)
            }
            if let error {
                self.player.log.trace.add(.sent, "RESET \(error.code.reason) \(error.message)")
                var reset = TCPReset(TCPErrorCode(error.code), error.message)
                if call.isJSON {
                    reset.details = error.details?.bytes ?? []
                } else {
                    var status = Google_Rpc_Status()
                    status.code = Int32(truncatingIfNeeded: error.code.grpc)
                    status.details = error.packed.compactMap(\.packed)
                    reset.details = (try? status.serializedBytes()) ?? []
                }
                self.connection.reset(stream, reset)
            }
            if isLast || error != nil { self.connection.release(stream) }
            return self.output()
        }
    }
}
