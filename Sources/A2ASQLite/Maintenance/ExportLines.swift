import A2A
import A2AServer
import FoundationEssentials
import GRDB
import SwiftProtobuf

// The lines of an export. Numbers are written as JSON numbers; contents in the JSON form of the model.

/// Builds an object of one line.
struct LineBuilder {
    private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

    mutating func add(_ name: String, _ value: Int64) { self.add(name, raw: Array(String(value).utf8)) }

    mutating func add(_ name: String, _ value: Int) { self.add(name, Int64(value)) }

    mutating func add(_ name: String, _ value: Bool) { self.add(name, raw: Array((value ? "true" : "false").utf8)) }

    mutating func add(_ name: String, _ value: String) {
        var text: [UInt8] = []
        JSONText.append(value, to: &text)
        self.add(name, raw: text)
    }

    mutating func add(_ name: String, _ value: some SwiftProtobuf.Message) throws {
        self.add(name, raw: try ModelJSON.encode(value))
    }

    mutating func add(_ name: String, _ values: [[UInt8]]) {
        self.add(name, raw: [UInt8(ascii: "[")] + values.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")])
    }

    private mutating func add(_ name: String, raw: [UInt8]) {
        if self.bytes.count > 1 { self.bytes.append(UInt8(ascii: ",")) }
        JSONText.append(name, to: &self.bytes)
        self.bytes.append(UInt8(ascii: ":"))
        self.bytes += raw
    }

    var object: [UInt8] { self.bytes + [UInt8(ascii: "}")] }
}

/// The members of an object of a line.
struct LineReader {
    /// Why a line cannot be taken.
    struct Problem: Error {
        var text: String
    }

    private var members: [String: ArraySlice<UInt8>] = [:]

    init(_ bytes: ArraySlice<UInt8>) throws {
        do {
            try JSONScanner.validate(bytes)
            var scanner = JSONScanner(bytes)
            try scanner.enter()
            while let member = try scanner.nextMember() {
                let name = JSONText.string(content: bytes[member.name], hasEscapes: member.nameHasEscapes)
                self.members[name ?? ""] = bytes[member.value]
            }
        } catch {
            throw Problem(text: "it is no JSON object")
        }
    }

    func has(_ name: String) -> Bool { self.members[name] != nil }

    func string(_ name: String) throws -> String {
        guard let text = try JSONText.string(self.value(name)) else { throw Problem(text: "'\(name)' is no string") }
        return text
    }

    func int64(_ name: String) throws -> Int64 {
        guard let number = try Int64(String(decoding: self.value(name), as: UTF8.self)) else {
            throw Problem(text: "'\(name)' is no whole number")
        }
        return number
    }

    /// A number that counts something: 0 to 2^62, so that sums of two stay numbers.
    func number(_ name: String) throws -> Int64 {
        let number = try self.int64(name)
        guard (0...LogRenewal.maxGeneration).contains(number) else {
            throw Problem(text: "'\(name)' is not between 0 and \(LogRenewal.maxGeneration)")
        }
        return number
    }

    /// A time, in milliseconds since 1970, that can be written in JSON.
    func time(_ name: String) throws -> Int64 {
        let time = try self.int64(name)
        guard (0...ExportFormat.maxTime).contains(time) else {
            throw Problem(text: "'\(name)' is no time between 0 and \(ExportFormat.maxTime)")
        }
        return time
    }

    func bool(_ name: String) -> Bool { self.members[name].map { $0.elementsEqual("true".utf8) } ?? false }

    func message<Content: SwiftProtobuf.Message>(_ name: String) throws -> Content {
        do {
            return try ModelJSON.decode(Content.self, from: self.value(name))
        } catch let error as A2AError {
            throw Problem(text: "'\(name)' cannot be read: \(error.message)")
        }
    }

    func objects(_ name: String) throws -> [LineReader] {
        let bytes = try self.value(name)
        var found: [LineReader] = []
        do {
            var scanner = JSONScanner(bytes)
            guard try scanner.peek() == .array else { throw Problem(text: "'\(name)' is no array") }
            try scanner.enter()
            while let element = try scanner.nextElement() { found.append(try LineReader(bytes[element])) }
        } catch is JSONScanner.Failure {
            throw Problem(text: "'\(name)' is no array")
        }
        return found
    }

    private func value(_ name: String) throws -> ArraySlice<UInt8> {
        guard let value = self.members[name] else { throw Problem(text: "'\(name)' is missing") }
        return value
    }
}

/// The kinds and names of the lines.
enum ExportFormat {
    static let name = "a2a-store"
    /// Those that are read. 2 has lines of push notification configurations, and is written only with them.
    static let versions: ClosedRange<Int64> = 1...2

