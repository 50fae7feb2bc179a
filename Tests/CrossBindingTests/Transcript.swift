import A2A
import Foundation
import SwiftProtobuf

/// What a caller saw, line by line, without what differs from run to run.
///
/// Identifiers become `#1`, `#2`… in the order in which they appear, times become `@`. So two transcripts are equal if and
/// only if two callers saw the same.
struct Transcript {
    private(set) var lines: [String] = []
    private var names: [String: String] = [:]

    /// Notes an answer.
    mutating func note(_ label: String, _ message: some Message) throws {
        // The members of free-form objects have no order.
        let object = try JSONSerialization.jsonObject(with: Data(try ModelJSON.encode(message)))
        let sorted = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        self.add(label, String(decoding: sorted, as: UTF8.self))
    }

    /// Notes what a call led to: its answer, or the error with everything that a caller can see of it.
    mutating func note<Answer: Message>(_ label: String, _ call: () async throws -> Answer) async {
        do {
            try self.note(label, try await call())
        } catch {
            self.note(label, error)
        }
    }

    /// Notes every event of a stream with its generation, and how it ended.
    mutating func note(_ label: String, _ call: () async throws -> EventStream) async {
        do {
            for try await event in try await call() {
                try self.note("\(label) \(event.generation.map { "\($0)" } ?? "-")", event.response)
            }
            self.add(label, "end")
        } catch {
            self.note(label, error)
        }
    }

    /// Notes what a caller makes of an answer.
    mutating func note(_ label: String, text: String) { self.add(label, text) }

    private mutating func note(_ label: String, _ error: any Error) {
        guard let error = error as? A2AError else { return self.add(label, "unexpected \(error)") }
        let details = error.wireDetails.map { "\($0)" }.joined(separator: " ")
        self.add(label, "error \(error.code.name) \(error.message) \(details)")
    }

    private mutating func add(_ label: String, _ text: String) {
        let withoutTimes = text.replacing(/\d{4}-\d\d-\d\dT[0-9:.]+Z/, with: "@")
        var line = ""
        var rest = withoutTimes[...]
        while let match = rest.firstMatch(
            of: /[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/)
        {
            line += rest[..<match.range.lowerBound] + self.name(of: String(match.0))
            rest = rest[match.range.upperBound...]
        }
        self.lines.append("\(label): \(line)\(rest)")
    }

    private mutating func name(of id: String) -> String {
        if let name = self.names[id] { return name }
        let name = "#\(self.names.count + 1)"
        self.names[id] = name
        return name
    }
}
