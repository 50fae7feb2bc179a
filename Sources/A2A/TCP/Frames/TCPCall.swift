/// CALL: opens a stream and says what is asked (spec/bindings/tcp.md §4.4).
///
/// `Method: 8, Encoding: 8, VerMajor: 8, VerMinor: 8, TimeoutMs: 32, Priority: 8, Reserved: 8, Slot: 16`, with TRACE
/// `TraceId: 128, ParentId: 64, TraceFlags: 8`, then parameters.
package struct TCPCall: Hashable, Sendable {
    package var method: TCPMethod
    package var encoding: TCPEncoding
    /// `A2A-Version`; patch numbers do not travel.
    package var version: Version = .v1
    /// Milliseconds from the receipt of the frame until the caller no longer waits. 0: no limit.
    package var timeoutMilliseconds: UInt32 = 0
    package var priority: TCPPriority = .normal
    /// The credential slot that the call is made with. 0: only the identity of the TLS connection.
    package var slot: UInt16 = 0
    package var trace: TCPTraceContext?
    package var parameters = TCPParameters()

    /// The version octets.
    package struct Version: Hashable, Sendable {
        package var major: UInt8
        package var minor: UInt8

        package static let v1 = Self(major: 1, minor: 0)

        package init(major: UInt8, minor: UInt8) {
            self.major = major
            self.minor = minor
        }
    }

    package init(_ method: TCPMethod, encoding: TCPEncoding = .protobuf) {
        self.method = method
        self.encoding = encoding
    }

    /// Reads the payload.
    ///
    /// - Parameter problem: Set to why the call is to be answered with RESET; its fields then have stand-ins.
    /// - Throws: FRAME_ERROR if a field goes beyond the frame.
    package init(
        from reader: inout TCPByteReader, flags: TCPFrameFlags, problem: inout TCPViolation?
    ) throws(TCPViolation) {
        self.method = TCPMethod(rawValue: try reader.read(UInt8.self))
        let encoding = TCPEncoding(rawValue: try reader.read(UInt8.self))
        self.encoding = encoding ?? .json
        self.version = Version(major: try reader.read(UInt8.self), minor: try reader.read(UInt8.self))
        self.timeoutMilliseconds = try reader.read(UInt32.self)
        let priority = TCPPriority(rawValue: try reader.read(UInt8.self))
        self.priority = priority ?? .normal
        let reserved = try reader.read(UInt8.self)
        self.slot = try reader.read(UInt16.self)
        if flags.contains(.trace) {
            let traceID = (high: try reader.read(UInt64.self), low: try reader.read(UInt64.self))
            let parentID = try reader.read(UInt64.self)
            let traceFlags = try reader.read(UInt8.self)
            // Identifiers of only zeros are invalid; the receiver goes on as if none had come.
            if traceID != (0, 0), parentID != 0 {
                self.trace = TCPTraceContext(traceID: traceID, parentID: parentID, flags: traceFlags)
            }
        }
        var text: String?
        self.parameters = try TCPParameters(from: &reader, problem: &text)
        if encoding == nil { text = "encoding that is neither 1 nor 2" }
        if priority == nil { text = "priority above 2" }
        if reserved != 0 { text = "reserved octet that is not 0" }
        if (self.parameters["method"] != nil) != (self.method == .named) {
            text = "the parameter 'method' goes with method 0 and only with it"
        }
        if self.parameters["a2a-version"] != nil || self.parameters["authorization"] != nil {
            text = "a parameter that has a place of its own"
        }
        if let text { problem = .stream(.invalidRequest, text) }
    }

    /// Octets of the payload.
    package var encodedSize: Int { 12 + (self.trace == nil ? 0 : 25) + self.parameters.encodedSize }

    package func encode(stream: UInt32, into sink: inout some TCPByteSink) {
        let flags: TCPFrameFlags = self.trace == nil ? [] : .trace
        TCPFrameHeader(.call, flags: flags, length: self.encodedSize, stream: stream).encode(into: &sink)
        var word = UInt64(self.method.rawValue) << 56 | UInt64(self.encoding.rawValue) << 48
        word |= UInt64(self.version.major) << 40 | UInt64(self.version.minor) << 32
        sink.append(bigEndian: word | UInt64(self.timeoutMilliseconds))
        sink.append(bigEndian: UInt32(self.priority.rawValue) << 24 | UInt32(self.slot))
        if let trace {
            sink.append(bigEndian: trace.traceID.high)
            sink.append(bigEndian: trace.traceID.low)
            sink.append(bigEndian: trace.parentID)
            sink.append(bigEndian: trace.flags)
        }
        self.parameters.encode(into: &sink)
    }
}

/// REPLY: what a responder says before its first message (spec/bindings/tcp.md §4.4).
///
/// `Epoch: 64`, then parameters.
package struct TCPReply: Hashable, Sendable {
    /// Names the log that the sequence numbers of this stream belong to. 0: the stream cannot be resumed.
    package var epoch: UInt64
    package var parameters: TCPParameters

    package init(epoch: UInt64 = 0, parameters: TCPParameters = TCPParameters()) {
        self.epoch = epoch
        self.parameters = parameters
    }

    package init(from reader: inout TCPByteReader, problem: inout TCPViolation?) throws(TCPViolation) {
        self.epoch = try reader.read(UInt64.self)
        var text: String?
        self.parameters = try TCPParameters(from: &reader, problem: &text)
        if let text { problem = .stream(.invalidAgentResponse, text) }
    }

    package func encode(stream: UInt32, into sink: inout some TCPByteSink) {
        TCPFrameHeader(.reply, length: 8 + self.parameters.encodedSize, stream: stream).encode(into: &sink)
        sink.append(bigEndian: self.epoch)
        self.parameters.encode(into: &sink)
    }
}
