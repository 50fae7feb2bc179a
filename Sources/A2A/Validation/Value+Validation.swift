import SwiftProtobuf

extension FieldCheck {
    /// Checks a JSON object for what JSON cannot say.
    mutating func value(_ name: String, _ object: A2AMetadata) {
        self.at(name) { fields in
            for (key, value) in object.fields {
                guard !fields.isFull else { return }
                if let problem = Self.problem(in: value, depth: 1) {
                    fields.report("", "\(problem) (member '\(key.prefix(Self.maxKeyLength))')")
                }
            }
        }
    }

    /// Checks a JSON value for what JSON cannot say.
    mutating func value(_ name: String, _ value: A2AValue) {
        if let problem = Self.problem(in: value, depth: 0) { self.report(name, problem) }
    }

    /// The first thing in a value that cannot be written as JSON.
    private static func problem(in value: A2AValue, depth: Int) -> String? {
        guard depth <= ValidationLimits.maxValueDepth else {
            return "must not be nested deeper than \(ValidationLimits.maxValueDepth) levels"
        }
        switch value.kind {
        case .nullValue, .boolValue, .stringValue: return nil
        case .numberValue(let number):
            return number.isFinite ? nil : "must hold finite numbers only"
        case .listValue(let list):
            for element in list.values {
                if let problem = Self.problem(in: element, depth: depth + 1) { return problem }
            }
            return nil
        case .structValue(let object):
            for element in object.fields.values {
                if let problem = Self.problem(in: element, depth: depth + 1) { return problem }
            }
            return nil
        case nil: return "must be a JSON value"
        }
    }
}
