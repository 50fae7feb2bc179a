/// The named values of HELLO, CALL and REPLY: A2A service parameters, and names of the binding itself
/// (spec/bindings/tcp.md §4.4, §7).
///
/// Wire form: `KeyLen: 8, Key, ValLen: 16, Value` until the frame ends. At most 64 entries and 16,384 octets together.
package struct TCPParameters: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// Most entries in a frame.
    package static let maxCount = 64
    /// Most octets of all entries of a frame, with their length fields.
    package static let maxOctets = 16_384
    /// Most octets of a name.
    package static let maxKeyOctets = 64
    /// Most octets of a value.
    package static let maxValueOctets = 8_192

    package struct Entry: Hashable, Sendable {
        package var key: String
        package var value: String
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        self.entries = elements.map { Entry(key: $0.0, value: $0.1) }
    }

    package init(_ entries: [(String, String)]) {
        self.entries = entries.map { Entry(key: $0.0, value: $0.1) }
    }

    package var isEmpty: Bool { self.entries.isEmpty }

    package subscript(key: String) -> String? {
        get { self.entries.first { $0.key == key }?.value }
        set {
            self.entries.removeAll { $0.key == key }
            if let newValue { self.entries.append(Entry(key: key, value: newValue)) }
        }
    }

    /// Octets of the encoded form.
    package var encodedSize: Int {
        self.entries.reduce(0) { $0 + 3 + $1.key.utf8.count + $1.value.utf8.count }
    }

    /// Why a peer would refuse these parameters, or `nil`.
    package var problem: String? {
        if self.entries.count > Self.maxCount { return "more than 64 parameters" }
        if self.encodedSize > Self.maxOctets { return "more than 16,384 octets of parameters" }
        for (index, entry) in self.entries.enumerated() {
            if !Self.isKey(entry.key.utf8) { return "a parameter name outside [a-z0-9._-]{1,64}" }
            if entry.value.utf8.count > Self.maxValueOctets { return "a parameter value above 8,192 octets" }
            if entry.value.utf8.contains(where: Self.isControl) { return "a control octet in a parameter" }
            if self.entries[..<index].contains(where: { $0.key == entry.key }) { return "a parameter that comes twice" }
        }
        return nil
    }

    package func encode(into sink: inout some TCPByteSink) {
        for entry in self.entries {
            sink.append(bigEndian: UInt8(truncatingIfNeeded: entry.key.utf8.count))
            sink.append(text: entry.key)
            sink.append(bigEndian: UInt16(truncatingIfNeeded: entry.value.utf8.count))
            sink.append(text: entry.value)
        }
    }

    /// Reads parameters until the payload ends.
    ///
    /// - Parameter problem: Set to what is wrong with parameters that can be read but not taken; the rest is skipped.
    /// - Throws: FRAME_ERROR if an entry goes beyond the frame.
    package init(from reader: inout TCPByteReader, problem: inout String?) throws(TCPViolation) {
        while reader.remaining > 0 {
            let key = try reader.read(count: Int(reader.read(UInt8.self)))
            let value = try reader.read(count: Int(reader.read(UInt16.self)))
            guard problem == nil else { continue }
            if self.entries.count == Self.maxCount {
                problem = "more than 64 parameters"
            } else if !Self.isKey(key) {
                problem = "a parameter name outside [a-z0-9._-]{1,64}"
            } else if value.count > Self.maxValueOctets {
                problem = "a parameter value above 8,192 octets"
            } else if value.contains(where: Self.isControl) {
                problem = "a control octet in a parameter"
            } else if let text = String(validating: value, as: UTF8.self) {
                let name = String(decoding: key, as: UTF8.self)
                if self.entries.contains(where: { $0.key == name }) {
                    problem = "a parameter that comes twice"
                } else {
                    self.entries.append(Entry(key: name, value: text))
                }
            } else {
                problem = "a parameter value that is not UTF-8"
            }
        }
    }

    private static func isKey(_ octets: some Collection<UInt8>) -> Bool {
        guard (1...Self.maxKeyOctets).contains(octets.count) else { return false }
        return octets.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }

    private static func isControl(_ octet: UInt8) -> Bool { octet < 0x20 || octet == 0x7F }
}
