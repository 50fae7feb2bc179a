import A2A
import SwiftProtobuf

/// The messages of calls in both encodings.
enum FrameMessages {
    /// A request in Protocol Buffers, from its form in JSON.
    static func request(_ value: JSONValue, method: UInt8) throws(FrameWriter.Problem) -> [UInt8] {
        switch method {
        case 0x01, 0x02: try self.bytes(A2ASendMessageRequest.self, value)
        case 0x03: try self.bytes(A2AGetTaskRequest.self, value)
        case 0x04: try self.bytes(A2AListTasksRequest.self, value)
        case 0x05: try self.bytes(A2ACancelTaskRequest.self, value)
        case 0x06, 0x41: try self.bytes(A2ASubscribeToTaskRequest.self, value)
        case 0x07: try self.bytes(A2ATaskPushNotificationConfig.self, value)
        case 0x08: try self.bytes(A2AGetTaskPushNotificationConfigRequest.self, value)
        case 0x09: try self.bytes(A2AListTaskPushNotificationConfigsRequest.self, value)
        case 0x0A: try self.bytes(A2ADeleteTaskPushNotificationConfigRequest.self, value)
        case 0x0B, 0x40: try self.bytes(A2AGetExtendedAgentCardRequest.self, value)
        default: throw FrameWriter.Problem(text: "method \(method) has no message in Protocol Buffers")
        }
    }

    private static func bytes<M: Message>(_ type: M.Type, _ value: JSONValue) throws(FrameWriter.Problem) -> [UInt8] {
        do {
            return try M(jsonUTF8Bytes: value.bytes).serializedBytes()
        } catch {
            throw FrameWriter.Problem(text: "\(value) is no \(M.protoMessageName)")
        }
    }

    /// An answer as JSON; `nil` if it is not of its type.
    static func answer(_ octets: [UInt8], _ opened: FrameWriter.Opened) -> JSONValue? {
        if opened.encoding == 2 { return try? JSONValue(parsing: octets) }
        return switch opened.method {
        case 0x01: self.json(A2ASendMessageResponse.self, octets)
        case 0x02, 0x06, 0x41, 0x42: self.json(A2AStreamResponse.self, octets)
        case 0x03, 0x05: self.json(A2ATask.self, octets)
        case 0x04: self.json(A2AListTasksResponse.self, octets)
        case 0x07, 0x08: self.json(A2ATaskPushNotificationConfig.self, octets)
        case 0x09: self.json(A2AListTaskPushNotificationConfigsResponse.self, octets)
        case 0x0A: self.json(Google_Protobuf_Empty.self, octets)
        case 0x0B, 0x40: self.json(A2AAgentCard.self, octets)
        default: nil
        }
    }

    private static func json<M: Message>(_ type: M.Type, _ octets: [UInt8]) -> JSONValue? {
        guard let message = try? M(serializedBytes: octets), let bytes = try? ModelJSON.encode(message) else {
            return nil
        }
        return try? JSONValue(parsing: bytes)
    }
}
