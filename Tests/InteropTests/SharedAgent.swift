import Testing

/// An agent on the Python SDK that all tests of a suite use.
struct SharedPythonAgent: SuiteTrait, TestScoping {
    @TaskLocal private static var current: String?

    /// The agent's base URL.
    static var url: String {
        get throws { try #require(Self.current, "the agent on the Python SDK is not running") }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await RunningAgent.python { url in
            try await Self.$current.withValue(url) { try await function() }
        }
    }
}

extension Trait where Self == SharedPythonAgent {
    static var pythonAgent: Self { Self() }
}
