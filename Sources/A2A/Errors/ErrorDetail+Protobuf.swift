package import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// Details as `google.rpc.Status` holds them, for every binding that sends errors in binary.

extension ErrorDetail {
    /// In a detail that could not be read: its bytes in base64.
    private static let opaqueKey = "@value"

    /// Whether it is what programs tell errors apart by.
    package var isErrorInfo: Bool {
        if case .errorInfo = self { true } else { false }
    }

    /// The detail as it is sent.
    package var packed: Google_Protobuf_Any? {
        switch self {
        case .errorInfo(let reason, let domain, let metadata):
            var info = Google_Rpc_ErrorInfo()
            info.reason = reason
            info.domain = domain
            info.metadata = metadata
            return try? Google_Protobuf_Any(message: info)
        case .badRequest(let violations):
            var request = Google_Rpc_BadRequest()
            request.fieldViolations = violations.map { violation in
                var field = Google_Rpc_BadRequest.FieldViolation()
                field.field = violation.field
                field.description_p = violation.description
                return field
            }
            return try? Google_Protobuf_Any(message: request)
        case .retryInfo(let delay):
            var info = Google_Rpc_RetryInfo()
            let (seconds, attoseconds) = delay.components
            info.retryDelay.seconds = seconds
            info.retryDelay.nanos = Int32(truncatingIfNeeded: attoseconds / 1_000_000_000)
            return try? Google_Protobuf_Any(message: info)
        case .other(let type, let fields):
            // The bytes that came, or else the fields as a `Struct` that names the type.
            if fields.fields.count == 1, let text = fields.fields[Self.opaqueKey]?.stringValue,
                let bytes = Data(base64Encoded: text)
            {
                var any = Google_Protobuf_Any()
                any.typeURL = type
                any.value = bytes
                return any
            }
            var named = fields
            named.fields["@type"] = Google_Protobuf_Value(stringValue: type)
            return try? Google_Protobuf_Any(message: named)
        }
    }

    /// A detail as it came; `nil` for one without a type.
    package init?(_ any: Google_Protobuf_Any) {
        guard !any.typeURL.isEmpty else { return nil }
        if let info = Self.unpack(Google_Rpc_ErrorInfo.self, any) {
            self = .errorInfo(reason: info.reason, domain: info.domain, metadata: info.metadata)
        } else if let request = Self.unpack(Google_Rpc_BadRequest.self, any) {
            self = .badRequest(
                request.fieldViolations.map { FieldViolation(field: $0.field, description: $0.description_p) })
        } else if let info = Self.unpack(Google_Rpc_RetryInfo.self, any) {
            self = .retryInfo(.seconds(info.retryDelay.seconds) + .nanoseconds(Int64(info.retryDelay.nanos)))
        } else if var named = Self.unpack(Google_Protobuf_Struct.self, any),
            let type = named.fields.removeValue(forKey: "@type")?.stringValue, !type.isEmpty
        {
            self = .other(type: type, fields: named)
        } else {
            let value = Google_Protobuf_Value(stringValue: any.value.base64EncodedString())
            self = .other(type: any.typeURL, fields: Google_Protobuf_Struct(fields: [Self.opaqueKey: value]))
        }
    }

    private static func unpack<M: Message>(_ type: M.Type, _ any: Google_Protobuf_Any) -> M? {
        guard any.isA(type) else { return nil }
        return try? M(unpackingAny: any)
    }
}
