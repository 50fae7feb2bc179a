import Synchronization

/// What went over the wire in one exchange, for people: bounded, and without credentials.
final class WireTrace: Sendable {
    /// The most characters of one entry: 4 Ki.
    static let maxEntry = 4096
    /// The most entries of an exchange.
    static let maxEntries = 64

    /// One entry.
    package struct Entry: Sendable, Hashable {
        package enum Direction: String, Sendable { case sent = ">", received = "<", note = "*" }
        package var direction: Direction
        package var text: String
    }

    private struct State {
        var entries: [Entry] = []
        var dropped = 0
    }

    private let state = Mutex(State())
    private let redactor: Redactor

    init(_ redactor: Redactor) { self.redactor = redactor }

    func add(_ direction: Entry.Direction, _ text: String) {
        self.state.withLock { state in
            guard state.entries.count < Self.maxEntries else {
                state.dropped += 1
                return
            }
            var text = self.redactor.redact(text.prefix(Self.maxEntry * 2))
            if text.count > Self.maxEntry { text = text.prefix(Self.maxEntry) + "… (cut off)" }
            state.entries.append(Entry(direction: direction, text: text))
        }
    }

    /// Bytes of a body, as text if they are text.
    func add(_ direction: Entry.Direction, body: some Collection<UInt8>) {
        guard !body.isEmpty else { return }
        let shown = Array(body.prefix(Self.maxEntry * 2))
        let text = String(validating: shown, as: UTF8.self) ?? String(decoding: shown, as: UTF8.self)
        self.add(direction, text + (body.count > shown.count ? "… (\(body.count) bytes)" : ""))
    }

    var entries: [Entry] {
        self.state.withLock { state in
            guard state.dropped > 0 else { return state.entries }
            return state.entries + [Entry(direction: .note, text: "\(state.dropped) more entries are not shown")]
        }
    }
}

/// Takes credentials out of what is shown.
struct Redactor: Sendable {
    /// Values that are secret wherever they come.
    private let secrets: [String]

    /// - Parameter headers: What the caller gave to go with every request.
    init(headers: [(name: String, value: String)] = []) {
        var secrets: [String] = []
        for (name, value) in headers where Self.isSecret(name) {
            secrets.append(value)
            // The token without its scheme, which agents repeat in their errors.
            if let token = value.split(separator: " ").last { secrets.append(String(token)) }
        }
        self.secrets = secrets.filter { $0.count >= 4 }.sorted { $0.count > $1.count }
    }

    /// Whether the value of a header field is a credential.
    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["authorization", "proxy-authorization", "cookie", "set-cookie"].contains(name)
            || ["token", "key", "secret", "password"].contains { name.contains($0) }
    }

    func redact(_ text: some StringProtocol) -> String {
        self.secrets.reduce(String(text)) { $0.replacing($1, with: "(credential)") }
    }

    /// A header field as it is shown.
    static func field(_ name: String, _ value: String) -> String {
        "\(name): \(Self.isSecret(name) ? "(credential)" : value)"
    }
}
