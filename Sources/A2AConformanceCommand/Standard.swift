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

    /// The columns of the terminal that standard error is; 80 if it does not say.
    static var columns: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Ends this program; what was printed is written first.
    static func end(_ status: Int32) -> Never { exit(status) }
}
