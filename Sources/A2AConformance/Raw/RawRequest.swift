#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request that is sent as the document has it (ACTS §4.4).
struct RawRequest: Sendable {
    enum Body: Sendable {
        case none
        case json(JSONValue)
        case text(String)
    }

    /// The base that a relative path is put to (conformance/format.md).
    enum Base: String, Sendable, CaseIterable {
        /// The URL of the binding's interface.
        case interface
        /// Scheme and host of the agent's card.
        case origin
    }

    var method: String
    var path: String
    var headers: [(name: String, value: String)] = []
    var body: Body = .none
    /// `x-exact`: no header field is added.
    var isExact = false
    /// `x-base`.
    var base: Base?
    /// `x-bytes`, `x-bytes_base64`: sent on a bare connection in place of the request.
    var bytes: [UInt8]?
    /// `x-handshake`: only a TLS handshake with the interface, in place of the request.
    var handshake: TLSHandshake.Offer?
    var line: Int

    static let methods = ["GET", "POST", "PUT", "DELETE"]

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'raw' of \(what)", file: file, keys: ["method", "path", "headers", "body", "body_raw"])
        self.line = node.line
        _ = try map.requiredText("method")
        // `x-method` has methods that ACTS has not.
        let method = try map.choice("method", Self.methods) ?? ""
        self.method = try map.text("x-method") ?? method
        guard !self.method.isEmpty, self.method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw map.refuse("x-method", "'x-method' of \(what) must be in capital letters")
        }
        guard let path = try map.text("path") else { throw map.refuse("path", "'raw' of \(what) has no 'path'") }
        self.path = path
        self.headers = (try map.textMap("headers") ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let body = map.node("body") { self.body = .json(body.json) }
        if let text = try map.text("body_raw") {
            if map.has("body") {
                throw map.refuse("body_raw", "\(what) has body and body_raw; a request has one of them")
            }
            self.body = .text(text)
        }
        self.isExact = try map.flag("x-exact") ?? false
        self.base = try map.choice("x-base", Base.allCases.map(\.rawValue)).flatMap(Base.init)
        if let text = try map.text("x-bytes") { self.bytes = Array(text.utf8) }
        self.handshake = try map.node("x-handshake").map { node throws(DocumentError) in
            try TLSHandshake.Offer(node, what, file: file)
        }
        if let text = try map.text("x-bytes_base64") {
            guard let data = Data(base64Encoded: text) else {
                throw map.refuse("x-bytes_base64", "'x-bytes_base64' of \(what) is not base64")
            }
            self.bytes = Array(data)
        }
    }
}
