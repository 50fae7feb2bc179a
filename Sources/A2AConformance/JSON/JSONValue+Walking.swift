extension JSONValue {
    /// Changes every member of every object.
    package mutating func walk(_ change: (_ name: String, inout JSONValue) -> Void) {
        switch self {
        case .object(let members):
            var changed = members
            for (name, member) in members {
                var member = member
                member.walk(change)
                change(name, &member)
                changed[name] = member
            }
            self = .object(changed)
        case .array(let elements):
            self = .array(
                elements.map { element in
                    var element = element
                    element.walk(change)
                    return element
                })
        default: break
        }
    }

    /// Changes every object.
    package mutating func walkObjects(_ change: (inout [String: JSONValue]) -> Void) {
        switch self {
        case .object(let members):
            var changed = members.mapValues { member in
                var member = member
                member.walkObjects(change)
                return member
            }
            change(&changed)
            self = .object(changed)
        case .array(let elements):
            self = .array(
                elements.map { element in
                    var element = element
                    element.walkObjects(change)
                    return element
                })
        default: break
        }
    }
}
