/// What a value must be like (ACTS §5).
struct Assertion: Sendable {
    indirect enum Kind: Sendable {
        /// A bare scalar: the same value.
        case equals(JSONValue)
        /// A map without operators: these members are there and are as said; others may be there too.
        case members([Member])
        /// A list: the first elements are as said; others may follow. The empty list means an empty list.
        case elements([Assertion])
        /// All of these.
        case operators([Operator])
    }

    struct Member: Sendable {
        var name: String
        var assertion: Assertion
    }

    struct Operator: Sendable {
        enum Kind: Sendable {
            case type(String)
            case exists
            case absent
            case contains(String)
            case matches(String)
            case startsWith(String)
            case endsWith(String)
            case compare(Comparison, Double)
            case count(Comparison, Int)
            case oneOf([Assertion])
            case allOf([Assertion])
            case anyOf([Assertion])
            case not(Assertion)
            /// Members whose names are those of operators (`x-fields`), or members beside operators.
            case members([Member])
        }

        var name: String
        var kind: Kind
    }

    enum Comparison: String, Sendable {
        case equal = "="
        case greaterOrEqual = "≥"
        case lessOrEqual = "≤"
        case greater = ">"
        case less = "<"

        func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
            switch self {
            case .equal: left == right
            case .greaterOrEqual: left >= right
            case .lessOrEqual: left <= right
            case .greater: left > right
            case .less: left < right
            }
        }
    }

    var kind: Kind
    /// Where it stands in its document, from 1.
    var line: Int

    /// The operators of ACTS §5.1.
    static let operatorNames: Set<String> = [
        "type", "exists", "absent", "contains", "matches", "starts_with", "ends_with", "gte", "lte", "gt", "lt",
        "count",
        "count_gte", "count_lte", "one_of", "all_of", "any_of", "not",
    ]
    static let typeNames = ["string", "number", "boolean", "array", "object", "null"]

    /// Whether the assertion may hold where there is no value.
    var allowsAbsence: Bool {
        guard case .operators(let operators) = self.kind else { return false }
        return operators.contains { $0.allowsAbsence }
    }
}

extension Assertion.Operator {
    fileprivate var allowsAbsence: Bool {
        switch self.kind {
        case .absent, .not: true
        case .oneOf(let all), .allOf(let all), .anyOf(let all): all.contains(where: \.allowsAbsence)
        default: false
        }
    }
}
