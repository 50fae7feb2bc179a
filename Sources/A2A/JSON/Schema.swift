import FoundationEssentials
import SwiftProtobuf

/// The messages and enums of the protocol, read from the embedded descriptor.
///
/// Diagnoses need it, and the queries of the HTTP+JSON binding.
final class Schema: Sendable {
    /// The schema of this package, read on first use.
    ///
    /// Empty if the descriptor cannot be read, so that nothing is found rather than failing.
    static let shared = Schema(base64: a2aDescriptorSetBase64)

    /// What a value must be.
    enum Kind: Sendable, Equatable {
        case string, bytes, bool, int32, int64, timestamp, structure, value
        /// One of the names, or a number.
        case enumeration([String])
        /// A message by its full name.
        case message(String)
        /// An object of any names with values of one kind.
        indirect case map(Kind)
        /// A type that is not looked into.
        case other
    }

    struct Field: Sendable {
        var jsonName: String
        var kind: Kind
        var isRepeated: Bool
        /// The number of the oneof that it is a member of.
        var oneof: Int?
    }

    struct MessageType: Sendable {
        /// By the name in JSON and by the name in the proto.
        var fields: [String: Field] = [:]
        /// The members of each oneof, for messages to people.
        var oneofs: [[String]] = []
    }

    private let messages: [String: MessageType]

    func message(_ fullName: String) -> MessageType? { self.messages[fullName] }

    init(base64: String) {
        guard let data = Data(base64Encoded: base64),
            let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: data)
        else {
            self.messages = [:]
            return
        }
        var enums: [String: [String]] = [:]
        var maps: [String: Google_Protobuf_DescriptorProto] = [:]
        for file in set.file {
            for type in file.enumType { enums[".\(file.package).\(type.name)"] = type.value.map(\.name) }
            for type in file.messageType {
                for nested in type.nestedType where nested.options.mapEntry {
                    maps[".\(file.package).\(type.name).\(nested.name)"] = nested
                }
            }
        }
        var messages: [String: MessageType] = [:]
        for file in set.file {
            for type in file.messageType {
                messages["\(file.package).\(type.name)"] = Self.read(type, enums: enums, maps: maps)
            }
        }
        self.messages = messages
    }

    private static func read(
        _ type: Google_Protobuf_DescriptorProto,
        enums: [String: [String]],
        maps: [String: Google_Protobuf_DescriptorProto]
    ) -> MessageType {
        var message = MessageType()
        message.oneofs = Array(repeating: [], count: type.oneofDecl.count)
        for descriptor in type.field {
            var field = Field(
                jsonName: descriptor.jsonName,
                kind: Self.kind(of: descriptor, enums: enums),
                isRepeated: descriptor.label == .repeated,
                oneof: nil
            )
            if let entry = maps[descriptor.typeName], let value = entry.field.first(where: { $0.number == 2 }) {
                field.kind = .map(Self.kind(of: value, enums: enums))
                field.isRepeated = false
            }
            let oneof = Int(descriptor.oneofIndex)
            if descriptor.hasOneofIndex, !descriptor.proto3Optional, message.oneofs.indices.contains(oneof) {
                field.oneof = oneof
                message.oneofs[oneof].append(descriptor.jsonName)
            }
            message.fields[descriptor.name] = field
            message.fields[descriptor.jsonName] = field
        }
        return message
    }

    private static func kind(of field: Google_Protobuf_FieldDescriptorProto, enums: [String: [String]]) -> Kind {
        switch field.type {
        case .string: .string
        case .bytes: .bytes
        case .bool: .bool
        case .int32, .sint32, .sfixed32: .int32
        case .int64, .sint64, .sfixed64: .int64
        case .enum: .enumeration(enums[field.typeName] ?? [])
        case .message:
            switch field.typeName {
            case ".google.protobuf.Timestamp": .timestamp
            case ".google.protobuf.Struct": .structure
            case ".google.protobuf.Value": .value
            default: .message(String(field.typeName.drop { $0 == "." }))
            }
        default: .other
        }
    }
}
