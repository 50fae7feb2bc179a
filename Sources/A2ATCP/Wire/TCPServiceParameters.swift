import A2A
import HTTPTypes

/// The names of parameters that this binding reads and writes itself (spec/bindings/tcp.md §7).
enum TCPParameterName {
    static let extensions = "a2a-extensions"
    static let version = "a2a-version"
    static let authorization = "authorization"
    static let cookie = "cookie"
    static let resumeCursor = "resume-cursor"
    static let traceParent = "traceparent"
    /// A service parameter of ours, on every binding: where a subscription goes on.
    static let lastEventID = "last-event-id"

    /// Whether a name belongs to HTTP or this binding, so that no parameter may set it.
    static func isReserved(_ key: String) -> Bool {
        switch key {
        case Self.version, Self.extensions, Self.authorization, Self.cookie, Self.resumeCursor, Self.lastEventID,
            "method", "endpoint-id", "agent", "card-etag", "cache-max-age", "task-epoch", "notification-token", "te",
            "content-type", "content-length", "content-encoding", "accept", "accept-encoding", "transfer-encoding",
            "connection", "keep-alive", "proxy-connection", "upgrade", "trailer", "host", "user-agent":
            true
        default: false
        }
    }
}

// MARK: - The server's side

extension CallContext {
    /// What most calls say, made once.
    private static let version1: HTTPFields = [.a2aVersion: "1.0"]

    /// The context of a call that came.
    ///
    /// - Parameter credentials: The content of the call's slot when it came.
    init(_ call: TCPCall, credentials: HTTPFields, principal: Principal) {
        var fields = credentials
        if credentials.isEmpty, call.version == .v1 {
            fields = Self.version1
        } else {
            fields[.a2aVersion] = "\(call.version.major).\(call.version.minor)"
        }
        var resumeAfter: Int64?
        var extensions: String?
        for entry in call.parameters.entries {
            switch entry.key {
            case TCPParameterName.extensions: extensions = entry.value
            case TCPParameterName.lastEventID: resumeAfter = ResumeExtension.number(entry.value)
            case TCPParameterName.cookie, TCPParameterName.resumeCursor: continue
            default: break
            }
            // What a slot says stays: a parameter cannot stand in for a credential.
            guard let name = HTTPField.Name(entry.key), fields[name] == nil else { continue }
            fields.append(HTTPField(name: name, value: entry.value))
        }
        if let trace = call.trace, let name = HTTPField.Name(TCPParameterName.traceParent) {
            fields[name] = trace.header
        }
        let timeout = call.timeoutMilliseconds
        self.init(
            principal: principal,
            version: ProtocolVersion(major: Int(call.version.major), minor: Int(call.version.minor)),
            requestedExtensions: ExtensionNegotiation.parse(extensions),
            deadline: timeout > 0 ? ContinuousClock.now.advanced(by: .milliseconds(Int64(timeout))) : nil,
            resumeAfter: resumeAfter,
            parameters: ServiceParameters(fields),
            binding: ProtocolBinding.tcp.rawValue)
    }
}

extension HTTPFields {
    /// What a slot says, as an HTTP request would.
    init(_ credentials: TCPCredentials) {
        self.init()
        for entry in credentials.entries {
            switch entry.kind {
            case .authorization:
                self[.authorization] = "\(entry.name) \(entry.value)"
            case .cookieKey:
                let pair = "\(entry.name)=\(entry.value)"
                self[.cookie] = self[.cookie].map { "\($0); \(pair)" } ?? pair
            case .headerKey, .queryKey:
                // Authenticators see no query; they find the key under its name.
                guard let name = HTTPField.Name(entry.name) else { continue }
                self[name] = entry.value
            }
        }
    }
}

extension TCPTraceContext {
    /// The value of a `traceparent` header.
    var header: String {
        let trace = Self.hex(self.traceID.high, 16) + Self.hex(self.traceID.low, 16)
        return "00-\(trace)-\(Self.hex(self.parentID, 16))-\(Self.hex(UInt64(self.flags), 2))"
    }

    /// Reads a `traceparent` header of version 00.
    init?(_ header: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00", parts[1].utf8.count == 32, parts[2].utf8.count == 16,
            parts[3].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) } }),
            let high = UInt64(parts[1].prefix(16), radix: 16), let low = UInt64(parts[1].suffix(16), radix: 16),
            let parent = UInt64(parts[2], radix: 16), let flags = UInt8(parts[3], radix: 16),
            (high, low) != (0, 0), parent != 0
        else { return nil }
        self.init(traceID: (high, low), parentID: parent, flags: flags)
    }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: Swift.max(0, digits - text.count)) + text
    }
}

// MARK: - The client's side

extension TCPCall {
    /// The frame of a call, and the credentials that belong into its slot.
    ///
    /// - Parameters:
    ///   - keyNames: Names of header fields, in lower case, that carry API keys.
    ///   - cursor: Where ResumeStream goes on.
    /// - Throws: ``A2AError`` with `.invalidParams` if the parameters are more than a frame takes.
    static func make(
        _ method: TCPMethod, encoding: TCPEncoding, context: CallContext, keyNames: Set<String>,
        cursor: TCPCursor? = nil
    ) throws -> (call: TCPCall, credentials: [TCPCredentials.Entry]) {
        var call = TCPCall(method, encoding: encoding)
        call.version = Version(
            major: UInt8(clamping: context.version.major), minor: UInt8(clamping: context.version.minor))
        let extensions = context.requestedExtensions.joined(separator: ",")
        if !extensions.isEmpty { call.parameters[TCPParameterName.extensions] = extensions }
        var credentials: [TCPCredentials.Entry] = []
        for field in context.parameters.fields {
            let key = field.name.canonicalName
            let value = field.value
            switch key {
            case TCPParameterName.authorization:
                let words = value.split(separator: " ", maxSplits: 1)
                guard let scheme = words.first else { continue }
                let rest = words.count > 1 ? String(words[1]) : ""
                credentials.append(.init(.authorization, name: String(scheme), value: rest))
            case TCPParameterName.cookie:
                for pair in value.split(separator: ";") {
                    let parts = pair.trimmingSpaces.split(separator: "=", maxSplits: 1)
                    guard parts.count == 2 else { continue }
                    credentials.append(.init(.cookieKey, name: String(parts[0]), value: String(parts[1])))
                }
            case TCPParameterName.traceParent:
                call.trace = TCPTraceContext(value)
                if call.trace == nil { call.parameters.add(key, value) }
            case _ where keyNames.contains(key):
                credentials.append(.init(.headerKey, name: key, value: value))
            case _ where TCPParameterName.isReserved(key): continue
            default: call.parameters.add(key, value)
            }
        }
        if let problem = call.parameters.problem {
            throw A2AError(.invalidParams, "The call's parameters cannot be sent: \(problem).")
        }
        if let cursor { call.parameters[TCPParameterName.resumeCursor] = cursor.text }
        if method == .init(.subscribeToTask), let number = context.resumeAfter {
            call.parameters[TCPParameterName.lastEventID] = "\(number)"
        }
        return (call, credentials)
    }
}

extension TCPParameters {
    /// Adds a value; values of one name are joined by commas, as HTTP does.
    fileprivate mutating func add(_ key: String, _ value: String) {
        self[key] = self[key].map { "\($0),\(value)" } ?? value
    }
}
