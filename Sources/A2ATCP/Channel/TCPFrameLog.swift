import A2A
import Logging
import Synchronization

/// Says of each frame in one line what it is, at trace level, for whoever looks for a fault.
///
/// Type, stream, flags, length, and numbers such as method, slot, credit and code. Nothing of credentials, parameters, messages
/// and texts: not their names either, since a header without a scheme has its secret where the name belongs.
struct TCPFrameLog: Sendable {
    enum Direction: String {
        case sent = "->"
        case received = "<-"
    }

    private static let connections = Atomic(0)

    private let logger: Logger

    /// - Returns: `nil` if the logger does not write at trace level; the connection then does nothing at all.
    init?(_ logger: Logger?) {
        guard var logger, logger.logLevel <= .trace else { return nil }
        let number = Self.connections.add(1, ordering: .relaxed).newValue
        logger[metadataKey: "connection"] = "\(number)"
        self.logger = logger
    }

    /// - Parameter octets: Whole frames, the preface before them; what is no frame ends the reading.
    func note(_ direction: Direction, _ octets: UnsafeRawBufferPointer) {
        var offset = 0
        // No frame begins with the first octet of the preface.
        if octets.first == TCPPreface.octets[0] {
            guard octets.count >= TCPPreface.octets.count else { return }
            self.logger.trace("\(direction.rawValue) preface, version \(octets[7])")
            offset = TCPPreface.octets.count
        }
        while let header = TCPFrameHeader(octets, at: offset) {
            let start = offset + TCPFrameHeader.size
            self.logger.trace("\(direction.rawValue) \(Self.line(header, octets, start))")
            guard header.type >= 0x80 || TCPFrameType(rawValue: header.type) != nil else { return }
            offset = start + header.length
        }
    }

    private static func line(_ header: TCPFrameHeader, _ octets: UnsafeRawBufferPointer, _ start: Int) -> String {
        let type = TCPFrameType(rawValue: header.type)
        let name = type.map(Self.name) ?? "type \(header.type)"
        var line = "\(name) stream \(header.stream) flags \(header.flags.rawValue) length \(header.length)"
        var reader = TCPByteReader(octets, start..<(start + header.length))
        do throws(TCPViolation) {
            if let type { line += try Self.fields(type, header.flags, &reader) }
        } catch {
            line += ", cut short"
        }
        return line
    }

    private static func name(_ type: TCPFrameType) -> String {
        switch type {
        case .hello: "HELLO"
        case .auth: "AUTH"
        case .call: "CALL"
        case .reply: "REPLY"
        case .message: "MSG"
        case .data: "DATA"
        case .credit: "CREDIT"
        case .reset: "RESET"
        case .ping: "PING"
        case .goAway: "GOAWAY"
        }
    }

    /// The numbers at the beginning of a payload.
    private static func fields(
        _ type: TCPFrameType, _ flags: TCPFrameFlags, _ reader: inout TCPByteReader
    ) throws(TCPViolation) -> String {
        switch type {
        case .hello: return ", \(try reader.read(UInt8.self)) settings"
        case .auth: return ", slot \(try reader.read(UInt16.self)), \(reader.remaining) octets withheld"
        case .call:
            let (method, encoding) = (try reader.read(UInt8.self), try reader.read(UInt8.self))
            let (major, minor) = (try reader.read(UInt8.self), try reader.read(UInt8.self))
            let (timeout, priority) = (try reader.read(UInt32.self), try reader.read(UInt8.self))
            _ = try reader.read(UInt8.self)
            let slot = try reader.read(UInt16.self)
            return ", method \(method), encoding \(encoding), version \(major).\(minor), timeout \(timeout) ms, "
                + "priority \(priority), slot \(slot)"
        case .reply: return ", epoch \(TCPCursor.hex(try reader.read(UInt64.self)))"
        case .message:
            let total = try reader.read(UInt32.self)
            return ", total \(total)" + (flags.contains(.sequence) ? ", seq \(try reader.read(UInt64.self))" : "")
        case .credit: return ", increment \(try reader.read(UInt32.self))"
        case .reset: return ", code \(TCPErrorCode(rawValue: try reader.read(UInt16.self)))"
        case .goAway:
            let last = try reader.read(UInt32.self)
            return ", last stream \(last), code \(TCPErrorCode(rawValue: try reader.read(UInt16.self)))"
        case .data, .ping: return ""
        }
    }
}