    /// The end of the year 9999: later times cannot be told in JSON, and the clock of a store never goes back.
    static let maxTime: Int64 = 253_402_300_799_999

    static let header = "header"
    static let task = "task"
    static let snapshot = "snapshot"
    static let events = "events"
    static let push = "push"
}

/// Writes the lines.
struct TaskExporter {
    private let db: Database
    private let write: ([UInt8]) throws -> Void
    private var transfer = SQLiteDatabase.Transfer()

    private let includesPush: Bool

    init(_ db: Database, includingPush: Bool, _ write: @escaping ([UInt8]) throws -> Void) {
        self.db = db
        self.includesPush = includingPush
        self.write = write
    }

    mutating func run() throws -> SQLiteDatabase.Transfer {
        var header = LineBuilder()
        header.add("kind", ExportFormat.header)
        header.add("format", ExportFormat.name)
        header.add("version", self.includesPush ? ExportFormat.versions.upperBound : ExportFormat.versions.lowerBound)
        try self.emit(header)
        let tasks = try Row.fetchCursor(
            self.db,
            sql: """
                SELECT t.task, t.id, s.tenant, s.principal, t.context, t.status_at, t.fence, t.oldest, t.first_row,
                t.log_bytes, t.bytes, t.snapshot, t.state, t.generation
                FROM tasks t JOIN scopes s ON s.scope = t.scope ORDER BY t.place
                """)
        while let row = try tasks.next() {
            var line = LineBuilder()
            line.add("kind", ExportFormat.task)
            line.add("id", row[1] as String)
            line.add("tenant", row[2] as String)
            line.add("principal", row[3] as String)
            line.add("contextId", row[4] as String)
            let names = [
                "statusAt", "fence", "oldest", "firstRow", "logBytes", "bytes", "snapshot", "state", "generation",
            ]
            for (index, name) in names.enumerated() { line.add(name, row[5 + index] as Int64) }
            try self.emit(line)
            self.transfer.tasks += 1
            if row[11] as Int64 > 0 { try self.snapshot(of: row[0], at: row[11]) }
            try self.log(of: row[0])
        }
        guard self.includesPush else { return self.transfer }
        let configurations = try Self.pushConfigurations(self.db)
        while let row = try configurations.next() {
            try self.emit(try Self.line(ofPush: row))
            self.transfer.pushConfigurations += 1
        }
        return self.transfer
    }

    private mutating func snapshot(of task: Int64, at generation: Int64) throws {
        var line = LineBuilder()
        line.add("kind", ExportFormat.snapshot)
        line.add("generation", generation)
        try line.add("task", try TaskLoader(self.db).snapshot(of: task, at: generation))
        try self.emit(line)
    }

    private mutating func log(of task: Int64) throws {
        let rows = try Row.fetchCursor(
            self.db,
            sql: "SELECT generation, bytes, at, changes FROM log WHERE task = ? ORDER BY generation", arguments: [task])
        while let row = try rows.next() {
            var line = LineBuilder()
            line.add("kind", ExportFormat.events)
            line.add("generation", row[0] as Int64)
            line.add("bytes", row[1] as Int64)
            line.add("at", row[2] as Int64)
            var changes: [[UInt8]] = []
            var records = RecordReader(Array(row[3] as Data))
            while let record = try records.next() { changes.append(try Self.object(record)) }
            line.add("changes", changes)
            try self.emit(line)
        }
    }

    private static func object(_ record: LogRecord) throws -> [UInt8] {
        var object = LineBuilder()
        switch record {
        case .task(let task): try object.add("task", task)
        case .change(let change, let appends):
            switch change.kind {
            case .status(let status): try object.add("status", status)
            case .artifact(let artifact, let lastChunk):
                try object.add("artifact", artifact)
                if lastChunk { object.add("lastChunk", true) }
            case .chunk(let artifact, let lastChunk):
                try object.add("chunk", artifact)
                if lastChunk { object.add("lastChunk", true) }
                if appends { object.add("appends", true) }
            }
            if let received = change.received { try object.add("received", received) }
            if let metadata = change.metadata { try object.add("metadata", metadata) }
        case .skipped: break
        }
        return object.object
    }

    private mutating func emit(_ line: LineBuilder) throws {
        self.transfer.lines += 1
        try self.write(line.object + [UInt8(ascii: "\n")])
    }
}
