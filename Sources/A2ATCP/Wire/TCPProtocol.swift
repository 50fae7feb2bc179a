/// What both sides of the binding agree on.
enum TCPProtocol {
    /// The identifier of the binding in the TLS handshake.
    static let alpn = "a2a-tcp/1"
    /// The scheme of addresses without protection, and with TLS.
    static let plainScheme = "a2a+tcp"
    static let secureScheme = "a2a+tls"
    /// The port of `a2a+tls` addresses that name none.
    static let defaultSecurePort = 41632
}
