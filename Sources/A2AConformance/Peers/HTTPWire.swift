import A2A
import A2AClient
import A2AHTTP
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// HTTP as it is: no header field is added that the caller did not ask for, beside those that HTTP itself needs.
struct HTTPWire: Sendable {
    /// The largest answer that is not a stream, in bytes: 8 MiB.
    static let maxBody = 8 << 20
    /// How long making a connection may take.
    static let connectTimeout: Duration = .seconds(5)
    static let userAgent = "a2a-conformance"

    let client: HTTPClient

    struct Request: Sendable {
        var method: String
        var url: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]?
    }

    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        /// The media type without its parameters, in lower case.
        var contentType: String? {
            self.headers["content-type"]?.prefix { $0 != ";" }.trimmed.lowercased()
        }
    }

    /// Why there is no answer.
    enum Failure: Error {
        case unreachable(String)
        case noAnswer(String)
        case invalid(String)

        var outcome: Exchange.Outcome {
            switch self {
            case .unreachable(let reason): .unreachable(reason)
            case .noAnswer(let reason): .noAnswer(reason)
            case .invalid(let reason): .invalid(reason)
            }
        }
    }

    // MARK: Exchanges

    /// Sends a request and reads the whole answer.
    func send(_ request: Request, deadline: ContinuousClock.Instant, trace: WireTrace) async throws(Failure) -> Answer {
        try await self.run(request, deadline, trace) { response in
            try await Self.collect(response, trace)
        }
    }

    /// What came for the request of a stream.
    enum StreamAnswer: Sendable {
        /// It is no stream.
        case plain(Answer)
        case events(headers: [String: String], StreamEnd)
    }

    /// Sends a request and reads server-sent events as they come.
    ///
    /// - Parameters:
    ///   - hold: Called after each event; whether it has waited, and the reading is over.
    ///   - take: Takes the data of an event; what it returns ends the reading.
    func stream(
        _ request: Request, deadline: ContinuousClock.Instant, trace: WireTrace,
        hold: @escaping @Sendable () async -> Bool,
        _ take: @escaping @Sendable ([UInt8]) -> StreamEnd?
    ) async throws(Failure) -> StreamAnswer {
        let head = Head()
        do {
            return try await self.run(request, deadline, trace) { response in
                let headers = Self.headers(response.headers)
                let type = headers["content-type"]?.prefix { $0 != ";" }.trimmed.lowercased()
                guard response.status.code == 200, type == "text/event-stream" else {
                    return .plain(try await Self.collect(response, trace))
                }
                Self.trace(response, trace)
                head.set(headers)
                return .events(headers: headers, await Self.read(response.body, trace, hold, take))
            }
        } catch {
            // Once events came, that their end did not come in time is for the expectations to judge.
            guard let headers = head.value, case .noAnswer = error else { throw error }
            return .events(headers: headers, .timedOut)
        }
    }

    private func run<Value: Sendable>(
        _ request: Request, _ deadline: ContinuousClock.Instant, _ trace: WireTrace,
        _ body: @escaping @Sendable (HTTPClientResponse) async throws -> Value
    ) async throws(Failure) -> Value {
        let (http, client, url) = (self.make(request, trace), self.client, request.url)
        let started = ContinuousClock.now
        do {
            return try await withDeadline(deadline) {
                let response: HTTPClientResponse
                do {
                    response = try await client.execute(http, deadline: .distantFuture)
                } catch {
                    throw HTTPFailure.error(error, url: url, hasAnswer: false)
                }
                return try await body(response)
            }
        } catch let failure as Failure {
            trace.add(.note, "\(failure)")
            throw failure
        } catch let error as A2AError {
            let failure = Self.failure(error, waited: ContinuousClock.now - started)
            trace.add(.note, error.message)
            throw failure
        } catch {
            trace.add(.note, "\(error)")
            throw .noAnswer("\(error)")
        }
    }

    private static func failure(_ error: A2AError, waited: Duration) -> Failure {
        switch error.code {
        case .deadlineExceeded, .canceled: .noAnswer("no answer came within \(waited.seconds)")
        case .invalidParams: .unreachable(error.message)
        default: error.isSurelyNotSent ? .unreachable(error.message) : .noAnswer(error.message)
        }
    }

    private func make(_ request: Request, _ trace: WireTrace) -> HTTPClientRequest {
        var http = HTTPClientRequest(url: request.url)
        http.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { http.headers.add(name: name, value: value) }
        if !http.headers.contains(name: "User-Agent") { http.headers.add(name: "User-Agent", value: Self.userAgent) }
        if let body = request.body { http.body = .bytes(ByteBuffer(bytes: body)) }
        let fields = http.headers.map { Redactor.field($0.name, $0.value) }
        trace.add(.sent, (["\(request.method) \(request.url)"] + fields).joined(separator: "\n"))
        if let body = request.body { trace.add(.sent, body: body) }
        return http
    }

    // MARK: Answers

    private static func collect(_ response: HTTPClientResponse, _ trace: WireTrace) async throws -> Answer {
        Self.trace(response, trace)
        var body: [UInt8] = []
        do {
            for try await buffer in response.body {
                // An agent that floods us leaves no gap in which a wait could be cancelled.
                try Task.checkCancellation()
                body.append(contentsOf: buffer.readableBytesView)
                guard body.count <= Self.maxBody else {
                    trace.add(.received, body: body)
                    throw Failure.invalid("the answer is larger than \(Self.maxBody) bytes")
                }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            trace.add(.received, body: body)
            throw HTTPFailure.error(error, url: nil, hasAnswer: true)
        }
        trace.add(.received, body: body)
        return Answer(status: Int(response.status.code), headers: Self.headers(response.headers), body: body)
    }

    private static func read(
        _ body: HTTPClientResponse.Body, _ trace: WireTrace, _ hold: @Sendable () async -> Bool,
        _ take: @Sendable ([UInt8]) -> StreamEnd?
    ) async -> StreamEnd {
        var parser = SSEParser()
        var events: [SSEEvent] = []
        var total = 0
        do {
            for try await buffer in body {
                // As above: between bytes that never cease nobody waits.
                guard !Task.isCancelled else { return .timedOut }
                total += buffer.readableBytes
                guard total <= EventLog.maxBytes else { return .invalid("more than \(EventLog.maxBytes) bytes came") }
                try parser.push(Array(buffer.readableBytesView)[...], into: &events)
                for event in events {
                    trace.add(.received, body: Array("data: ".utf8) + event.data)
                    if let end = take(event.data) { return end }
                    if await hold() { return .stopped }
                }
                events.removeAll(keepingCapacity: true)
            }
            return .closed
        } catch let error as A2AError {
            return .invalid(error.message)
        } catch {
            let error = HTTPFailure.error(error, url: nil, hasAnswer: true)
            trace.add(.note, error.message)
            return error.code == .canceled ? .timedOut : .broken(error.message)
        }
    }

    private static func headers(_ headers: HTTPHeaders) -> [String: String] {
        Dictionary(headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
    }

    private static func trace(_ response: HTTPClientResponse, _ trace: WireTrace) {
        let fields = response.headers.map { Redactor.field($0.name, $0.value) }
        trace.add(.received, (["HTTP \(response.status.code)"] + fields).joined(separator: "\n"))
    }
}

extension Duration {
    /// As text: `10 s`, `0.25 s`.
    package var seconds: String {
        let milliseconds = self.milliseconds
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000) s" }
        return "\(Double(milliseconds) / 1000) s"
    }

    /// Whole milliseconds.
    package var milliseconds: Int {
        Int(self.components.seconds) * 1000 + Int(self.components.attoseconds / 1_000_000_000_000_000)
    }
}
