/// The parts of a message as they stand on the command line, in their order.
///
/// ArgumentParser collects each repeatable option by itself, so the order between `--text`, `--file` and `--data` is
/// read from the arguments directly.
enum PartArguments {
    enum Source: Sendable, Equatable {
        case text(String)
        case file(String)
        case data(String)
    }

    struct Part: Sendable, Equatable {
        var source: Source
        var mediaType: String?
    }

    private static let names = ["--text", "--file", "--data", "--media-type"]

    /// Reads the part options among arguments that ArgumentParser has accepted.
    ///
    /// - Throws: ``ToolError`` of kind usage for a media type without a part before it.
    static func parse(_ arguments: [String]) throws -> [Part] {
        var parts: [Part] = []
        // Whether the last part option was a part, so that a media type may follow.
        var mayHaveMediaType = false
        var rest = arguments.prefix { $0 != "--" }[...]
        while let argument = rest.popFirst() {
            let pair = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first.map(String.init), Self.names.contains(name) else { continue }
            guard let value = pair.count == 2 ? String(pair[1]) : rest.popFirst() else { continue }
            switch name {
            case "--text": parts.append(Part(source: .text(value)))
            case "--file": parts.append(Part(source: .file(value)))
            case "--data": parts.append(Part(source: .data(value)))
            default:
                guard mayHaveMediaType, !parts.isEmpty else {
                    throw ToolError.usage(
                        "--media-type belongs to the --text, --file or --data before it; there is none.")
                }
                parts[parts.count - 1].mediaType = value
            }
            mayHaveMediaType = name != "--media-type"
        }
        return parts
    }
}
