/// Collects the violated fields of a value, with their paths in JSON names.
///
/// A path costs nothing until a field is wrong, and no more than ``maxViolations`` are kept: after that the checks end,
/// so that a hostile request is as cheap as a good one.
public struct FieldCheck: Sendable {
    /// The most violations that are collected.
    public static let maxViolations = 32
    /// How much of a map's key is shown in a path, in characters.
    public static let maxKeyLength = 64

    /// What was found so far.
    public private(set) var violations: [FieldViolation] = []

    private var path: [Step] = []
    /// Steps of a path in most requests.
    private static let usualDepth = 8

    private enum Step: Sendable {
        case name(String)
        case index(Int)
        case key(String)
    }

    public init() { self.path.reserveCapacity(Self.usualDepth) }

    /// Whether so much is wrong that nothing more is collected.
    public var isFull: Bool { self.violations.count >= Self.maxViolations }

    /// Says that a field is wrong.
    ///
    /// - Parameters:
    ///   - name: The field in its JSON name, or empty for the value itself.
    ///   - problem: What is wrong with it and what would be right.
    public mutating func report(_ name: String, _ problem: String) {
        guard !self.isFull else { return }
        self.violations.append(FieldViolation(field: self.rendered(name), description: problem))
    }

    // MARK: Going down

    /// Checks something below a field.
    public mutating func at(_ name: String, _ body: (inout FieldCheck) -> Void) {
        self.step(.name(name), body)
    }

    /// Checks a message in a field.
    public mutating func nested(_ name: String, _ value: some Validatable) {
        self.step(.name(name)) { value.check(&$0) }
    }

    /// Checks a message in a field that must be there.
    public mutating func required(_ name: String, _ value: some Validatable, isPresent: Bool) {
        guard isPresent else { return self.report(name, "is required") }
        self.nested(name, value)
    }

    /// Checks every message of a list.
    public mutating func each<Value: Validatable>(_ name: String, _ values: [Value]) {
        self.path.append(.name(name))
        defer { self.path.removeLast() }
        for (index, value) in values.enumerated() {
            if self.isFull { return }
            self.path.append(.index(index))
            value.check(&self)
            self.path.removeLast()
        }
    }

    /// Checks every entry of a map, in the order of the keys.
    public mutating func each<Value>(
        _ name: String, _ values: [String: Value], _ body: (inout FieldCheck, Value) -> Void
    ) {
        self.step(.name(name)) { fields in
            for key in values.keys.sorted() {
                guard !fields.isFull, let value = values[key] else { return }
                fields.step(.key(key)) { body(&$0, value) }
            }
        }
    }

    private mutating func step(_ step: Step, _ body: (inout FieldCheck) -> Void) {
        guard !self.isFull else { return }
        self.path.append(step)
        body(&self)
        self.path.removeLast()
    }

    private func rendered(_ name: String) -> String {
        var text = ""
        for step in name.isEmpty ? self.path : self.path + [.name(name)] {
            switch step {
            case .name(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\"\(key.prefix(Self.maxKeyLength))\"]"
            }
        }
        return text
    }
}

// MARK: - Fields of simple types

extension FieldCheck {
    /// Checks a text that must be there and must not be empty.
    mutating func required(
        _ name: String, _ value: String, isPresent: Bool, maxBytes: Int = .max
    ) {
        if !isPresent {
            self.report(name, "is required")
        } else if value.isEmpty {
            self.report(name, "must not be empty")
        } else {
            self.bounded(name, value, maxBytes: maxBytes)
        }
    }

    /// Checks an identifier that must be there.
    mutating func requiredID(_ name: String, _ value: String, isPresent: Bool) {
        self.required(name, value, isPresent: isPresent, maxBytes: ValidationLimits.maxIdentifierBytes)
    }

    /// Checks an identifier that may be empty.
    mutating func optionalID(_ name: String, _ value: String) {
        self.bounded(name, value, maxBytes: ValidationLimits.maxIdentifierBytes)
    }

    /// Checks the length of a text.
    mutating func bounded(_ name: String, _ value: String, maxBytes: Int) {
        if value.utf8.count > maxBytes {
            self.report(name, "must not be longer than \(maxBytes) bytes")
        }
    }

    /// Checks a list that must have an element (§5.7).
    mutating func notEmpty(_ name: String, _ values: some Collection) {
        if values.isEmpty { self.report(name, "is required and must have at least one element") }
    }

    /// Checks a list of texts, none of them empty.
    mutating func texts(_ name: String, _ values: [String], maxCount: Int = .max, maxBytes: Int) {
        guard values.count <= maxCount else {
            return self.report(name, "must not have more than \(maxCount) elements")
        }
        for (index, value) in values.enumerated() {
            if self.isFull { return }
            if value.isEmpty || value.utf8.count > maxBytes {
                self.at(name) { fields in
                    fields.step(.index(index)) { $0.required("", value, isPresent: true, maxBytes: maxBytes) }
                }
            }
        }
    }

    /// Checks a number that must not be negative.
    mutating func notNegative(_ name: String, _ value: some SignedInteger) {
        if value < 0 { self.report(name, "must not be negative") }
    }

    /// Checks an absolute URL of the schemes `http` and `https`.
    mutating func webURL(_ name: String, _ value: String) {
        if value.utf8.count > ValidationLimits.maxURLBytes {
            self.report(name, "must not be longer than \(ValidationLimits.maxURLBytes) bytes")
        } else if !WebURL.isAbsolute(value) {
            self.report(name, "must be an absolute http or https URL")
        }
    }

    /// Checks the address of a receiver of notifications: an http or https URL, or a peer of the TCP binding.
    mutating func notificationURL(_ name: String, _ value: String) {
        if !WebURL.isPeer(value) { self.webURL(name, value) }
    }
}
