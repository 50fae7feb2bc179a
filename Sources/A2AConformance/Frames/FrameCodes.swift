import A2A

/// The codes of RESET and GOAWAY by their names (spec/bindings/tcp.md §9); an A2A error has the name of its reason.
enum FrameCodes {
    static let names: [UInt16: String] = {
        var names: [UInt16: String] = [
            0x0001: "CANCELED", 0x0003: "INVALID_PARAMS", 0x0004: "DEADLINE_EXCEEDED", 0x0007: "PERMISSION_DENIED",
            0x0008: "RESOURCE_EXHAUSTED", 0x000C: "METHOD_NOT_FOUND", 0x000D: "INTERNAL", 0x000E: "UNAVAILABLE",
            0x0010: "UNAUTHENTICATED", 0x0020: "PARSE_ERROR", 0x0021: "INVALID_REQUEST", 0x0201: "REFUSED",
            0x0202: "MESSAGE_TOO_LARGE", 0x0204: "SLOW_CONSUMER", 0x0205: "RESUME_GAP", 0x0300: "NO_ERROR",
            0x0301: "PROTOCOL_ERROR", 0x0302: "FRAME_ERROR", 0x0303: "FLOW_CONTROL", 0x0304: "HANDSHAKE_TIMEOUT",
            0x0305: "IDLE_TIMEOUT", 0x0306: "CALM", 0x0307: "VERSION", 0x0308: "INSECURE", 0x0309: "INTERNAL_ERROR",
        ]
        for code in A2AError.Code.specified { names[0x0100 + UInt16(-32000 - code.jsonRPC)] = code.reason }
        return names
    }()

    static func name(_ code: UInt16) -> String { self.names[code] ?? self.hex(code) }

    static func number(_ name: String) -> UInt16? {
        self.names.first { $0.value == name }?.key
    }

    static func hex(_ value: some FixedWidthInteger & UnsignedInteger) -> String {
        let digits = String(value, radix: 16)
        let width = max(MemoryLayout.size(ofValue: value) * 2, digits.count)
        return "0x" + String(repeating: "0", count: width - digits.count) + digits
    }
}

/// The methods of CALL by their names (spec/bindings/tcp.md §6.1).
enum FrameMethods {
    static let numbers: [String: UInt8] = [
        "SendMessage": 0x01, "SendStreamingMessage": 0x02, "GetTask": 0x03, "ListTasks": 0x04, "CancelTask": 0x05,
        "SubscribeToTask": 0x06, "CreateTaskPushNotificationConfig": 0x07, "GetTaskPushNotificationConfig": 0x08,
        "ListTaskPushNotificationConfigs": 0x09, "DeleteTaskPushNotificationConfig": 0x0A, "GetExtendedAgentCard": 0x0B,
        "GetAgentCard": 0x40, "ResumeStream": 0x41, "Notify": 0x42,
    ]

    static func name(_ number: UInt8) -> String {
        self.numbers.first { $0.value == number }?.key ?? FrameCodes.hex(number)
    }
}
