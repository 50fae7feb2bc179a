/// Writes server-sent events (HTML standard, §9.2).
package enum SSEWriter {
    /// Appends one event.
    ///
    /// - Parameters:
    ///   - data: Usually JSON in one line; other text is split into a `data` field for each line.
    ///   - id: Where the stream goes on after this event. Line ends and NUL are left out of it.
    ///   - name: The type of the event; `nil` for a plain message.
    package static func append(
        data: some Collection<UInt8>, id: String? = nil, name: String? = nil, to output: inout [UInt8]
    ) {
        if let name { Self.appendField("event: ", name, to: &output) }
        if let id { Self.appendField("id: ", id, to: &output) }
        JSONText.append(raw: "data: ", to: &output)
        Self.appendLines(data, prefix: "data: ", to: &output)
        JSONText.append(raw: "\n\n", to: &output)
    }

    /// Appends one event whose id is a generation.
    package static func append(data: some Collection<UInt8>, generation: Int64?, to output: inout [UInt8]) {
        Self.append(data: data, id: generation.map { String($0) }, to: &output)
    }

    /// Appends a comment, which readers ignore; it keeps a silent connection open.
    package static func append(comment: String = "", to output: inout [UInt8]) {
        JSONText.append(raw: ": ", to: &output)
        Self.appendLines(comment.utf8, prefix: ": ", to: &output)
        JSONText.append(raw: "\n\n", to: &output)
    }

    /// Appends how long a reader shall wait before it connects again.
    package static func append(retryMilliseconds: Int, to output: inout [UInt8]) {
        output.append(contentsOf: "retry: \(max(0, retryMilliseconds))\n\n".utf8)
    }

    private static func appendField(_ prefix: StaticString, _ value: String, to output: inout [UInt8]) {
        JSONText.append(raw: prefix, to: &output)
        output.append(contentsOf: value.utf8.lazy.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 })
        output.append(0x0A)
    }

    /// Appends text, with a prefix after each line end in it: LF, CR or both.
    private static func appendLines(
        _ text: some Collection<UInt8>, prefix: StaticString, to output: inout [UInt8]
    ) {
        let start = output.count
        output.append(contentsOf: text)
        guard output[start...].contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return }
        output.removeSubrange(start...)
        var previous: UInt8 = 0
        for byte in text {
            if byte == 0x0A || byte == 0x0D {
                if !(byte == 0x0A && previous == 0x0D) {
                    output.append(0x0A)
                    JSONText.append(raw: prefix, to: &output)
                }
            } else {
                output.append(byte)
            }
            previous = byte
        }
    }
}
