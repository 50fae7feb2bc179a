import A2A
import A2AConformance
import A2AHTTP
import A2AServer
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// HTTP with something wrong on the way.
struct FilteredHTTPBinding: ServerBinding {
    let configuration: HTTPServerConfiguration
    let filter: HTTPFilter

    func serve(
        _ service: any A2AService, logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let router = Router(context: BasicRequestContext.self)
        A2ARoutes(service: service, configuration: self.configuration).add(to: router)
        let responder = router.buildResponder()
        let application = Application(
            responder: CallbackResponder { (request: Request, context: BasicRequestContext) in
                try await self.respond(to: request, context, responder)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(self.configuration.host, port: self.configuration.port)),
            onServerRunning: { channel in
                let base = "http://\(self.configuration.host):\(channel.localAddress?.port ?? 0)"
                await onListening(
                    BindingEndpoint(
                        address: base, interfaces: HTTPBinding.interfaces(base: base, self.configuration)))
            },
            logger: logger)
        try await application.run()
    }

    private func respond(
        to request: Request, _ context: BasicRequestContext, _ responder: some HTTPResponder<BasicRequestContext>
    ) async throws -> Response {
        let body = try await request.body.collect(upTo: self.configuration.maxBodyBytes)
        var seen = HTTPFilter.Request(
            method: request.method, path: request.head.path ?? "/", headers: request.headers,
            body: Array(body.readableBytesView))
        self.filter.request?(&seen)
        if let answer = self.filter.instead?(seen) { return Self.response(answer) }
        var head = request.head
        head.method = seen.method
        head.path = seen.path
        head.headerFields = seen.headers
        let changed = Request(head: head, body: .init(buffer: ByteBuffer(bytes: seen.body)))
        let response = try await responder.respond(to: changed, context: context)
        let isStream = response.headers[.contentType]?.hasPrefix("text/event-stream") ?? false
        var answer = HTTPFilter.Answer(
            status: response.status.code, headers: response.headers,
            body: isStream ? [] : try await Collector.bytes(of: response.body), isStream: isStream)
        self.filter.answer?(seen, &answer)
        guard isStream else { return Self.response(answer) }
        let (original, event) = (response.body, self.filter.event)
        let request = seen
        return Response(
            status: .init(code: answer.status), headers: answer.headers,
            body: ResponseBody { writer in
                try await original.write(writer.changingEvents { event?(request, &$0) })
            })
    }

    private static func response(_ answer: HTTPFilter.Answer) -> Response {
        var headers = answer.headers
        headers[.contentLength] = nil
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    var description: String { "HTTP(\(self.configuration.host):\(self.configuration.port), filtered)" }
}

/// Takes a whole body.
private final class Collector: ResponseBodyWriter {
    private var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) async throws { self.bytes.append(contentsOf: buffer.readableBytesView) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}

    static func bytes(of body: ResponseBody) async throws -> [UInt8] {
        let collector = Collector()
        try await body.write(collector)
        return collector.bytes
    }
}

/// Changes the data of server-sent events as they are written.
private struct EventWriter<Parent: ResponseBodyWriter>: ResponseBodyWriter {
    fileprivate var base: Parent
    fileprivate let change: @Sendable (inout JSONValue) -> Void
    private var rest: [UInt8] = []

    init(_ base: Parent, _ change: @escaping @Sendable (inout JSONValue) -> Void) {
        self.base = base
        self.change = change
    }

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        self.rest.append(contentsOf: buffer.readableBytesView)
        let end: [UInt8] = [10, 10]
        while let range = self.rest.firstRange(of: end) {
            let block = self.rest[..<range.lowerBound].split(separator: 10)
            self.rest.removeSubrange(..<range.upperBound)
            let lines = block.map { line in self.changed(Array(line)) }
            try await self.base.write(ByteBuffer(bytes: lines.joined(separator: [10]) + end))
        }
    }

    private func changed(_ line: [UInt8]) -> [UInt8] {
        let prefix = Array("data: ".utf8)
        guard line.starts(with: prefix), var json = try? JSONValue(parsing: Array(line.dropFirst(prefix.count))) else {
            return line
        }
        self.change(&json)
        return prefix + json.bytes
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await self.base.finish(trailingHeaders)
    }
}

extension ResponseBodyWriter {
    fileprivate consuming func changingEvents(
        _ change: @escaping @Sendable (inout JSONValue) -> Void
    ) -> some ResponseBodyWriter {
        EventWriter(self, change)
    }
}
