/// One frame as a value: for logs, tests and tools.
///
/// The connection reads payloads in place and does not make these; both go through the same decoders.
package enum TCPFrame: Hashable, Sendable {
    case hello(TCPHello)
    case auth(TCPCredentials)
    case call(stream: UInt32, TCPCall)
    case reply(stream: UInt32, TCPReply)
    case message(stream: UInt32, TCPMessageStart, body: [UInt8], isLast: Bool)
    case data(stream: UInt32, body: [UInt8], isLast: Bool)
    case credit(stream: UInt32, increment: UInt32)
    case reset(stream: UInt32, TCPReset)
    case ping(opaque: UInt64, isAcknowledgement: Bool)
    case goAway(TCPGoAway)
    /// A type from 0x80 that is not known here.
    case ignored(type: UInt8, flags: UInt8, stream: UInt32, body: [UInt8])

    /// Decodes the frame at `offset` and moves `offset` behind it; returns `nil`, and leaves `offset`, while the frame is
    /// not complete.
    ///
    /// - Throws: What makes the frame an error by itself, whatever came before it. A violation of scope `.stream` is
    ///   thrown after `offset` was moved.
    package init?(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) throws(TCPViolation) {
        guard let header = TCPFrameHeader(bytes, at: offset) else { return nil }
        let type = try header.checked()
        let start = offset + TCPFrameHeader.size
        guard bytes.count - start >= header.length else { return nil }
        offset = start + header.length
        var reader = TCPByteReader(bytes, start..<offset)
        var problem: TCPViolation?
        let isLast = header.flags.contains(.end)
        switch type {
        case .hello: self = .hello(try TCPHello(from: &reader))
        case .auth: self = .auth(try TCPCredentials(from: &reader))
        case .call:
            self = .call(
                stream: header.stream, try TCPCall(from: &reader, flags: header.flags, problem: &problem))
        case .reply: self = .reply(stream: header.stream, try TCPReply(from: &reader, problem: &problem))
        case .message:
            let message = try TCPMessageStart(from: &reader, flags: header.flags)
            self = .message(stream: header.stream, message, body: Array(reader.readRest()), isLast: isLast)
        case .data:
            if header.length == 0, !isLast { throw TCPCredit.emptyData }
            self = .data(stream: header.stream, body: Array(reader.readRest()), isLast: isLast)
        case .credit:
            self = .credit(stream: header.stream, increment: try TCPCredit.increment(from: &reader))
        case .reset: self = .reset(stream: header.stream, try TCPReset(from: &reader, flags: header.flags))
        case .ping:
            let isAcknowledgement = header.flags.contains(.acknowledgement)
            self = .ping(opaque: try reader.read(UInt64.self), isAcknowledgement: isAcknowledgement)
        case .goAway: self = .goAway(try TCPGoAway(from: &reader))
        case nil:
            self = .ignored(
                type: header.type, flags: header.flags.rawValue, stream: header.stream,
                body: Array(reader.readRest()))
        }
        if let problem { throw problem }
    }

    package func encode(into sink: inout some TCPByteSink) {
        switch self {
        case .hello(let hello): hello.encode(into: &sink)
        case .auth(let credentials): credentials.encode(into: &sink)
        case .call(let stream, let call): call.encode(stream: stream, into: &sink)
        case .reply(let stream, let reply): reply.encode(stream: stream, into: &sink)
        case .message(let stream, let start, let body, let isLast):
            start.encode(stream: stream, fragment: body.count, isLast: isLast, into: &sink)
            sink.append(octets: body)
        case .data(let stream, let body, let isLast):
            TCPFrameHeader(.data, flags: isLast ? .end : [], length: body.count, stream: stream).encode(into: &sink)
            sink.append(octets: body)
        case .credit(let stream, let increment): TCPCredit.encode(increment, stream: stream, into: &sink)
        case .reset(let stream, let reset): reset.encode(stream: stream, into: &sink)
        case .ping(let opaque, let isAcknowledgement):
            TCPFrameHeader(.ping, flags: isAcknowledgement ? .acknowledgement : [], length: 8).encode(into: &sink)
            sink.append(bigEndian: opaque)
        case .goAway(let goAway): goAway.encode(into: &sink)
        case .ignored(let type, let flags, let stream, let body):
            TCPFrameHeader(type: type, flags: TCPFrameFlags(rawValue: flags), length: body.count, stream: stream)
                .encode(into: &sink)
            sink.append(octets: body)
        }
    }
}

/// What MSG says about a message before its first octets: `Total: 32`, with SEQ `Seq: 64`.
package struct TCPMessageStart: Hashable, Sendable {
    /// Octets of the whole message.
    package var total: UInt32
    /// The number of the event in its task's log.
    package var sequence: UInt64?

    package init(total: UInt32, sequence: UInt64? = nil) {
        self.total = total
        self.sequence = sequence
    }

    /// Octets before the first octet of the message.
    package var encodedSize: Int { self.sequence == nil ? 4 : 12 }

    /// - Throws: FRAME_ERROR if the fragment is longer than the message, is empty although the message is not, or has END
    ///   and does not complete the message.
    package init(from reader: inout TCPByteReader, flags: TCPFrameFlags) throws(TCPViolation) {
        self.total = try reader.read(UInt32.self)
        if flags.contains(.sequence) { self.sequence = try reader.read(UInt64.self) }
        guard reader.remaining <= Int(self.total) else { throw .connection(.frameError, "more octets than Total") }
        guard reader.remaining > 0 || self.total == 0 else {
            throw .connection(.frameError, "a MSG without an octet of its message")
        }
        guard !flags.contains(.end) || reader.remaining == Int(self.total) else {
            throw .connection(.frameError, "END before the message is complete")
        }
    }

    package func encode(stream: UInt32, fragment: Int, isLast: Bool, into sink: inout some TCPByteSink) {
        var flags: TCPFrameFlags = isLast ? .end : []
        if self.sequence != nil { flags.insert(.sequence) }
        TCPFrameHeader(.message, flags: flags, length: self.encodedSize + fragment, stream: stream).encode(into: &sink)
        sink.append(bigEndian: self.total)
        if let sequence { sink.append(bigEndian: sequence) }
    }
}
