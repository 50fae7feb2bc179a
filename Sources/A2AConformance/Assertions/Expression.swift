// All of Foundation, for regular expressions that can be stopped.
import Foundation
import Synchronization

/// Regular expressions of documents (ACTS §5.3). The pattern may be anybody's and the text is the agent's, so both are bounded,
/// and the time that a search takes is too.
enum Expression {
    /// The most characters of a text that are searched: 64 Ki.
    static let maxText = 65_536
    /// The most characters of a pattern: 4 Ki.
    static let maxPattern = 4096
    /// How long a search may take. Default 500 ms.
    static let timeLimit: Duration = .milliseconds(500)

    /// What the searches of a case may take together.
    @TaskLocal static var budget: SearchBudget?

    /// What came of a search.
    enum Result: Sendable, Equatable {
        case found
        case absent
        /// It is not known: why.
        case gaveUp(String)
    }

    static func isOne(_ pattern: String) -> Bool { Self.compiled(pattern) != nil }

    private static func compiled(_ pattern: String) -> NSRegularExpression? {
        guard pattern.utf8.count <= Self.maxPattern else { return nil }
        return try? NSRegularExpression(pattern: pattern)
    }

    /// Searches for the first match.
    static func search(_ pattern: String, in text: String, within limit: Duration = Self.timeLimit) -> Result {
        guard let expression = Self.compiled(pattern) else { return .gaveUp("that is not a regular expression") }
        let text = String(text.prefix(Self.maxText))
        let start = ContinuousClock.now
        let end = start.advanced(by: min(limit, Self.budget?.left ?? limit))
        var result = Result.absent
        // Told of its progress every few thousand steps: a pattern may need more steps than there are years.
        expression.enumerateMatches(
            in: text, options: .reportProgress, range: NSRange(location: 0, length: text.utf16.count)
        ) { match, _, stop in
            if match != nil {
                result = .found
                stop.pointee = true
            } else if ContinuousClock.now > end {
                result = .gaveUp("the search took too long")
                stop.pointee = true
            }
        }
        Self.budget?.spend(ContinuousClock.now - start)
        return result
    }
}

/// How long the searches of one case may take together.
final class SearchBudget: Sendable {
    private let time: Mutex<Duration>

    /// - Parameter time: Default 2 s.
    init(_ time: Duration = .seconds(2)) { self.time = Mutex(time) }

    var left: Duration { self.time.withLock { max($0, .zero) } }
    func spend(_ time: Duration) { self.time.withLock { $0 -= time } }
}
