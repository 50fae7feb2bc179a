import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many connections each address has whose peers have not said who they are (spec/bindings/tcp.md §10.7).
///
/// An IPv6 address counts as its first 64 bits, since whoever has one has all of them. Loopback is not counted: there the
/// operator's own programs and proxies call from one address.
struct TCPAddressCounts {
    let limit: Int
    private var counts: [[UInt8]: Int] = [:]

    init(limit: Int) { self.limit = max(limit, 1) }

    /// What an address is counted by; `nil` if it is not.
    static func key(_ address: SocketAddress?) -> [UInt8]? {
        guard let address, !address.isLoopback, let text = address.ipAddress else { return nil }
        guard case .v6 = address else { return Array(text.utf8) }
        var octets = [UInt8](repeating: 0, count: 16)
        guard octets.withUnsafeMutableBytes({ inet_pton(AF_INET6, text, $0.baseAddress) }) == 1 else {
            return Array(text.utf8)
        }
        // An IPv4 address in the form of IPv6 counts as what it is.
        let isMapped = octets.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        return isMapped
            ? Array(octets.suffix(4).map { "\($0)" }.joined(separator: ".").utf8) : Array(octets.prefix(8))
    }

    /// - Returns: Whether there is room for one more; it is counted then.
    mutating func add(_ key: [UInt8]) -> Bool {
        let count = self.counts[key, default: 0]
        guard count < self.limit else { return false }
        self.counts[key] = count + 1
        return true
    }

    mutating func remove(_ key: [UInt8]) {
        guard let count = self.counts[key] else { return }
        self.counts[key] = count > 1 ? count - 1 : nil
    }
}
