import SwiftASN1
import X509

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whom a certificate is for.
enum CertificateName: Equatable, CustomStringConvertible {
    case dns(String)
    /// An IP address as people write it, and its octets.
    case address(String, [UInt8])
    case uri(String)

    /// The longest DNS name, in octets (RFC 1035 §2.3.4).
    private static let maxNameOctets = 253
    /// The longest part of one.
    private static let maxLabelOctets = 63
    private static let maxURIOctets = 2_048

    /// A DNS name or an IP address; `nil` if the text is neither.
    init?(host text: String) {
        var text = text
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        if let octets = Self.octets(of: text) {
            self = .address(text, octets)
        } else if Self.isName(text) {
            self = .dns(text)
        } else {
            return nil
        }
    }

    /// A URI such as `spiffe://example.com/me`, or a DNS name; `nil` if the text is neither.
    init?(client text: String) {
        if let scheme = text.firstRange(of: "://") {
            guard !text[..<scheme.lowerBound].isEmpty, !text[scheme.upperBound...].isEmpty,
                text.utf8.count <= Self.maxURIOctets, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { return nil }
            self = .uri(text)
        } else if Self.octets(of: text) == nil, Self.isName(text) {
            self = .dns(text)
        } else {
            return nil
        }
    }

    private static func octets(of text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var octets = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &octets) == 1 { return octets }
        }
        return nil
    }

    /// Letters, digits and hyphens between dots; the first part may be `*`.
    private static func isName(_ text: String) -> Bool {
        guard (1...Self.maxNameOctets).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.enumerated().allSatisfy { index, label in
            if label == "*" { return index == 0 && labels.count > 2 }
            return (1...Self.maxLabelOctets).contains(label.utf8.count) && !label.hasPrefix("-")
                && !label.hasSuffix("-")
                && label.utf8.allSatisfy { octet in
                    switch octet {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    var generalName: GeneralName {
        switch self {
        case .dns(let name): .dnsName(name)
        case .address(_, let octets): .ipAddress(ASN1OctetString(contentBytes: octets[...]))
        case .uri(let uri): .uniformResourceIdentifier(uri)
        }
    }

    var description: String {
        switch self {
        case .dns(let text), .address(let text, _), .uri(let text): text
        }
    }
}
