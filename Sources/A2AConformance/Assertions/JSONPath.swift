/// Where in a value something is: `task.artifacts[0].parts[*].text` (ACTS §5.2).
package struct JSONPath: Sendable, Hashable, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
        case everyElement
    }

    var steps: [Step]

    /// What is wrong with a text that is no path.
    package struct Malformed: Error { let problem: String }

    /// The whole value.
    static let root = JSONPath(steps: [])

    private init(steps: [Step]) { self.steps = steps }

    package init(_ text: String) throws(Malformed) {
        var steps: [Step] = []
        var rest = text[...]
        var needsMember = true
        while !rest.isEmpty {
            if rest.first == "[" {
                guard !steps.isEmpty || text.hasPrefix("["), let end = rest.firstIndex(of: "]") else {
                    throw Malformed(problem: "'\(text)' has a bracket that is not closed")
                }
                let inside = rest[rest.index(after: rest.startIndex)..<end]
                if inside == "*" {
                    steps.append(.everyElement)
                } else if let index = Int(inside), index >= 0, inside.allSatisfy(\.isNumber) {
                    steps.append(.element(index))
                } else {
                    throw Malformed(problem: "'[\(inside)]' in '\(text)' is neither a number nor *")
                }
                rest = rest[rest.index(after: end)...]
                needsMember = false
            } else {
                if rest.first == "." {
                    guard !needsMember else { throw Malformed(problem: "'\(text)' has an empty member name") }
                    rest = rest.dropFirst()
                } else if !needsMember {
                    throw Malformed(problem: "'\(text)' lacks a '.' before '\(rest)'")
                }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty, !name.contains("]") else {
                    throw Malformed(problem: "'\(text)' has an empty member name")
                }
                steps.append(.member(String(name)))
                rest = rest.dropFirst(name.count)
                needsMember = false
            }
        }
        guard !steps.isEmpty else { throw Malformed(problem: "a path is empty") }
        self.steps = steps
    }

    var hasWildcard: Bool { self.steps.contains(.everyElement) }

    /// The path without its first step, if that is a member.
    var split: (first: String, rest: JSONPath)? {
        guard case .member(let name) = self.steps.first else { return nil }
        return (name, JSONPath(steps: Array(self.steps.dropFirst())))
    }

    func appending(_ path: JSONPath) -> JSONPath { JSONPath(steps: self.steps + path.steps) }

    /// Every value at the path, with the path of each; none if it is not there.
    func find(in value: JSONValue) -> [(path: String, value: JSONValue)] {
        var found: [(path: String, value: JSONValue)] = [("", value)]
        for step in self.steps {
            found = found.flatMap { path, value -> [(path: String, value: JSONValue)] in
                switch step {
                case .member(let name):
                    value[name].map { [(path.isEmpty ? name : "\(path).\(name)", $0)] } ?? []
                case .element(let index): value[index].map { [("\(path)[\(index)]", $0)] } ?? []
                case .everyElement:
                    (value.elements ?? []).enumerated().map { ("\(path)[\($0.offset)]", $0.element) }
                }
            }
        }
        return found
    }

    /// The first value at the path.
    func first(in value: JSONValue) -> JSONValue? { self.find(in: value).first?.value }

    package var description: String {
        self.steps.reduce("") { text, step in
            switch step {
            case .member(let name): text.isEmpty ? name : "\(text).\(name)"
            case .element(let index): "\(text)[\(index)]"
            case .everyElement: "\(text)[*]"
            }
        }
    }
}
