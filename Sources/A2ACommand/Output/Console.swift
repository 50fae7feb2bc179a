import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a run writes: its results, and everything else.
protocol Console: Sendable {
    /// Writes to standard output at once.
    func write(_ text: String)
    /// Writes to standard error at once.
    func note(_ text: String)
    /// All of standard input, or `nil` if it is larger than a limit in bytes.
    func readInput(upTo limit: Int) -> [UInt8]?
}

/// The console of the process.
struct StandardConsole: Console {
    func write(_ text: String) { Self.write(text, to: STDOUT_FILENO) }
    func note(_ text: String) { Self.write(text, to: STDERR_FILENO) }

    func readInput(upTo limit: Int) -> [UInt8]? {
        var input: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return input }
            input.append(contentsOf: buffer[..<count])
            if input.count > limit { return nil }
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Self.write(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more: there is nobody to tell either.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}

/// The secrets of a run, which no diagnostic shows.
final class Redactor: Sendable {
    /// Shorter texts are not looked for: they would be found everywhere.
    private static let minLength = 4
    private let secrets = Mutex<[String]>([])

    func add(_ secret: String?) {
        guard let secret, secret.utf8.count >= Self.minLength else { return }
        self.secrets.withLock { $0.append(secret) }
    }

    func redact(_ text: String) -> String {
        self.secrets.withLock { $0 }.reduce(text) { $0.replacing($1, with: "[redacted]") }
    }
}

/// A console whose diagnostics show no secrets.
///
/// Results are the agent's own words and stay as they are.
struct RedactingConsole: Console {
    var base: any Console
    var redactor: Redactor

    func write(_ text: String) { self.base.write(text) }
    func note(_ text: String) { self.base.note(self.redactor.redact(text)) }
    func readInput(upTo limit: Int) -> [UInt8]? { self.base.readInput(upTo: limit) }
    func redact(_ text: String) -> String { self.redactor.redact(text) }
}
