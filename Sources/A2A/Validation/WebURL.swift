#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The syntax of the URLs that agents call.
package enum WebURL {
    /// Whether the text is an absolute URL with the scheme `http` or `https` and a host.
    ///
    /// Where it leads is for the sender to judge, with an address policy.
    static func isAbsolute(_ text: String) -> Bool {
        // Control characters and spaces have no place in a URL, and would split a request line.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
        guard let components = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = components.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = components.host, !host.isEmpty
        else { return false }
        return Self.hasUsablePort(text)
    }

    /// Whether the port of an absolute URL, if it names one, is from 1 to 65535.
    ///
    /// Libraries that make connections trap on larger ones, or take them for none.
    package static func hasUsablePort(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return true }
        let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
        let place = authority[(authority.lastIndex(of: "@") ?? authority.startIndex)...]
        guard let colon = place[(place.lastIndex(of: "]") ?? place.startIndex)...].lastIndex(of: ":") else {
            return true
        }
        let port = place[place.index(after: colon)...]
        return port.isEmpty || (port.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(port) ?? 0 > 0)
    }

    /// Whether the text is `a2a+peer:` and an endpoint id: 22 to 64 characters of base64url (TCP binding §8.7).
    static func isPeer(_ text: String) -> Bool {
        let scheme = "a2a+peer:"
        guard text.prefix(scheme.utf8.count).lowercased() == scheme else { return false }
        let id = text.utf8.dropFirst(scheme.utf8.count)
        return (22...64).contains(id.count)
            && id.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
