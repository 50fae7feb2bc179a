package import JWTKit
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a run is made.
package struct RunConfiguration: Sendable {
    /// Whether the agent has the behaviours that tests require.
    package enum Behaviors: String, Sendable, CaseIterable {
        /// Its card says so, or it shows one of them.
        case auto
        case yes
        case no
    }

    /// The bindings to test; `nil` for all that the card has.
    package var bindings: Set<TransportBinding>?
    /// The least level: tests below it are left out.
    package var level = ConformanceLevel.may
    /// Patterns for ids, tags and requirements, with `*`; empty for all.
    package var only: [String] = []
    /// Header fields or metadata that go with every request.
    package var headers: [(name: String, value: String)] = []
    /// How long a call may take. Default 10 s.
    package var callTimeout: Duration = .seconds(10)
    /// How long a stream may take where its test says nothing. Default 30 s.
    package var streamTimeout: Duration = .seconds(30)
    /// The longest that a stream or a push notification is waited for, whatever its test says; `nil` for as long as that says.
    package var patience: Duration?
    /// How long the run may take. Default 10 min.
    package var runTimeout: Duration = .seconds(600)
    /// How many cases run at a time. Default 8.
    package var jobs = 8
    /// After so many cases in a row without any answer a binding is given up: the rest could not be tested. Default 24.
    package var maxSilences = 24
    /// Cases begin in an order that this decides; `nil` for that of the documents. Reports are in the order of the documents.
    package var shuffle: UInt64?
    package var behaviors = Behaviors.auto
    /// Accepts any certificate of the agent.
    package var acceptsAnyCertificate = false
    /// Keys with which cards are signed, beside those that the cards point to.
    package internal(set) var cardKeys: [JWKS] = []
    /// Certificates to trust beside those of the system, in PEM.
    package private(set) var trustRootsPEM: [UInt8] = []
    /// What `{{env.…}}` stands for.
    package var environment: [String: String] = [:]

    package init() {}

    /// Trusts the certificates in a PEM text, beside those of the system.
    ///
    /// - Throws: An error of NIOSSL if there is none in it.
    package mutating func trust(pem: [UInt8]) throws {
        _ = try NIOSSLCertificate.fromPEMBytes(pem)
        self.trustRootsPEM += pem
    }

    /// Takes keys with which cards are signed.
    ///
    /// - Parameter jwks: A JSON Web Key Set (RFC 7517).
    /// - Throws: An error of decoding.
    package mutating func addCardKeys(jwks: [UInt8]) throws {
        self.cardKeys.append(try JSONDecoder().decode(JWKS.self, from: Data(jwks)))
    }

    /// Whether a test is among those that were asked for.
    package func selects(_ test: Test) -> Bool {
        let levels = ConformanceLevel.allCases
        guard let own = levels.firstIndex(of: test.level), let least = levels.firstIndex(of: self.level), own <= least
        else { return false }
        guard !self.only.isEmpty else { return true }
        let names = [test.id] + test.tags + test.requirements
        return self.only.contains { pattern in names.contains { Pattern(pattern).matches($0) } }
    }
}

/// A name with `*` for any characters.
package struct Pattern: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package func matches(_ name: String) -> Bool {
        let parts = self.text.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return self.text == name }
        var rest = name[...]
        for (index, part) in parts.enumerated() {
            if index == 0 {
                guard rest.hasPrefix(part) else { return false }
                rest = rest.dropFirst(part.count)
            } else if index == parts.count - 1 {
                return rest.hasSuffix(part)
            } else if let range = rest.firstRange(of: part) {
                rest = rest[range.upperBound...]
            } else {
                return part.isEmpty
            }
        }
        return true
    }
}
