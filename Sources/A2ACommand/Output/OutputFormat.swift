/// What results look like.
enum OutputFormat: String, Sendable {
    case text
    case json
}
