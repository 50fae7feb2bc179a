/// AUTH: writes or clears a credential slot (spec/bindings/tcp.md §4.4, §10.2).
///
/// `Slot: 16`, then entries `Kind: 8, NameLen: 8, Name, ValueLen: 16, Value`; no entry clears the slot. The values are
/// secrets: the description of this type and of its entries leaves them out.
package struct TCPCredentials: Hashable, Sendable {
    /// Most entries of a slot.
    package static let maxCount = 16
    /// Most octets of the payload.
    package static let maxOctets = 16_384

    /// Where a credential would stand in an HTTP request.
    package enum Kind: UInt8, Sendable {
        /// `Authorization: Name Value`.
        case authorization = 1
        /// An API key in the header that the name names.
        case headerKey
        /// An API key in the query.
        case queryKey
        /// An API key in a cookie.
        case cookieKey
    }

    package struct Entry: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
        package var kind: Kind
        package var name: String
        package var value: String

        package init(_ kind: Kind, name: String, value: String) {
            self.kind = kind
            self.name = name
            self.value = value
        }

        package var description: String { "\(self.kind) \(self.name) (value withheld)" }
        package var debugDescription: String { self.description }
        package var customMirror: Mirror { Mirror(self, children: ["kind": self.kind, "name": self.name]) }
    }

    package var slot: UInt16
    package var entries: [Entry]

    package init(slot: UInt16, entries: [Entry] = []) {
        self.slot = slot
        self.entries = entries
    }

    /// - Throws: FRAME_ERROR if an entry goes beyond the frame, PROTOCOL_ERROR for slot 0, for more than 16 entries and
    ///   for a kind, name or value that cannot be.
    package init(from reader: inout TCPByteReader) throws(TCPViolation) {
        self.slot = try reader.read(UInt16.self)
        self.entries = []
        var count = 0
        while reader.remaining > 0 {
            let rawKind = try reader.read(UInt8.self)
            let name = try reader.read(count: Int(reader.read(UInt8.self)))
            let value = try reader.read(count: Int(reader.read(UInt16.self)))
            count += 1
            guard count <= Self.maxCount else {
                throw .connection(.protocolError, "more than 16 credentials in a slot")
            }
            guard !name.isEmpty, name.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .connection(.protocolError, "a credential's name that is not printable ASCII")
            }
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let text = String(validating: value, as: UTF8.self)
            else { throw .connection(.protocolError, "a credential with control octets or not in UTF-8") }
            if let kind = Kind(rawValue: rawKind) {
                self.entries.append(Entry(kind, name: String(decoding: name, as: UTF8.self), value: text))
            } else if rawKind < 0x80 {
                throw .connection(.protocolError, "unknown kind of credential")
            }
        }
        guard self.slot != 0 else { throw .connection(.protocolError, "slot 0 cannot be written") }
    }

    package var encodedSize: Int {
        self.entries.reduce(2) { $0 + 4 + $1.name.utf8.count + $1.value.utf8.count }
    }

    package func encode(into sink: inout some TCPByteSink) {
        TCPFrameHeader(.auth, length: self.encodedSize).encode(into: &sink)
        sink.append(bigEndian: self.slot)
        for entry in self.entries {
            sink.append(bigEndian: entry.kind.rawValue)
            sink.append(bigEndian: UInt8(truncatingIfNeeded: entry.name.utf8.count))
            sink.append(text: entry.name)
            sink.append(bigEndian: UInt16(truncatingIfNeeded: entry.value.utf8.count))
            sink.append(text: entry.value)
        }
    }
}
