#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard error, for what is no result.
enum Standard {
    static let errorIsTerminal = isatty(2) == 1

    static func error(_ text: String) {
        let bytes = Array(text.utf8)
        // Nobody can be told that standard error is closed.
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
