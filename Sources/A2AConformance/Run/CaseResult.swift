/// What came of a case (ACTS §12.6).
package enum Outcome: String, Sendable, Hashable, CaseIterable {
    case pass
    case fail
    case skip
    /// It could not be tested.
    case error
}

/// Why a case failed.
package struct Failure: Sendable, Hashable {
    package var message: String
    package var stepID: String?
    package var expected: String?
    package var actual: String?
    /// Where in the answer.
    package var path: String?
    /// The line of the document that says so.
    package var line: Int?
    /// Whether no answer came at all.
    package var isSilence = false

    package init(
        _ message: String, stepID: String? = nil, expected: String? = nil, actual: String? = nil, path: String? = nil,
        line: Int? = nil
    ) {
        self.message = message
        self.stepID = stepID
        self.expected = expected
        self.actual = actual
        self.path = path
        self.line = line
    }
}

/// What came of a step.
package struct StepResult: Sendable {
    package var id: String
    package var outcome: Outcome
    package var duration: Duration
    package var failure: Failure?
    /// What went over the wire.
    package var trace: [TraceLine]
}

/// One entry of a wire trace.
package struct TraceLine: Sendable, Hashable {
    /// `>` sent, `<` received, `*` a note.
    package var mark: String
    package var text: String
}

/// What came of a test over one binding.
package struct CaseResult: Sendable {
    package var suite: String
    package var test: Test
    package var binding: TransportBinding
    package var outcome: Outcome
    package var duration: Duration = .zero
    /// Why it was skipped, or could not be tested.
    package var reason: String?
    package var failure: Failure?
    package var steps: [StepResult] = []
    /// The reason in the list of known failures, if it is in there.
    package var known: String?

    /// Gives up what went over the wire; of a case that passed nobody asks.
    mutating func forgetTraces() {
        for index in self.steps.indices { self.steps[index].trace = [] }
    }

    /// `binding/test`, as the list of known failures has it.
    package var name: String { "\(self.binding.rawValue)/\(self.test.id)" }
}
