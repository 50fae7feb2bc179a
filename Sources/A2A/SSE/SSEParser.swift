/// One server-sent event.
package struct SSEEvent: Sendable, Hashable {
    /// The id of the last event that had one, this one included; `nil` if there was none, or an empty one.
    package var id: String?
    /// The type of the event; `message` if it names none.
    package var name: String
    /// The data fields, joined by LF.
    package var data: [UInt8]

    package init(id: String?, name: String = "message", data: [UInt8]) {
        self.id = id
        self.name = name
        self.data = data
    }
}

/// Reads server-sent events from bytes that come in any pieces (HTML standard, §9.2.6).
///
/// An event that is not finished when the stream ends is discarded with the parser.
package struct SSEParser: Sendable {
    /// The default of ``maxEventBytes``: 16 MiB.
    package static let defaultMaxEventBytes = 16 * 1024 * 1024

    /// The most bytes of one event that are held: its data and the line that is being read.
    package let maxEventBytes: Int

    /// The id of the last complete event that had one, for `Last-Event-ID`; `nil` if there was none.
    ///
    /// The id of an event that broke off does not count: it was not delivered.
    package private(set) var lastEventID: String?

    /// How long to wait before connecting again, in milliseconds, if the peer said so.
    package private(set) var retryMilliseconds: Int?

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var name = ""
    private var id: String?
    private var previousWasCR = false
    private var isFirstLine = true
    private var failure: A2AError?

    package init(maxEventBytes: Int = SSEParser.defaultMaxEventBytes) {
        self.maxEventBytes = maxEventBytes
    }

    /// Takes the next bytes and returns the events that they complete.
    ///
    /// - Throws: ``A2AError`` as ``push(_:into:)`` does; events that were complete before it are then lost.
    package mutating func push(_ bytes: [UInt8]) throws(A2AError) -> [SSEEvent] {
        var events: [SSEEvent] = []
        try self.push(bytes[...], into: &events)
        return events
    }

    /// Takes the next bytes and appends the events that they complete.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse` if an event is larger than ``maxEventBytes``. The parser is
    ///   then of no further use; `events` has what was complete before.
    package mutating func push(_ bytes: ArraySlice<UInt8>, into events: inout [SSEEvent]) throws(A2AError) {
        if let failure = self.failure { throw failure }
        var start = bytes.startIndex
        if self.previousWasCR, let first = bytes.first {
            self.previousWasCR = false
            if first == 0x0A { start += 1 }
        }
        while let end = Self.lineEnd(in: bytes[start...]) {
            if self.line.isEmpty {
                try self.take(bytes[start..<end], &events)
            } else {
                try self.keep(bytes[start..<end])
                let line = self.line
                self.line.removeAll(keepingCapacity: line.count <= 4096)
                try self.take(line[...], &events)
            }
            start = end + 1
            if bytes[end] == 0x0D {
                if start == bytes.endIndex {
                    self.previousWasCR = true
                } else if bytes[start] == 0x0A {
                    start += 1
                }
            }
        }
        try self.keep(bytes[start...])
    }

    private static func lineEnd(in bytes: ArraySlice<UInt8>) -> Int? {
        let offset = bytes.withUnsafeBufferPointer { buffer -> Int? in
            for index in 0..<buffer.count where buffer[index] == 0x0A || buffer[index] == 0x0D { return index }
            return nil
        }
        return offset.map { bytes.startIndex + $0 }
    }

    /// Keeps the start of a line for the bytes to come.
    private mutating func keep(_ bytes: ArraySlice<UInt8>) throws(A2AError) {
        guard !bytes.isEmpty else { return }
        try self.checkSize(adding: bytes.count)
        self.line.append(contentsOf: bytes)
    }

    private mutating func checkSize(adding count: Int) throws(A2AError) {
        guard self.data.count + self.line.count + count > self.maxEventBytes else { return }
        let error = A2AError(
            .invalidAgentResponse, "A server-sent event is larger than \(self.maxEventBytes) bytes.")
        self.failure = error
        self.line = []
        self.data = []
        throw error
    }

    private mutating func take(_ line: ArraySlice<UInt8>, _ events: inout [SSEEvent]) throws(A2AError) {
        var line = line
        if self.isFirstLine {
            self.isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        }
        guard !line.isEmpty else { return self.dispatch(&events) }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            return try self.takeField(line, value: line[line.endIndex...])
        }
        guard colon > line.startIndex else { return }
        var value = line[(colon + 1)...]
        if value.first == 0x20 { value = value.dropFirst() }
        try self.takeField(line[..<colon], value: value)
    }

    private mutating func takeField(_ name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) throws(A2AError) {
        if name.elementsEqual("data".utf8) {
            try self.checkSize(adding: value.count + 1)
            if self.hasData { self.data.append(0x0A) }
            self.data.append(contentsOf: value)
            self.hasData = true
        } else if name.elementsEqual("id".utf8) {
            guard !value.contains(0) else { return }
            self.id = value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("event".utf8) {
            self.name = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("retry".utf8) {
            guard !value.isEmpty, value.allSatisfy(\.isDigit) else { return }
            self.retryMilliseconds = Int(String(decoding: value, as: UTF8.self)) ?? self.retryMilliseconds
        }
    }

    private mutating func dispatch(_ events: inout [SSEEvent]) {
        defer {
            self.data = []
            self.hasData = false
            self.name = ""
        }
        self.lastEventID = self.id
        guard self.hasData else { return }
        events.append(
            SSEEvent(id: self.lastEventID, name: self.name.isEmpty ? "message" : self.name, data: self.data))
    }
}
