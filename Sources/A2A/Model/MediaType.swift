/// Comparing media types, as in `defaultInputModes` and `acceptedOutputModes` (§4.4.1, §3.2.2).
public enum MediaType {
    /// Text without a media type of its own.
    public static let plainText = "text/plain"
    /// Structured data without a media type of its own.
    public static let json = "application/json"
    /// A file without a media type of its own.
    public static let octetStream = "application/octet-stream"

    /// Whether one of the patterns covers the type; an empty list covers nothing.
    ///
    /// A pattern is a media type or has wildcards: `text/*`, `*/*`, `*`. Case does not matter. The parameters of a
    /// pattern must be those of the type, but for `charset` and `q`; other parameters of the type are ignored.
    public static func accepts(_ patterns: [String], _ type: String) -> Bool {
        let type = Parsed(type)
        return patterns.contains { Parsed($0).covers(type) }
    }

    /// Whether two lists of patterns have a type in common: `text/*` and `text/html` do.
    public static func overlap(_ lhs: [String], _ rhs: [String]) -> Bool {
        let rhs = rhs.map(Parsed.init)
        return lhs.lazy.map(Parsed.init).contains { left in
            rhs.contains { right in left.covers(right) || right.covers(left) }
        }
    }

    /// A media type or pattern in lower case, taken apart.
    private struct Parsed {
        let type: Substring
        let subtype: Substring
        let parameters: [Substring: String]

        init(_ text: String) {
            let fields = text.split(separator: ";", omittingEmptySubsequences: false)
            let name = (fields.first ?? "").trimmingSpaces.lowercased()
            let slash = name.firstIndex(of: "/")
            self.type = slash.map { name[..<$0] } ?? name[...]
            self.subtype = slash.map { name[name.index(after: $0)...] } ?? (name == "*" ? "*" : "")
            var parameters: [Substring: String] = [:]
            for field in fields.dropFirst() {
                let pair = field.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
                guard pair.count == 2 else { continue }
                let name = pair[0].lowercased()
                // All text of the protocol is Unicode, and `q` is a wish, not a part of the type.
                guard name != "charset", name != "q" else { continue }
                parameters[name[...]] = pair[1].trimmingQuotes.lowercased()
            }
            self.parameters = parameters
        }

        func covers(_ other: Parsed) -> Bool {
            guard self.type == "*" || self.type == other.type else { return false }
            guard self.subtype == "*" || self.subtype == other.subtype else { return false }
            return self.parameters.allSatisfy { other.parameters[$0.key] == $0.value }
        }
    }
}

extension String {
    fileprivate var trimmingQuotes: String {
        guard self.count >= 2, self.hasPrefix("\""), self.hasSuffix("\"") else { return self }
        return String(self.dropFirst().dropLast())
    }
}
