#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// All that came of a run.
package struct RunReport: Sendable {
    package var url: String
    package var started: Date
    package var duration: Duration = .zero
    /// `nil` if there was no card.
    package var agent: AgentUnderTest?
    /// Why there was no card.
    package var unreachable: String?
    package var results: [CaseResult] = []
    /// Why bindings were not tested.
    package var untested: [String] = []
    /// What the agent is made with, as whoever began the run said.
    package var software = Software()
    /// What people should know.
    package var notes: [String] = []

    package init(url: String, started: Date) {
        self.url = url
        self.started = started
    }

    /// The bindings that were tested, in the order of the card.
    package var bindings: [TransportBinding] {
        var seen: [TransportBinding] = []
        for result in self.results where !seen.contains(result.binding) { seen.append(result.binding) }
        return seen
    }

    /// Marks what is known to fail.
    package mutating func apply(_ known: KnownFailing) {
        for index in self.results.indices { self.results[index].known = known.reason(for: self.results[index]) }
    }

    /// What is listed as known to fail, and did not: notes for people, since such lists grow old.
    package func stale(_ known: KnownFailing) -> [String] {
        known.entries.compactMap { entry in
            let own = self.results.filter(entry.matches)
            guard !own.contains(where: { $0.outcome == .fail }), own.isEmpty || !entry.isSometimes else { return nil }
            let why = own.isEmpty ? "no case of this run is called so" : "none of its cases failed"
            return "known to fail, line \(entry.line): \(entry.pattern.text): \(why)"
        }
    }

    /// Cases that fail a run: of a level that counts, and not known.
    package func failures(strict: Bool) -> [CaseResult] {
        self.results.filter { result in
            guard result.known == nil, result.outcome == .fail else { return false }
            return result.test.level == .must || (strict && result.test.level == .should)
        }
    }

    /// Cases that passed although they are known to fail.
    package var unexpectedPasses: [CaseResult] { self.results.filter { $0.known != nil && $0.outcome == .pass } }

    /// Cases that could not be tested.
    package var errors: [CaseResult] { self.results.filter { $0.outcome == .error && $0.known == nil } }

    /// How the run ends.
    package enum Verdict: Int32, Sendable {
        case conformant = 0
        /// A MUST failed, or a known failure passed.
        case failed = 1
        /// No failure, but not everything could be tested.
        case couldNotTest = 3
    }

    package func verdict(strict: Bool) -> Verdict {
        if !self.failures(strict: strict).isEmpty || !self.unexpectedPasses.isEmpty { return .failed }
        let isIncomplete =
            self.unreachable != nil || self.results.isEmpty || !self.untested.isEmpty || !self.errors.isEmpty
        return isIncomplete ? .couldNotTest : .conformant
    }
}

extension RunReport {
    /// An SDK or what else an agent is made with (ACTS §13.2).
    package struct Software: Sendable, Hashable {
        package var name: String?
        package var version: String?
        package var language: String?

        package init() {}
    }
}

/// How many cases came to what.
package struct Tally: Sendable, Hashable {
    package private(set) var passed = 0
    package private(set) var failed = 0
    package private(set) var skipped = 0
    package private(set) var errors = 0

    package var total: Int { self.passed + self.failed + self.skipped + self.errors }

    package init(_ results: some Sequence<CaseResult>) {
        for result in results {
            switch result.outcome {
            case .pass: self.passed += 1
            case .fail: self.failed += 1
            case .skip: self.skipped += 1
            case .error: self.errors += 1
            }
        }
    }
}
