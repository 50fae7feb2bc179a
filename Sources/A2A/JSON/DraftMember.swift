import SwiftProtobuf

/// A member of a request that only the draft of version 1.1 knows.
///
/// The model has it, since it is generated from one schema. For callers of 1.0 it is an unknown field, whatever is in it.
package struct DraftMember: Sendable {
    /// The object that it is in, by its name in JSON; `nil` if it is in the request itself.
    var parent: String?
    /// Its name in JSON.
    var name: String
    /// Its name in the schema, which JSON may use as well.
    var protoName: String

    /// The text of a request without the member; text that is no such object is returned as it is.
    func removed(from json: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(json.count)
        do {
            try self.copy(json, in: self.parent, to: &output)
            return output
        } catch {
            return Array(json)
        }
    }

    private func copy(
        _ json: ArraySlice<UInt8>, in parent: String?, to output: inout [UInt8]
    ) throws(JSONScanner.Failure) {
        var scanner = JSONScanner(json)
        guard try scanner.peek() == .object else {
            output.append(contentsOf: json)
            return
        }
        try scanner.enter()
        var separator = UInt8(ascii: "{")
        while let member = try scanner.nextMember() {
            let name = JSONText.string(content: json[member.name], hasEscapes: member.nameHasEscapes)
            if parent == nil, name == self.name || name == self.protoName { continue }
            output.append(separator)
            separator = UInt8(ascii: ",")
            output.append(contentsOf: json[(member.name.lowerBound - 1)..<member.value.lowerBound])
            if let parent, name == parent {
                try self.copy(json[member.value], in: nil, to: &output)
            } else {
                output.append(contentsOf: json[member.value])
            }
        }
        try scanner.finish()
        if separator == UInt8(ascii: "{") { output.append(separator) }
        output.append(UInt8(ascii: "}"))
    }
}

extension RESTRequest {
    package static var draftMember: DraftMember? { nil }
    package mutating func clearDraftMember() {}

    /// The request as a call of a version means it: what the version does not have is gone.
    package func read(in version: ProtocolVersion) -> Self {
        guard !version.hasGenerations else { return self }
        var request = self
        request.clearDraftMember()
        return request
    }
}

extension A2AGetTaskRequest {
    package static var draftMember: DraftMember? {
        DraftMember(name: "currentGeneration", protoName: "current_generation")
    }

    package mutating func clearDraftMember() {
        if self.hasCurrentGeneration { self.clearCurrentGeneration() }
    }
}

extension A2ASendMessageRequest {
    package static var draftMember: DraftMember? {
        DraftMember(parent: "configuration", name: "ifGenerationMatch", protoName: "if_generation_match")
    }

    package mutating func clearDraftMember() {
        if self.hasConfiguration, self.configuration.hasIfGenerationMatch {
            self.configuration.clearIfGenerationMatch()
        }
    }
}

extension ModelJSON {
    /// Reads a request of a call in a version, as ``decode(_:from:)`` does.
    ///
    /// What the version does not have is ignored as any other unknown field, also where it has the wrong type.
    package static func decode<Request: RESTRequest>(
        _ type: Request.Type, from bytes: ArraySlice<UInt8>, version: ProtocolVersion
    ) throws(A2AError) -> Request {
        guard !version.hasGenerations, let draft = Request.draftMember else {
            return try Self.decode(type, from: bytes)
        }
        do {
            return try Self.decode(type, from: bytes).read(in: version)
        } catch {
            guard error.code == .invalidParams else { throw error }
            // Perhaps it is only what the version does not have.
            return try Self.decode(type, from: draft.removed(from: bytes)[...])
        }
    }
}
