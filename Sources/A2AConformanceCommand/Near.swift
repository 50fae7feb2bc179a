/// Names that somebody may have meant.
enum Near {
    /// The most names that are offered.
    private static let maxNames = 3

    /// `; did you mean 'A' or 'B'?`, or nothing.
    static func hint(_ name: String, in names: some Sequence<String>) -> String {
        let near = Self.names(like: name, in: names).map { "'\($0)'" }
        return near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
    }

    /// The names that are nearest, best first.
    static func names(like name: String, in names: some Sequence<String>) -> [String] {
        let wanted = Array(name.uppercased().utf8.prefix(64))
        let limit = max(2, wanted.count / 3)
        return names.compactMap { candidate -> (name: String, distance: Int)? in
            let other = Array(candidate.uppercased().utf8.prefix(64))
            // Who wrote the beginning of a name was right so far.
            let distance = !wanted.isEmpty && other.starts(with: wanted) ? 1 : Self.distance(wanted, other)
            return distance <= limit ? (candidate, distance) : nil
        }
        .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(Self.maxNames).map(\.name)
    }

    /// How many letters must be changed, added or taken away (Levenshtein).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let change = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
