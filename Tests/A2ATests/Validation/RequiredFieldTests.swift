import A2A
import Foundation
import SwiftProtobuf
import Testing

/// Every field that `spec/a2a.proto` marks as required, wherever it occurs, is looked for.
///
/// The tests read the data model itself, so that a field which becomes required there cannot go unchecked.
@Suite("Required fields")
struct RequiredFieldTests {
    private let proto: SpecProto

    init() throws { self.proto = try SpecProto.load() }

    @Test("the proto has messages with required fields")
    func protoIsRead() {
        #expect(self.proto.messages.count >= 40)
        #expect(self.proto.messages.values.joined().filter(\.isRequired).count >= 50)
        #expect(self.proto.messages["Message"]?.filter(\.isRequired).map(\.jsonName) == ["messageId", "role", "parts"])
    }

    @Test("complete samples are valid", arguments: ValidationSample.all.indices)
    func complete(_ index: Int) throws {
        let sample = ValidationSample.all[index]
        #expect(try sample.violations(sample.json) == [])
    }

    @Test("a required field that is taken away is reported under its path", arguments: ValidationSample.all.indices)
    func removed(_ index: Int) throws {
        let sample = ValidationSample.all[index]
        for site in self.sites(of: sample.json, message: sample.message) {
            for field in self.proto.messages[site.message] ?? [] where field.isRequired {
                let path = Self.path(site.keys + [.name(field.jsonName)])
                // An empty page of tasks is legal (§3.1.4).
                if site.message == "ListTasksResponse", field.jsonName == "tasks" { continue }
                let changed = Self.removing(site.keys + [.name(field.jsonName)], from: sample.json)
                #expect(changed != sample.json, "the sample lacks \(path)")
                let violations = try sample.violations(changed)
                #expect(violations.map(\.field) == [path], "\(sample.message) without \(path)")
            }
        }
    }

    @Test("a choice without a member is reported under its name", arguments: ValidationSample.all.indices)
    func emptyChoice(_ index: Int) throws {
        let sample = ValidationSample.all[index]
        for site in self.sites(of: sample.json, message: sample.message) {
            for field in self.proto.messages[site.message] ?? [] {
                guard let oneof = field.oneof else { continue }
                let changed = Self.removing(site.keys + [.name(field.jsonName)], from: sample.json)
                guard changed != sample.json else { continue }
                let path = Self.path(site.keys + [.name(oneof)])
                #expect(try sample.violations(changed).map(\.field) == [path])
            }
        }
    }

    @Test("the samples reach every message through every field that holds it")
    func reach() {
        var messages: Set<String> = []
        var fields: Set<String> = []
        for sample in ValidationSample.all {
            for site in self.sites(of: sample.json, message: sample.message) {
                messages.insert(site.message)
                fields.insert(site.field)
            }
        }
        #expect(messages == Set(self.proto.messages.keys))
        for (message, members) in self.proto.messages {
            for member in members where self.proto.messages[member.type] != nil {
                #expect(fields.contains("\(message).\(member.jsonName)"))
            }
        }
    }

    // MARK: Walking a sample

    private enum Key {
        case name(String)
        case entry(String)
        case index(Int)
    }

    private struct Site {
        var message: String
        /// The field that holds the message, as `Message.parts`.
        var field: String
        var keys: [Key]
    }

    /// Every message in a sample, itself first.
    private func sites(of json: A2AValue, message: String, field: String = "", at keys: [Key] = []) -> [Site] {
        var sites = [Site(message: message, field: field, keys: keys)]
        for member in self.proto.messages[message] ?? [] where self.proto.messages[member.type] != nil {
            guard let value = json[member.jsonName] else { continue }
            let keys = keys + [.name(member.jsonName)]
            let field = "\(message).\(member.jsonName)"
            if let list = value.array {
                for (index, element) in list.enumerated() {
                    sites += self.sites(of: element, message: member.type, field: field, at: keys + [.index(index)])
                }
            } else if member.name == "security_schemes" || member.name == "schemes", let object = value.object {
                for (key, element) in object {
                    sites += self.sites(of: element, message: member.type, field: field, at: keys + [.entry(key)])
                }
            } else {
                sites += self.sites(of: value, message: member.type, field: field, at: keys)
            }
        }
        return sites
    }

    private static func removing(_ keys: [Key], from json: A2AValue) -> A2AValue {
        guard let first = keys.first else { return json }
        switch first {
        case .name(let name), .entry(let name):
            var object = json.object ?? [:]
            if keys.count == 1 {
                object[name] = nil
            } else if let inner = object[name] {
                object[name] = Self.removing(Array(keys.dropFirst()), from: inner)
            }
            return A2AValue(object)
        case .index(let index):
            var array = json.array ?? []
            array[index] = Self.removing(Array(keys.dropFirst()), from: array[index])
            return A2AValue(array)
        }
    }

    private static func path(_ keys: [Key]) -> String {
        keys.reduce(into: "") { path, key in
            switch key {
            case .name(let name): path += path.isEmpty ? name : ".\(name)"
            case .entry(let key): path += "[\"\(key)\"]"
            case .index(let index): path += "[\(index)]"
            }
        }
    }
}
