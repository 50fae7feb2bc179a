// Re-exported by name, so that literals, members and `now` of these types need no further import where
// MemberImportVisibility is on, while the rest of SwiftProtobuf stays out of an author's sight.
@_exported public import struct SwiftProtobuf.Google_Protobuf_ListValue
@_exported public import struct SwiftProtobuf.Google_Protobuf_Struct
@_exported public import struct SwiftProtobuf.Google_Protobuf_Timestamp
@_exported public import struct SwiftProtobuf.Google_Protobuf_Value

/// Any JSON value, written as a literal: `["a": 1, "b": [true, nil, "x"]]`.
public typealias A2AValue = Google_Protobuf_Value

/// A JSON object: what travels beside messages, tasks, parts and artifacts under keys of their makers.
public typealias A2AMetadata = Google_Protobuf_Struct

// Neither library can lend a foreign type a literal without a retroactive conformance. If swift-protobuf ever
// declares these two itself, the compiler says so and they go.
extension Google_Protobuf_Value: @retroactive ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: A2AValue...) {
        self.init(elements)
    }
}

extension Google_Protobuf_Value: @retroactive ExpressibleByDictionaryLiteral {
    /// An object; of two entries with one key the later counts.
    public init(dictionaryLiteral elements: (String, A2AValue)...) {
        self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

extension A2AValue {
    public init(_ value: String) {
        self.init()
        self.kind = .stringValue(value)
    }

    public init(_ value: Bool) {
        self.init()
        self.kind = .boolValue(value)
    }

    /// A number.
    ///
    /// JSON has no infinities: they and NaN are refused when the value is validated or written.
    public init(_ value: Double) {
        self.init()
        self.kind = .numberValue(value)
    }

    /// A number.
    ///
    /// Beyond 2^53 JSON's numbers lose precision; send such values as text.
    public init(_ value: some BinaryInteger) {
        self.init(Double(value))
    }

    public init(_ values: [A2AValue]) {
        self.init()
        self.kind = .listValue(Google_Protobuf_ListValue(values: values))
    }

    public init(_ fields: [String: A2AValue]) {
        self.init()
        self.kind = .structValue(Google_Protobuf_Struct(fields: fields))
    }

    public init(_ object: A2AMetadata) {
        self.init()
        self.kind = .structValue(object)
    }

    /// JSON's `null`.
    public static var null: A2AValue { nil }
}

extension A2AValue {
    /// The text, if the value is text.
    public var string: String? {
        if case .stringValue(let value) = self.kind { value } else { nil }
    }

    /// The number, if the value is one.
    public var double: Double? {
        if case .numberValue(let value) = self.kind { value } else { nil }
    }

    /// The number, if the value is one without a fraction and `Int` can hold it.
    public var int: Int? { self.double.flatMap { Int(exactly: $0) } }

    /// The truth value, if the value is one.
    public var bool: Bool? {
        if case .boolValue(let value) = self.kind { value } else { nil }
    }

    /// The elements, if the value is an array.
    public var array: [A2AValue]? {
        if case .listValue(let list) = self.kind { list.values } else { nil }
    }

    /// The members, if the value is an object.
    public var object: [String: A2AValue]? {
        if case .structValue(let object) = self.kind { object.fields } else { nil }
    }

    /// Whether the value is `null`.
    public var isNull: Bool {
        switch self.kind {
        case .nullValue, nil: true
        default: false
        }
    }

    /// A member of an object; `nil` if there is none or the value is no object.
    public subscript(key: String) -> A2AValue? {
        if case .structValue(let object) = self.kind { object.fields[key] } else { nil }
    }

    /// An element of an array; `nil` if there is none or the value is no array.
    public subscript(index: Int) -> A2AValue? {
        guard case .listValue(let list) = self.kind, list.values.indices.contains(index) else { return nil }
        return list.values[index]
    }
}

extension A2AMetadata {
    /// An object of the given members.
    ///
    /// A member is read and set by `metadata["key"]`, all of them by `fields`.
    public init(_ members: [String: A2AValue]) {
        self.init(fields: members)
    }
}
