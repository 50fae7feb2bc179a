import Synchronization

/// The header fields of an answer whose rest did not come in time.
final class Head: Sendable {
    private let headers = Mutex<[String: String]?>(nil)

    var value: [String: String]? { self.headers.withLock { $0 } }
    func set(_ headers: [String: String]) { self.headers.withLock { $0 = headers } }
}
