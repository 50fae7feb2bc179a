import A2A

/// Takes the arguments of a script's step one by one; what is left at the end is unknown.
struct ScriptArguments {
    private let step: String
    private var members: [String: A2AValue]

    init(step: String, members: [String: A2AValue]) {
        self.step = step
        self.members = members
    }

    /// `{}`, `{"text"}` or `{"parts"}`.
    mutating func words() throws(ConformanceScript.Mistake) -> [A2APart] {
        let text = try self.string("text")
        let parts = try self.parts()
        switch (text, parts) {
        case (nil, nil): return []
        case (let text?, nil): return [.text(text)]
        case (nil, let parts?): return parts
        case (_?, _?): throw self.mistake("takes text or parts, not both")
        }
    }

    mutating func parts() throws(ConformanceScript.Mistake) -> [A2APart]? {
        guard let value = self.members.removeValue(forKey: "parts") else { return nil }
        guard let values = value.array, !values.isEmpty else { throw self.mistake("parts must be one or more parts") }
        var parts: [A2APart] = []
        for value in values {
            guard let json = try? ModelJSON.encode(value),
                let part = try? ModelJSON.decode(A2APart.self, from: json[...]),
                part.content != nil
            else { throw self.mistake("parts[\(parts.count)] is not a part") }
            parts.append(part)
        }
        return parts
    }

    mutating func string(_ name: String) throws(ConformanceScript.Mistake) -> String? {
        guard let value = self.members.removeValue(forKey: name) else { return nil }
        guard let string = value.string else { throw self.mistake("\(name) must be a string") }
        return string
    }

    mutating func flag(_ name: String) throws(ConformanceScript.Mistake) -> Bool {
        guard let value = self.members.removeValue(forKey: name) else { return false }
        guard let flag = value.bool else { throw self.mistake("\(name) must be true or false") }
        return flag
    }

    mutating func integer(_ name: String) throws(ConformanceScript.Mistake) -> Int? {
        guard let value = self.members.removeValue(forKey: name) else { return nil }
        guard let number = value.int else { throw self.mistake("\(name) must be a whole number") }
        return number
    }

    mutating func object(_ name: String) throws(ConformanceScript.Mistake) -> [String: A2AValue]? {
        guard let value = self.members.removeValue(forKey: name) else { return nil }
        guard let object = value.object else { throw self.mistake("\(name) must be an object") }
        return object
    }

    /// - Throws: ``ConformanceScript/Mistake`` if an argument was not asked for.
    func finish() throws(ConformanceScript.Mistake) {
        if let unknown = self.members.keys.sorted().first {
            throw self.mistake("has no argument \"\(unknown.prefix(100))\"")
        }
    }

    private func mistake(_ text: String) -> ConformanceScript.Mistake {
        ConformanceScript.Mistake(text: "\"\(self.step)\" \(text)")
    }
}
