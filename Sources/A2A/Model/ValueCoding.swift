public import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension A2AValue {
    /// A value of the author's own type, as JSON: dates as ISO 8601, bytes as base64.
    ///
    /// - Throws: ``A2AError`` with `.internal` if the type's encoding fails, holds a number that JSON cannot
    ///   write, or nests deeper than SwiftProtobuf reads (100 levels of objects; arrays count twice).
    public init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        do {
            self = try A2AValue(jsonUTF8Data: encoder.encode(value))
        } catch {
            throw A2AError(.internal, "A value of type \(type(of: value)) cannot be written as JSON.", cause: error)
        }
    }

    /// Reads the value as the author's own type, the reverse of ``init(encoding:)``.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` that names the first member that does not fit, since such values
    ///   usually come from a peer.
    public func decode<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        let json: Data
        do {
            json = try (self.kind == nil ? A2AValue.null : self).jsonUTF8Data()
        } catch {
            throw A2AError(.invalidParams, "The value cannot be written as JSON.", cause: error)
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            return try decoder.decode(type, from: json)
        } catch let error as DecodingError {
            throw A2AError.invalidParams(field: error.fieldPath, error.fieldProblem)
        } catch {
            throw A2AError(.invalidParams, "The value does not have the expected form.", cause: error)
        }
    }
}

extension DecodingError {
    private var context: (path: [any CodingKey], problem: String) {
        switch self {
        case .typeMismatch(let type, let context): (context.codingPath, "is not of the type \(type)")
        case .valueNotFound(_, let context): (context.codingPath, "must not be null")
        case .keyNotFound(let key, let context): (context.codingPath + [key], "is missing")
        case .dataCorrupted(let context): (context.codingPath, "has an unexpected value")
        @unknown default: ([], "does not have the expected form")
        }
    }

    /// The path of the member that failed, as in ``FieldViolation/field``.
    fileprivate var fieldPath: String {
        var path = ""
        for key in self.context.path {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return path.isEmpty ? "data" : path
    }

    fileprivate var fieldProblem: String { self.context.problem }
}
