import SwiftProtobuf
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("How deep messages may be")
struct NestingTests {
    /// A request with lists in lists in its metadata.
    private static func lists(_ depth: Int) -> Google_Protobuf_Value {
        var value = Google_Protobuf_Value(numberValue: 1)
        for _ in 0..<depth { value = Google_Protobuf_Value(listValue: Google_Protobuf_ListValue(values: [value])) }
        return value
    }

    /// A request with objects in objects in its metadata.
    private static func objects(_ depth: Int) -> Google_Protobuf_Value {
        var value = Google_Protobuf_Value(numberValue: 1)
        for _ in 0..<depth { value = Google_Protobuf_Value(structValue: Google_Protobuf_Struct(fields: ["a": value])) }
        return value
    }

    private static func octets(_ value: Google_Protobuf_Value, _ encoding: TCPEncoding) throws -> [UInt8] {
        var request = A2ASendMessageRequest()
        request.metadata = A2AMetadata(fields: ["a": value])
        return try encoding.encode(request)
    }

    /// The least depth that is refused, and how.
    private static func border(
        _ make: (Int) -> Google_Protobuf_Value, _ encoding: TCPEncoding
    ) throws -> (depth: Int, code: A2AError.Code?) {
        for depth in 1..<120 {
            let octets = try Self.octets(make(depth), encoding)
            do throws(A2AError) {
                _ = try encoding.decode(A2ASendMessageRequest.self, from: octets)
            } catch {
                return (depth, error.code)
            }
        }
        return (120, nil)
    }

    @Test("messages nest up to 100 levels, in both encodings alike", arguments: TCPEncoding.allCases)
    func limit(_ encoding: TCPEncoding) throws {
        // The request, its metadata, and then a value and a list or an object each.
        let code: A2AError.Code = encoding == .json ? .invalidParams : .parseError
        #expect(try Self.border(Self.lists, encoding) == (49, code))
        #expect(try Self.border(Self.objects, encoding) == (49, code))
    }
}
