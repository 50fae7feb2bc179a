import A2A
import FoundationEssentials

/// Where a server may send requests to on a caller's word.
///
/// By default: `https` only, and only to addresses of the public Internet. The address counts to which the connection is made, not
/// the name; names lead elsewhere tomorrow (DNS rebinding), so they are resolved and checked anew for every request.
public struct EgressPolicy: Sendable {
    /// The only hosts that are allowed: names, or `*.` and a domain for all names below it. Empty allows all. Default: empty.
    public var allowedHosts: [String] = []
    /// Hosts that are never allowed, in the same form.
    public var deniedHosts: [String] = []
    /// Addresses that are allowed although they are not public, such as those of one's own services.
    public var allowedNetworks: [IPNetwork] = []
    /// Addresses that are never allowed.
    public var deniedNetworks: [IPNetwork] = []
    /// Allows `http` too, wherever it leads to. Everybody on the way can read tokens and notifications then.
    public var insecurelyAllowsPlaintext = false
    /// Allows loopback addresses, with `http` too. For development only: callers reach whatever listens on this machine.
    public var insecurelyAllowsLoopback = false

    public init() {}

    /// Why something is refused, to be said after the name of the field: "leads to a private address".
    struct Refusal: Error, Equatable {
        var reason: String
    }

    /// A URL whose text is allowed; the address that it leads to is still to be checked.
    struct Target: Sendable, Equatable {
        /// The URL, put together anew of what was checked: whoever reads it reads the same.
        var url: String
        var isSecure: Bool
        /// In lower case, without brackets.
        var host: String
        var port: Int
        /// The address, if the host is one.
        var address: IPAddress?
    }

    /// Checks everything about a URL that can be told from its text.
    func check(url text: String) throws(Refusal) -> Target {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let given = parts.percentEncodedHost
        else { throw Refusal(reason: "must be an absolute http or https URL") }
        guard parts.user == nil, parts.password == nil else {
            throw Refusal(reason: "must have no user information; send credentials in 'authentication'")
        }
        guard WebURL.hasUsablePort(text) else { throw Refusal(reason: "must have a port from 1 to 65535") }
        let isSecure = scheme == "https"
        guard isSecure || self.insecurelyAllowsPlaintext || self.insecurelyAllowsLoopback else {
            throw Refusal(reason: "must be an https URL")
        }
        let host = (given.hasPrefix("[") && given.hasSuffix("]") ? String(given.dropFirst().dropLast()) : given)
            .lowercased()
        let address = IPAddress(host)
        guard address != nil || Self.isName(host) else {
            throw Refusal(reason: "must have a host that is a DNS name in plain ASCII, or an IP address")
        }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if self.deniedHosts.contains(where: { Self.matches($0, name) }) {
            throw Refusal(reason: "names a host that this agent does not send to")
        }
        if !self.allowedHosts.isEmpty, !self.allowedHosts.contains(where: { Self.matches($0, name) }) {
            throw Refusal(reason: "names a host that is not among those that this agent sends to")
        }
        if let address { try self.check(address, isSecure: isSecure, isLiteral: true) }
        let authority = (host.contains(":") ? "[\(host)]" : host) + (parts.port.map { ":\($0)" } ?? "")
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        let url = "\(scheme)://\(authority)\(path)" + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
        // The HTTP library reads the URL once more, and must find the same host: the address is looked up by it.
        let dialled = URL(string: url)?.host ?? ""
        guard dialled == host || dialled == "[\(host)]" else {
            throw Refusal(reason: "must have a host that is a DNS name in plain ASCII, or an IP address")
        }
        return Target(
            url: url, isSecure: isSecure, host: host, port: parts.port ?? (isSecure ? 443 : 80), address: address)
    }

    /// Checks an address to which a connection is to be made.
    func check(_ address: IPAddress, isSecure: Bool, isLiteral: Bool = false) throws(Refusal) {
        let verb = isLiteral ? "is" : "leads to"
        if self.deniedNetworks.contains(where: { $0.contains(address) }) {
            throw Refusal(reason: "\(verb) an address that this agent does not send to")
        }
        let isLoopback = SpecialAddresses.isLoopback(address)
        let isExempt =
            self.allowedNetworks.contains { $0.contains(address) } || (isLoopback && self.insecurelyAllowsLoopback)
        if !isExempt, let kind = SpecialAddresses.kind(of: address) {
            throw Refusal(reason: "\(verb) \(kind), where this agent sends nothing")
        }
        guard isSecure || self.insecurelyAllowsPlaintext || (isLoopback && self.insecurelyAllowsLoopback) else {
            throw Refusal(reason: "must be an https URL")
        }
    }

    /// The addresses of a name to which connections may be made, in their order.
    ///
    /// - Throws: Why the first one is refused, if all are.
    func usable(_ addresses: [String], isSecure: Bool) throws(Refusal) -> [IPAddress] {
        var refusal: Refusal?
        var usable: [IPAddress] = []
        for text in addresses {
            // A zone (`fe80::1%eth0`) is no address that anybody could mean from outside.
            guard let address = IPAddress(text) else { continue }
            do throws(Refusal) {
                try self.check(address, isSecure: isSecure)
                usable.append(address)
            } catch {
                refusal = refusal ?? error
            }
        }
        if usable.isEmpty { throw refusal ?? Refusal(reason: "leads to no address") }
        return usable
    }

    private static func isName(_ host: String) -> Bool {
        !host.isEmpty && host.utf8.count <= 254
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        let pattern = pattern.lowercased()
        return pattern.hasPrefix("*.") ? name.hasSuffix(pattern.dropFirst()) : name == pattern
    }
}
