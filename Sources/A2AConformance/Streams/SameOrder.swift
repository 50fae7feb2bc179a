/// `x-same_order`: streams of one task have the same events in the same order.
///
/// A stream that began later has fewer: its events must stand in the longer one without a gap. Tasks are snapshots, which
/// differ by when they were taken, so only updates and messages are compared.
enum SameOrder {
    /// How two streams differ, or `nil`.
    static func difference(
        _ left: (id: String, events: [StreamedEvent]), _ right: (id: String, events: [StreamedEvent])
    ) -> Mismatch? {
        let (first, second) = (Self.updates(left.events), Self.updates(right.events))
        let (short, long) = first.count <= second.count ? (first, second) : (second, first)
        guard !short.isEmpty, !Self.isContained(short, in: long) else { return nil }
        return Mismatch(
            path: "", expected: "the same events in the same order on '\(left.id)' and '\(right.id)'",
            actual: "\(StreamExpectation.list(left.events)) | \(StreamExpectation.list(right.events))")
    }

    private static func updates(_ events: [StreamedEvent]) -> [JSONValue] {
        events.map(\.value).filter { $0["task"] == nil }
    }

    private static func isContained(_ short: [JSONValue], in long: [JSONValue]) -> Bool {
        (0...(long.count - short.count)).contains { start in
            zip(short, long[start...]).allSatisfy { $0.isEqual(to: $1) }
        }
    }
}
