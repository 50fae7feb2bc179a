import A2A
import NIOSSL

/// One connection of a test, and what was said on it so far.
///
/// It knows frames and which call opened a stream, and holds no peer to any rule: that is what the tests are for.
actor FrameSession {
    /// What an action came to, if not to what was expected.
    enum Trouble: Error {
        case failed(expected: String, actual: String)
        case unreachable(String)
        case inexpressible(String)
    }

    /// What the run has for all connections.
    struct Setting: Sendable {
        var url: String
        var tenant: String
        var authorization: String?
        var acceptsAnyCertificate: Bool
        /// Certificates to trust beside those of the system, in PEM.
        var trustRootsPEM: [UInt8] = []
        var variables: Variables
        var trace: WireTrace
        /// When the run is over.
        var deadline: ContinuousClock.Instant
        var limit: Duration
    }

    private let connection = FrameConnection()
    private var isOpen = false
    private var hasPreface = false
    private var answersPings = true
    private var slot = 0
    private var opened: [UInt32: FrameWriter.Opened] = [:]
    private var messages: [UInt32: (total: Int, octets: [UInt8])] = [:]
    /// Frames that came and that nothing has asked for yet.
    private var pending: [FrameView] = []
    /// The streams of which a frame was collected.
    private var begun: Set<UInt32> = []
    /// The agent's HELLO.
    private(set) var hello: JSONValue = .null
    private var pings: UInt64 = 0

    func close() async { await self.connection.close() }

    /// Does one thing; gives the frames that were expected.
    func perform(_ action: FrameAction, _ setting: Setting) async throws -> [JSONValue] {
        if case .open(let opening) = action.kind {
            try await self.open(opening, setting)
            return []
        }
        if !self.isOpen { try await self.open(FrameAction.Opening(), setting) }
        let limit = action.withinMilliseconds.map { Duration.milliseconds($0) } ?? setting.limit
        let deadline = min(ContinuousClock.now.advanced(by: limit), setting.deadline)
        switch action.kind {
        case .open: return []
        case .send(let items): try await self.send(items, setting)
        case .expect(let patterns):
            var frames: [JSONValue] = []
            for pattern in patterns { frames.append(try await self.expect(pattern, deadline, setting)) }
            return frames
        case .expectPreface: try await self.readPreface(deadline, setting)
        case .expectEnd(let codes): return [try await self.expectEnd(codes, deadline, setting)]
        case .expectClosed: try await self.expectClosed(deadline, setting)
        case .expectSilence(let milliseconds, let stream, let name):
            let end = min(ContinuousClock.now.advanced(by: .milliseconds(milliseconds)), setting.deadline)
            try await self.expectSilence(stream, name, end, setting)
        case .collect(let stream, let grants, let untilStall):
            return [try await self.collect(UInt32(stream), grants, untilStall, deadline, setting)]
        case .upload(let message): try await self.upload(message, deadline, setting)
        case .alive: try await self.checkAlive(deadline, setting)
        case .wait(let milliseconds): try await Task.sleep(for: .milliseconds(milliseconds))
        case .close(let half):
            setting.trace.add(.note, half ? "we send no more" : "we close")
            await self.connection.close(half: half)
        }
        return []
    }

    // MARK: Opening

    private func open(_ opening: FrameAction.Opening, _ setting: Setting) async throws {
        guard let scheme = setting.url.firstRange(of: "://"),
            let address = try? HostAndPort(
                setting.url[scheme.upperBound...].prefix { $0 != "/" }, defaultPort: 41_632)
        else { throw Trouble.inexpressible("'\(setting.url)' is no address of A2A over TCP") }
        let isSecure = setting.url.lowercased().hasPrefix("a2a+tls://")
        guard isSecure || (opening.alpn == nil && !opening.usesOldTLS) else {
            throw Trouble.inexpressible("the agent is reached without TLS")
        }
        self.isOpen = true
        self.answersPings = opening.answersPings
        do {
            let context = isSecure ? try Self.tls(opening, setting) : nil
            let isName = !address.isIPv4 && !address.isIPv6
            let connection = self.connection
            try await withDeadline(setting.deadline) {
                try await connection.connect(
                    host: address.host, port: address.port,
                    tls: context.map { ($0, isName ? address.host : nil) })
            }
        } catch {
            throw Trouble.unreachable("cannot connect to \(address): \(error)")
        }
        setting.trace.add(.note, "connected to \(address)")
        let deadline = min(ContinuousClock.now.advanced(by: setting.limit), setting.deadline)
        if opening.fails { return try await self.expectNoHandshake(deadline, setting) }
        guard let hello = opening.hello else { return }
        var items: [JSONValue] = ["preface", ["hello": hello]]
        if setting.authorization != nil {
            items.append(["auth": ["slot": 1, "own": true]])
            self.slot = 1
        }
        try await self.send(items + opening.early, setting)
        try await self.readPreface(deadline, setting)
        switch await self.connection.next(until: deadline) {
        case .frame(let frame):
            let view = try self.read(frame, setting)
            guard view.name == "HELLO" else { throw Trouble.failed(expected: "HELLO first", actual: view.line) }
            self.hello = view.json
        case let next: throw Trouble.failed(expected: "the agent's HELLO", actual: self.text(next))
        }
    }

    private static func tls(_ opening: FrameAction.Opening, _ setting: Setting) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.applicationProtocols = opening.alpn ?? ["a2a-tcp/1"]
        if opening.usesOldTLS {
            tls.maximumTLSVersion = .tlsv12
        } else {
            tls.minimumTLSVersion = .tlsv13
        }
        if setting.acceptsAnyCertificate { tls.certificateVerification = .none }
        if !setting.trustRootsPEM.isEmpty {
            tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMBytes(setting.trustRootsPEM))]
        }
        return try NIOSSLContext(configuration: tls)
    }

    /// TLS begins with our first octets; the agent must refuse it.
    private func expectNoHandshake(_ deadline: ContinuousClock.Instant, _ setting: Setting) async throws {
        await self.connection.send(FrameWriter.preface)
        let octets = await self.connection.octets(8, until: deadline)
        guard octets.isEmpty, case .closed = await self.connection.next(until: deadline) else {
            throw Trouble.failed(expected: "a TLS handshake that fails", actual: "one that succeeds")
        }
        setting.trace.add(.received, "the handshake failed: \(self.connection.failure ?? "closed")")
    }

    private func readPreface(_ deadline: ContinuousClock.Instant, _ setting: Setting) async throws {
        guard !self.hasPreface else { return }
        let octets = await self.connection.octets(8, until: deadline)
        setting.trace.add(.received, "preface \(Self.hex(octets))")
        guard octets == FrameWriter.preface else {
            throw Trouble.failed(
                expected: "the preface \(Self.hex(FrameWriter.preface))",
                actual: octets.isEmpty ? "nothing" : Self.hex(octets))
        }
        self.hasPreface = true
    }

    // MARK: Sending

    private func send(_ items: [JSONValue], _ setting: Setting) async throws {
        var writer = FrameWriter(tenant: setting.tenant, slot: self.slot, authorization: setting.authorization)
        do {
            for item in items { try writer.write(try setting.variables.resolve(item)) }
        } catch let problem as FrameWriter.Problem {
            throw Trouble.failed(expected: "a frame that can be made", actual: problem.text)
        }
        self.opened.merge(writer.opened) { $1 }
        for line in writer.lines { setting.trace.add(.sent, line) }
        let (connection, bytes) = (self.connection, writer.bytes)
        // Who does not read what we send is told of by what is expected next.
        let end = min(ContinuousClock.now.advanced(by: setting.limit), setting.deadline)
        _ = try? await withDeadline(end) { await connection.send(bytes) }
    }

    // MARK: Expecting

    private func expect(
        _ pattern: FramePattern, _ deadline: ContinuousClock.Instant, _ setting: Setting
    ) async throws -> JSONValue {
        try await self.readPreface(deadline, setting)
        let index = self.pending.firstIndex { self.concerns(pattern, $0) }
        if let index { return try self.match(pattern, self.pending.remove(at: index), setting) }
        while true {
            switch await self.connection.next(until: deadline) {
            case .frame(let frame):
                let view = try self.read(frame, setting)
                if self.concerns(pattern, view) { return try self.match(pattern, view, setting) }
                if view.name == "GOAWAY", pattern.frame != "GOAWAY" {
                    throw Trouble.failed(expected: self.text(pattern), actual: view.line)
                }
                try await self.answer(view, setting)
                if !Self.isNoise(view) { self.pending.append(view) }
            case let next: throw Trouble.failed(expected: self.text(pattern), actual: self.text(next))
            }
        }
    }

    /// Whether a frame is the one that a pattern is about: the next on its stream that is more than housekeeping.
    private func concerns(_ pattern: FramePattern, _ frame: FrameView) -> Bool {
        if let stream = pattern.stream, UInt32(stream) != frame.stream { return false }
        return !Self.isNoise(frame) || pattern.frame == frame.name
    }

    /// CREDIT and PING may come at any time.
    private static func isNoise(_ frame: FrameView) -> Bool {
        frame.name == "CREDIT" || frame.name == "PING" || frame.type >= 0x80
    }

    private func match(_ pattern: FramePattern, _ frame: FrameView, _ setting: Setting) throws -> JSONValue {
        guard let mismatch = try pattern.assertion.check(frame.json, setting.variables.resolve) else {
            return frame.json
        }
        let place = mismatch.path.isEmpty ? "" : " at \(mismatch.path)"
        throw Trouble.failed(
            expected: "\(self.text(pattern))\(place) as \(mismatch.expected)",
            actual: "\(mismatch.actual) in \(frame.line)")
    }

    private func expectEnd(
        _ codes: [String], _ deadline: ContinuousClock.Instant, _ setting: Setting
    ) async throws -> JSONValue {
        let wanted = "GOAWAY(\(codes.joined(separator: " or "))) and the end of the connection"
        try await self.readPreface(deadline, setting)
        while true {
            switch await self.connection.next(until: deadline) {
            case .frame(let frame):
                let view = try self.read(frame, setting)
                guard view.name == "GOAWAY", view.json["code"] != "NO_ERROR" else { continue }
                guard let code = view.json["code"]?.string, codes.contains(code) else {
                    throw Trouble.failed(expected: wanted, actual: view.line)
                }
                // It is its sender's last frame.
                switch await self.connection.next(until: deadline) {
                case .closed: return view.json
                case let next: throw Trouble.failed(expected: wanted, actual: "\(view.line), then \(self.text(next))")
                }
            case let next: throw Trouble.failed(expected: wanted, actual: self.text(next))
            }
        }
    }

    private func expectClosed(_ deadline: ContinuousClock.Instant, _ setting: Setting) async throws {
        if let frame = self.pending.first {
            throw Trouble.failed(expected: "the end of the connection", actual: frame.line)
        }
        while true {
            switch await self.connection.next(until: deadline) {
            case .closed:
                let rest = self.connection.rest
                guard rest == 0 else {
                    throw Trouble.failed(expected: "the end of the connection", actual: "\(rest) octets")
                }
                return
            case .frame(let frame):
                let view = try self.read(frame, setting)
                if Self.isNoise(view) { continue }
                throw Trouble.failed(expected: "the end of the connection", actual: view.line)
            case .timeout:
                throw Trouble.failed(expected: "the end of the connection", actual: "a connection that stays")
            }
        }
    }

    private func expectSilence(
        _ stream: Int?, _ name: String?, _ end: ContinuousClock.Instant, _ setting: Setting
    ) async throws {
        let isMeant: (FrameView) -> Bool = { frame in
            (name.map { $0 == frame.name } ?? !Self.isNoise(frame))
                && (stream.map { UInt32($0) == frame.stream } ?? true)
        }
        if let frame = self.pending.first(where: isMeant) {
            throw Trouble.failed(expected: "nothing", actual: frame.line)
        }
        while true {
            switch await self.connection.next(until: end) {
            case .frame(let frame):
                let view = try self.read(frame, setting)
                if isMeant(view) { throw Trouble.failed(expected: "nothing", actual: view.line) }
                try await self.answer(view, setting)
                if !Self.isNoise(view) { self.pending.append(view) }
            case .closed: throw Trouble.failed(expected: "nothing", actual: "the end of the connection")
            case .timeout:
                guard self.connection.rest == 0 else {
                    throw Trouble.failed(expected: "nothing", actual: "\(self.connection.rest) octets")
                }
                return
            }
        }
    }

    // MARK: Messages

    /// How long a stream must be silent to be taken for stalled, once it has said anything.
    private static let stall: Duration = .milliseconds(500)

    /// All frames of a stream, to END, RESET or a stall.
    private func collect(
        _ stream: UInt32, _ grants: Bool, _ untilStall: Bool, _ deadline: ContinuousClock.Instant, _ setting: Setting
    ) async throws -> JSONValue {
        try await self.readPreface(deadline, setting)
        var frames = self.pending.filter { $0.stream == stream }
        self.pending.removeAll { $0.stream == stream }
        var isOver: Bool { frames.last.map { $0.isEnd || $0.name == "RESET" } ?? false }
        while !isOver {
            // An agent may take its time to begin.
            let hasBegun = self.begun.contains(stream) || !frames.isEmpty
            let limit = untilStall && hasBegun ? min(deadline, .now + Self.stall) : deadline
            switch await self.connection.next(until: limit) {
            case .frame(let frame):
                let view = try self.read(frame, setting)
                if view.name == "GOAWAY" {
                    throw Trouble.failed(expected: "the end of stream \(stream)", actual: view.line)
                }
                try await self.answer(view, setting)
                guard view.stream == stream, !Self.isNoise(view) else {
                    if !Self.isNoise(view) { self.pending.append(view) }
                    continue
                }
                frames.append(view)
                self.begun.insert(stream)
                if grants, view.body != nil, !view.isEnd {
                    try await self.send(
                        [
                            [
                                "credit": [
                                    "stream": .integer(Int64(stream)),
                                    "increment": .integer(Int64(max(view.length, 1_024))),
                                ]
                            ]
                        ], setting)
                }
            case .timeout where untilStall: return self.summary(frames, isOver: false)
            case let next: throw Trouble.failed(expected: "the end of stream \(stream)", actual: self.text(next))
            }
        }
        return self.summary(frames, isOver: true)
    }

    /// What the frames of a stream have in common.
    private func summary(_ frames: [FrameView], isOver: Bool) -> JSONValue {
        let parts = frames.filter { $0.body != nil }
        let numbers = frames.compactMap { $0.json["seq"]?.int }
        let isContiguous = zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 }
        var summary: [String: JSONValue] = [
            "frames": .array(frames.map(\.json)), "ended": .bool(isOver),
            "octets": .integer(Int64(parts.reduce(0) { $0 + $1.length })),
            "largest": .integer(Int64(parts.map(\.length).max() ?? 0)),
            "messages": .array(parts.compactMap { $0.json["body"] }),
            "message_count": .integer(Int64(parts.count { $0.name == "MSG" })),
            "numbers": .array(numbers.map { .integer(Int64($0)) }), "contiguous": .bool(isContiguous),
            "ended_before": .array(self.pending.filter(\.isEnd).map { .integer(Int64($0.stream)) }),
            "all_numbered": .bool(numbers.count == parts.count { $0.name == "MSG" }),
        ]
        if let first = numbers.first, let last = numbers.last {
            summary["first"] = .integer(Int64(first))
            summary["last"] = .integer(Int64(last))
        }
        if let reply = frames.first, reply.name == "REPLY" { summary["epoch"] = reply.json["epoch"] }
        return .object(summary)
    }

    /// Octets of one fragment of an upload.
    private static let fragment = 16_376

    private func upload(_ message: JSONValue, _ deadline: ContinuousClock.Instant, _ setting: Setting) async throws {
        let writer = FrameWriter(tenant: setting.tenant)
        let value = try setting.variables.resolve(message)
        let body: [UInt8]
        let stream: Int
        do {
            body = try writer.body(value, value["of"]) ?? []
            stream = try FrameWriter.number(value["stream"], "stream", 1)
        } catch {
            throw Trouble.failed(expected: "a message that can be made", actual: error.text)
        }
        var credit = self.hello["settings"]?["STREAM_CREDIT"]?.int ?? 65_536
        var sent = 0
        while sent < body.count {
            let overhead = sent == 0 ? 4 : 0
            let size = min(body.count - sent, Self.fragment, max(credit - overhead, 0))
            guard size >= min(1_024, body.count - sent) else {
                let frame = try await self.expect(FramePattern(credit: stream), deadline, setting)
                credit += frame["increment"]?.int ?? 0
                continue
            }
            let octets = JSONValue.array(body[sent..<(sent + size)].map { .integer(Int64($0)) })
            let isLast = sent + size == body.count
            var members: [String: JSONValue] = [
                "stream": .integer(Int64(stream)), "octets_of": octets, "end": .bool(isLast),
            ]
            if sent == 0 { members["total"] = .integer(Int64(body.count)) }
            try await self.send([[sent == 0 ? "msg" : "data": .object(members)]], setting)
            credit -= size + overhead
            sent += size
        }
    }

    private func checkAlive(_ deadline: ContinuousClock.Instant, _ setting: Setting) async throws {
        self.pings += 1
        let opaque = Self.hex(FrameWriter.big(Int(0x6A75_6467_6500 + self.pings), 8), separator: "")
        try await self.send([["ping": ["opaque": .string(opaque)]]], setting)
        while true {
            switch await self.connection.next(until: deadline) {
            case .frame(let frame):
                let view = try self.read(frame, setting)
                if view.isAcknowledgement, view.json["opaque"]?.string == opaque { return }
                if view.name == "GOAWAY" { throw Trouble.failed(expected: "the answer to a PING", actual: view.line) }
                try await self.answer(view, setting)
                if !Self.isNoise(view) { self.pending.append(view) }
            case let next: throw Trouble.failed(expected: "the answer to a PING", actual: self.text(next))
            }
        }
    }

    // MARK: Frames

    /// Reads a frame, and completes the message that it belongs to.
    private func read(_ frame: FrameView, _ setting: Setting) throws -> FrameView {
        var frame = frame
        frame.read(encoding: self.opened[frame.stream]?.encoding ?? 1)
        if frame.name == "CALL", frame.problem == nil {
            self.opened[frame.stream] = FrameWriter.Opened(method: frame.payload[0], encoding: frame.payload[1])
        }
        if let body = frame.body, frame.problem == nil {
            var message = self.messages.removeValue(forKey: frame.stream) ?? (frame.total ?? 0, [])
            message.octets += body
            if message.octets.count > message.total {
                frame.problem = "it has more octets than its message lacks"
            } else if message.octets.count == message.total, frame.name == "MSG" || !body.isEmpty {
                if let opened = self.opened[frame.stream] {
                    if let value = FrameMessages.answer(message.octets, opened) {
                        frame.json["body"] = value
                    } else {
                        frame.problem = "its message is not of its type and encoding"
                    }
                }
            } else if !message.octets.isEmpty || message.total > 0 {
                self.messages[frame.stream] = message
            }
        }
        setting.trace.add(.received, frame.line)
        if let problem = frame.problem {
            throw Trouble.failed(expected: "a frame of A2A over TCP", actual: "\(problem): \(frame.line)")
        }
        return frame
    }

    private func answer(_ frame: FrameView, _ setting: Setting) async throws {
        guard frame.name == "PING", !frame.isAcknowledgement, self.answersPings else { return }
        try await self.send([["ping": ["opaque": frame.json["opaque"] ?? "", "ack": true]]], setting)
    }

    private func text(_ pattern: FramePattern) -> String {
        "\(pattern.frame ?? "a frame")\(pattern.stream.map { " on stream \($0)" } ?? "")"
    }

    private func text(_ next: FrameConnection.Next) -> String {
        switch next {
        case .frame(var frame):
            frame.read(encoding: self.opened[frame.stream]?.encoding ?? 1)
            return frame.line
        case .closed(let isReset): return isReset ? "a reset of the connection" : "the end of the connection"
        case .timeout: return "nothing in time"
        }
    }

    private static func hex(_ octets: [UInt8], separator: String = " ") -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: separator)
    }
}
