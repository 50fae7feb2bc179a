import A2A
import HTTPTypes
import Hummingbird
import NIOCore

/// What both JSON bindings do with a request before and after the call.
struct HTTPCall {
    let configuration: HTTPServerConfiguration
    let request: Request
    /// Who waits for the answer, where that is known.
    let caller: CallerWatch?
    private let fields: Fields

    init(configuration: HTTPServerConfiguration, request: Request, caller: CallerWatch? = nil) {
        self.configuration = configuration
        self.request = request
        self.caller = caller
        self.fields = Fields(request.headers)
    }

    /// The header fields that a call is made of, found in one pass.
    private struct Fields {
        var version: String?
        var extensions: String?
        var lastEventID: String?
        var contentType: String?
        var contentLength: String?

        init(_ headers: HTTPFields) {
            for field in headers {
                switch field.name {
                case .contentType: self.contentType = field.value
                case .contentLength: self.contentLength = field.value
                case .a2aVersion: self.version = field.value
                case .a2aExtensions: self.extensions = self.extensions.map { "\($0),\(field.value)" } ?? field.value
                case .lastEventID: self.lastEventID = field.value
                default: continue
                }
            }
        }
    }

    /// The context of the call.
    ///
    /// - Parameter versionParameter: The version given as a query parameter, if any; the header wins.
    /// - Throws: ``A2AError`` with `.versionNotSupported`.
    func context(
        binding: ProtocolBinding, tenant: String = "", versionParameter: @autoclosure () -> String?
    ) throws -> CallContext {
        CallContext(
            tenant: tenant,
            version: try ProtocolVersion.negotiate(
                self.fields.version ?? versionParameter(), supported: self.configuration.versions,
                assumed: self.configuration.assumedVersion),
            requestedExtensions: ExtensionNegotiation.parse(self.fields.extensions),
            resumeAfter: self.fields.lastEventID.flatMap { ResumeExtension.number($0) },
            parameters: ServiceParameters(self.request.headers),
            binding: binding.rawValue
        )
    }

    /// Refuses bodies that say that they are something else than JSON; one that says nothing is taken for JSON.
    func checkContentType() throws(HTTPRefusal) {
        guard let type = self.fields.contentType, type != "application/json" else { return }
        guard MediaType.accepts(["application/json", "application/a2a+json"], type) else {
            throw HTTPRefusal(
                .unsupportedMediaType,
                A2AError(
                    .invalidRequest,
                    "The content type '\(type.prefix(100))' is not supported; send application/json or "
                        + "application/a2a+json."))
        }
    }

    /// How much of a body that is too large is still read, in bytes: 64 MiB.
    ///
    /// A connection that is closed while bytes of its peer are unread is reset, and the answer can be lost with it.
    static let maxDiscardedBytes = 64 << 20

    /// The whole body.
    ///
    /// - Throws: ``HTTPRefusal`` with 413 if it is too large, once the rest has been read too, as far as ``maxDiscardedBytes`` goes.
    func body() async throws -> [UInt8] {
        let limit = self.configuration.maxBodyBytes
        let most = limit.addingReportingOverflow(Self.maxDiscardedBytes)
        let readable = most.overflow ? Int.max : most.partialValue
        let declared = self.fields.contentLength.flatMap { Int($0) } ?? 0
        guard declared <= readable else { throw HTTPRefusal.tooLarge(limit: limit) }
        var bytes: [UInt8] = []
        var count = 0
        for try await buffer in self.request.body {
            count += buffer.readableBytes
            guard count <= readable else { break }
            if max(count, declared) > limit {
                bytes = []
            } else {
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        }
        guard count <= limit else { throw HTTPRefusal.tooLarge(limit: limit) }
        return bytes
    }

    /// Performs the call, and cancels it when the caller leaves.
    ///
    /// To be begun when the request has been read: what broke off before tells so itself.
    func perform(_ body: () async throws -> Response) async throws -> Response {
        guard let caller = self.caller else { return try await body() }
        return try await caller.during(body)
    }

    /// An answer in JSON.
    static func response(
        _ status: HTTPResponse.Status = .ok, _ body: [UInt8], contentType: String, context: CallContext? = nil
    ) -> Response {
        var headers: HTTPFields = [.contentType: contentType]
        Self.addParameters(of: context, to: &headers)
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    static func addParameters(of context: CallContext?, to headers: inout HTTPFields) {
        guard let activated = context?.response.activatedExtensions, !activated.isEmpty else { return }
        headers[.a2aExtensions] = activated.joined(separator: ",")
    }

    /// Adds what HTTP has its own fields for: the challenge of a 401, the time to wait.
    static func addFields(for error: A2AError, to headers: inout HTTPFields) {
        if error.code == .unauthenticated { headers[.wwwAuthenticate] = error.challenge ?? "Bearer realm=\"a2a\"" }
        if let delay = error.retryDelay {
            headers[.retryAfter] = String(max(1, delay.components.seconds))
        }
    }
}

/// A request that HTTP itself refuses, before the binding can read it.
struct HTTPRefusal: Error {
    var status: HTTPResponse.Status
    var error: A2AError
    /// The methods to use instead, for 405.
    var allowed: [HTTPRequest.Method] = []

    init(_ status: HTTPResponse.Status, _ error: A2AError, allowed: [HTTPRequest.Method] = []) {
        self.status = status
        self.error = error
        self.error.code = error.code.withHTTPStatus(status.code)
        self.allowed = allowed
    }

    /// Names the methods that a 405 must name.
    func addAllow(to headers: inout HTTPFields) {
        guard !self.allowed.isEmpty else { return }
        headers[.allow] = self.allowed.map(\.rawValue).joined(separator: ", ")
    }

    static func tooLarge(limit: Int) -> HTTPRefusal {
        HTTPRefusal(
            .contentTooLarge,
            A2AError(.requestTooLarge, "The body is larger than this agent accepts (\(limit) bytes)."))
    }
}

extension HTTPResponse.Status {
    /// The status of an error on the HTTP+JSON binding (§5.4).
    init(_ error: A2AError) { self.init(code: error.code.http) }
}
