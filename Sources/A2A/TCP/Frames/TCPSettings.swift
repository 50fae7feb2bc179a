/// What an endpoint grants and promises for the life of a connection (spec/bindings/tcp.md §4.5).
///
/// They are sent in HELLO and never change. A setting that is not sent has its default.
package struct TCPSettings: Hashable, Sendable {
    /// Calls that the peer may open at first: 0 (serves none) or from 8.
    package var callCredit: UInt32 = 0
    /// Octets that the peer may send on each stream at first. At least 65,536.
    package var streamCredit: UInt32 = 65_536
    /// Octets of the largest message that is taken. At least 1 MiB.
    package var maxMessage: UInt32 = 1 << 20
    /// Seconds without a received octet after which this endpoint closes. 10 to 3,600.
    package var idleTimeoutSeconds: UInt32 = 60
    /// Seconds for which events can be replayed. 0: no ResumeStream.
    package var resumeSeconds: UInt32 = 0
    /// Seconds for which a repeated message id gets the answer of the first. 0: not at all.
    package var dedupSeconds: UInt32 = 0
    /// Highest number of a credential slot. 4 to 65,535.
    package var authSlots: UInt32 = 4
    /// Bit 0: takes Notify calls.
    package var features: UInt32 = 0

    package init() {}

    /// Bit 0 of ``features``.
    package var acceptsNotify: Bool { self.features & 1 != 0 }

    /// One setting: its number, where it is kept, its least and greatest value.
    private struct Row {
        let id: UInt16
        let path: any WritableKeyPath<TCPSettings, UInt32> & Sendable
        let range: ClosedRange<UInt32>
    }

    private static let rows = [
        Row(id: 1, path: \.callCredit, range: 8...0x7FFF_FFFF),
        Row(id: 2, path: \.streamCredit, range: 65_536...0x7FFF_FFFF),
        Row(id: 3, path: \.maxMessage, range: (1 << 20)...0x7FFF_FFFF),
        Row(id: 4, path: \.idleTimeoutSeconds, range: 10...3_600),
        Row(id: 6, path: \.resumeSeconds, range: 0...UInt32.max),
        Row(id: 7, path: \.dedupSeconds, range: 0...UInt32.max),
        Row(id: 8, path: \.authSlots, range: 4...65_535),
        Row(id: 9, path: \.features, range: 0...UInt32.max),
    ]

    /// Takes one entry of a HELLO. Numbers that are not known change nothing.
    ///
    /// - Throws: PROTOCOL_ERROR if the value is out of range.
    fileprivate mutating func set(_ id: UInt16, _ value: UInt32) throws(TCPViolation) {
        guard let row = Self.rows.first(where: { $0.id == id }) else { return }
        guard row.range.contains(value) || (id == 1 && value == 0) else {
            throw .connection(.protocolError, "a setting out of range")
        }
        self[keyPath: row.path] = value
    }

    /// The settings that differ from their defaults, in the order of their numbers.
    package var entries: [(id: UInt16, value: UInt32)] {
        let defaults = TCPSettings()
        return Self.rows.compactMap { row in
            let value = self[keyPath: row.path]
            return value == defaults[keyPath: row.path] ? nil : (row.id, value)
        }
    }
}

/// HELLO: the first frame of each side (spec/bindings/tcp.md §4.5).
///
/// `N: 8`, then N times `id: 16, value: 32`, then parameters.
package struct TCPHello: Hashable, Sendable {
    package var settings = TCPSettings()
    package var parameters = TCPParameters()

    package init(settings: TCPSettings = TCPSettings(), parameters: TCPParameters = TCPParameters()) {
        self.settings = settings
        self.parameters = parameters
    }

    /// - Throws: FRAME_ERROR if the frame is cut short, PROTOCOL_ERROR if a setting comes twice or is out of range, or if a
    ///   parameter cannot be taken.
    package init(from reader: inout TCPByteReader) throws(TCPViolation) {
        var seen: [UInt16] = []
        let count = try reader.read(UInt8.self)
        for _ in 0..<count {
            let id = try reader.read(UInt16.self)
            let value = try reader.read(UInt32.self)
            guard !seen.contains(id) else { throw .connection(.protocolError, "a setting that comes twice") }
            seen.append(id)
            try self.settings.set(id, value)
        }
        var problem: String?
        self.parameters = try TCPParameters(from: &reader, problem: &problem)
        if let problem { throw .connection(.protocolError, problem) }
    }

    package func encode(into sink: inout some TCPByteSink) {
        let entries = self.settings.entries
        let length = 1 + 6 * entries.count + self.parameters.encodedSize
        TCPFrameHeader(.hello, length: length).encode(into: &sink)
        sink.append(bigEndian: UInt8(truncatingIfNeeded: entries.count))
        for entry in entries {
            sink.append(bigEndian: entry.id)
            sink.append(bigEndian: entry.value)
        }
        self.parameters.encode(into: &sink)
    }
}
