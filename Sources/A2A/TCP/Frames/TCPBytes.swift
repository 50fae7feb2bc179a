/// Something that encoded frames are appended to: an array, or a buffer of the network library.
package protocol TCPByteSink {
    /// Octets that it holds; grows with what is appended.
    var octetCount: Int { get }
    mutating func append(octets: UnsafeRawBufferPointer)
}

extension TCPByteSink {
    /// Appends an unsigned integer, most significant octet first.
    @inlinable package mutating func append<Value: FixedWidthInteger & UnsignedInteger>(bigEndian value: Value) {
        withUnsafeBytes(of: value.bigEndian) { self.append(octets: $0) }
    }

    package mutating func append(octets: [UInt8]) {
        octets.withUnsafeBytes { self.append(octets: $0) }
    }

    package mutating func append(text: String) {
        var text = text
        text.withUTF8 { self.append(octets: UnsafeRawBufferPointer($0)) }
    }
}

extension [UInt8]: TCPByteSink {
    @inlinable package var octetCount: Int { self.count }

    @inlinable package mutating func append(octets: UnsafeRawBufferPointer) {
        self.append(contentsOf: octets)
    }
}

/// Reads a payload from its beginning to its end; a read beyond the end is FRAME_ERROR, never a trap.
package struct TCPByteReader {
    private let bytes: UnsafeRawBufferPointer
    /// Octets read so far, counted from the start of the buffer.
    package private(set) var offset: Int
    private let end: Int

    /// - Parameter range: The payload within `bytes`; cut to what `bytes` has.
    package init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        self.offset = Swift.min(Swift.max(range.lowerBound, 0), bytes.count)
        self.end = Swift.min(Swift.max(range.upperBound, self.offset), bytes.count)
    }

    package var remaining: Int { self.end - self.offset }

    package mutating func read<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type
    ) throws(TCPViolation) -> Value {
        let size = MemoryLayout<Value>.size
        guard self.remaining >= size else { throw Self.truncated }
        defer { self.offset += size }
        return Value(bigEndian: self.bytes.loadUnaligned(fromByteOffset: self.offset, as: Value.self))
    }

    /// The next `count` octets, in place: valid as long as the buffer.
    package mutating func read(count: Int) throws(TCPViolation) -> UnsafeRawBufferPointer {
        guard count >= 0, self.remaining >= count else { throw Self.truncated }
        defer { self.offset += count }
        return UnsafeRawBufferPointer(rebasing: self.bytes[self.offset..<(self.offset + count)])
    }

    package mutating func readRest() -> UnsafeRawBufferPointer {
        defer { self.offset = self.end }
        return UnsafeRawBufferPointer(rebasing: self.bytes[self.offset..<self.end])
    }

    private static let truncated = TCPViolation.connection(.frameError, "a field goes beyond its frame")
}
