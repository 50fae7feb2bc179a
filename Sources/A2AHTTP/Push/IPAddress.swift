#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An IP address.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes, as on the wire.
    public let bytes: [UInt8]
    public let description: String

    /// - Parameter text: An address in the usual form, without brackets, zone or port; `nil` for anything else.
    public init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.bytes = withUnsafeBytes(of: &six) { Array($0) }
        } else {
            return nil
        }
        self.description = text
    }

    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.bytes == rhs.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.bytes) }
}

/// A range of IP addresses: `10.0.0.0/8`, `fd00::/8`.
public struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
    public let address: IPAddress
    /// How many of the first bits count.
    public let prefixLength: Int

    /// - Parameter text: An address and a prefix length, or an address alone; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        let bits = address.bytes.count * 8
        guard parts.count == 2 else {
            (self.address, self.prefixLength) = (address, bits)
            return
        }
        guard let length = Int(parts[1]), (0...bits).contains(length) else { return nil }
        (self.address, self.prefixLength) = (address, length)
    }

    /// Whether an address lies in the range. An IPv4 address never lies in a range of IPv6.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == self.address.bytes.count else { return false }
        let whole = self.prefixLength / 8
        guard address.bytes[..<whole] == self.address.bytes[..<whole] else { return false }
        let rest = self.prefixLength % 8
        guard rest > 0 else { return true }
        return (address.bytes[whole] ^ self.address.bytes[whole]) >> (8 - rest) == 0
    }

    public var description: String { "\(self.address)/\(self.prefixLength)" }
}

/// Addresses that are not those of somebody on the public Internet (RFC 6890 and its registries).
enum SpecialAddresses {
    /// The ranges, with what they are for. The first that has an address names it.
    static let ranges: [(network: IPNetwork, kind: String)] = [
        // Where clouds tell machines their secrets.
        ("169.254.169.254/32", "a metadata address"), ("169.254.170.2/32", "a metadata address"),
        ("100.100.100.200/32", "a metadata address"), ("192.0.0.192/32", "a metadata address"),
        ("168.63.129.16/32", "a metadata address"), ("fd00:ec2::254/128", "a metadata address"),
        ("fd20:ce::254/128", "a metadata address"),
        ("127.0.0.0/8", "a loopback address"), ("::1/128", "a loopback address"),
        ("0.0.0.0/8", "an unspecified address"), ("::/128", "an unspecified address"),
        ("10.0.0.0/8", "a private address"), ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"), ("fc00::/7", "a private address"),
        ("fec0::/10", "a private address"),
        ("100.64.0.0/10", "an address shared behind carriers' gateways"),
        ("169.254.0.0/16", "a link-local address"), ("fe80::/10", "a link-local address"),
        ("224.0.0.0/4", "a multicast address"), ("ff00::/8", "a multicast address"),
        ("192.0.0.0/24", "a reserved address"), ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a reserved address"), ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"), ("203.0.113.0/24", "an address for documentation"),
        ("240.0.0.0/4", "a reserved address"),
        // Detours to IPv4 addresses.
        ("::ffff:0:0/96", "an IPv4 address written as IPv6"), ("::/96", "an IPv4 address written as IPv6"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64"), ("64:ff9b:1::/48", "an IPv4 address behind NAT64"),
        ("2002::/16", "an IPv4 address behind 6to4"), ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address for documentation"), ("3fff::/20", "an address for documentation"),
    ].compactMap { text, kind in IPNetwork(text).map { ($0, kind) } }

    /// All that IPv6 has given out for the public Internet so far.
    private static let globalUnicast = IPNetwork("2000::/3")

    /// What makes an address special, to be said after "is"; `nil` for a public one.
    static func kind(of address: IPAddress) -> String? {
        if let range = Self.ranges.first(where: { $0.network.contains(address) }) { return range.kind }
        if address.bytes.count == 16, Self.globalUnicast?.contains(address) != true { return "a reserved address" }
        return nil
    }

    static func isLoopback(_ address: IPAddress) -> Bool { Self.kind(of: address) == "a loopback address" }
}
