extension StreamExpectation {
    /// Compares a stream with what it must be like.
    ///
    /// - Returns: The first difference; its path begins with the number of the event.
    func check(
        _ streamed: [StreamedEvent], _ end: StreamEnd, _ resolve: Assertion.Resolve
    ) throws(UnresolvedVariable) -> Mismatch? {
        if let mismatch = self.checkEnd(streamed, end) { return mismatch }
        let count = streamed.count
        let view = EventView(streamed)
        let all = view.all
        if let least = self.minCount, count < least {
            return Mismatch(path: "", expected: "at least \(least) events", actual: Self.list(streamed))
        }
        if let most = self.maxCount, count > most {
            return Mismatch(path: "", expected: "at most \(most) events", actual: Self.list(streamed))
        }
        for event in self.events {
            if let mismatch = try event.check(all, Self.list(streamed), resolve) { return mismatch }
        }
        if let each = self.eachEvent {
            for (index, event) in all.enumerated() {
                if let mismatch = try each.check(event, resolve) { return mismatch.under("events[\(index)]") }
            }
        }
        if let final = self.finalEvent, let mismatch = try final.check(view.final, resolve) {
            return mismatch.under("final_event")
        }
        guard self.isMonotonic, let (index, from, to) = StateOrder.violation(in: streamed.map(\.value)) else {
            return nil
        }
        return Mismatch(path: "events[\(index)]", expected: "no state that goes back", actual: "\(from), then \(to)")
    }

    private func checkEnd(_ streamed: [StreamedEvent], _ end: StreamEnd) -> Mismatch? {
        let actual: String
        switch end {
        case .closed, .stopped: return nil
        case .error(let error): actual = error.summary
        case .broken(let reason): actual = "it broke off: \(reason)"
        case .timedOut: actual = "it did not end in time"
        case .invalid(let reason): actual = reason
        }
        return Mismatch(
            path: "", expected: "a stream that ends in good order", actual: "\(actual); before: \(Self.list(streamed))")
    }

    /// The most events that are listed in a message.
    private static let maxListed = 20

    static func list(_ streamed: [StreamedEvent]) -> String {
        guard !streamed.isEmpty else { return "no events" }
        let words = streamed.prefix(Self.maxListed).map { EventView.summary($0.value) }
        let more = streamed.count > Self.maxListed ? ", …" : ""
        return "\(streamed.count) events: \(words.joined(separator: ", "))\(more)"
    }
}

extension StreamExpectation.Event {
    fileprivate func check(
        _ events: [JSONValue], _ list: String, _ resolve: Assertion.Resolve
    ) throws(UnresolvedVariable) -> Mismatch? {
        switch self.position {
        case .at(let index):
            guard index < events.count else {
                return Mismatch(path: "events[\(index)]", expected: self.description ?? "an event", actual: list)
            }
            return try self.assertion.check(events[index], resolve)?.under("events[\(index)]")
        case .any:
            var nearest: Mismatch?
            for (index, event) in events.enumerated() {
                guard let mismatch = try self.assertion.check(event, resolve) else { return nil }
                // The one that comes furthest is the most helpful.
                if mismatch.path.count > nearest?.path.count ?? 0 { nearest = mismatch.under("events[\(index)]") }
            }
            let what = self.description ?? "an event as in line \(self.line)"
            let hint = nearest.map { " (nearest: \($0.path) is \($0.actual), not \($0.expected))" } ?? ""
            return Mismatch(path: "events", expected: what, actual: list + hint)
        }
    }
}
