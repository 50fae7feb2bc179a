import A2A
import FoundationEssentials
import SwiftProtobuf

/// Makes the parts of a message from what the command line names.
struct PartLoader: Sendable {
    /// The largest file that is sent inline, in bytes.
    ///
    /// Default 32 MiB.
    static let maxInlineBytes = 32 << 20

    var console: any Console
    var workingDirectory: String

    func part(_ argument: PartArguments.Part) throws -> A2APart {
        let mediaType = argument.mediaType ?? ""
        switch argument.source {
        case .text(let text):
            return .text(text, mediaType: mediaType)
        case .data(let source):
            return .data(try self.value(source), mediaType: mediaType)
        case .file(let reference):
            let name = Self.lastComponent(reference)
            let mediaType = mediaType.isEmpty ? Self.mediaType(of: name) ?? "" : mediaType
            if Self.isURL(reference) { return .url(reference, mediaType: mediaType, filename: name) }
            let path = reference.hasPrefix("file://") ? String(reference.dropFirst("file://".count)) : reference
            return .raw(try self.read(path, "--file"), mediaType: mediaType, filename: Self.lastComponent(path))
        }
    }

    private func value(_ source: String) throws -> A2AValue {
        let bytes: [UInt8]
        if source == "-" {
            guard let input = self.console.readInput(upTo: Self.maxInlineBytes) else {
                throw ToolError.usage("Standard input is larger than \(Self.maxInlineBytes) bytes.")
            }
            bytes = input
        } else {
            bytes = try self.read(source, "--data")
        }
        do {
            return try A2AValue(jsonUTF8Bytes: bytes)
        } catch {
            throw ToolError.usage("--data needs JSON; '\(source)' is none.")
        }
    }

    private func read(_ path: String, _ option: String) throws -> [UInt8] {
        let full = path.hasPrefix("/") ? path : "\(self.workingDirectory)/\(path)"
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory), !isDirectory,
            let data = try? Data(contentsOf: URL(filePath: full))
        else {
            throw ToolError.usage("The file '\(path)' of \(option) cannot be read.")
        }
        guard data.count <= Self.maxInlineBytes else {
            throw ToolError.usage(
                "The file '\(path)' is larger than \(Self.maxInlineBytes) bytes.", hint: "Give its URL instead.")
        }
        return [UInt8](data)
    }

    /// Whether a reference is an address that the agent fetches itself.
    private static func isURL(_ text: String) -> Bool {
        guard let separator = text.firstRange(of: "://") else { return false }
        let scheme = text[..<separator.lowerBound].lowercased()
        return !scheme.isEmpty && scheme != "file" && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    private static func lastComponent(_ path: String) -> String {
        var path = path[...]
        if let separator = path.firstRange(of: "://") {
            path = path[separator.upperBound...].prefix { $0 != "?" && $0 != "#" }
            guard path.contains("/") else { return "" }
        }
        return path.split(separator: "/").last.map(String.init) ?? ""
    }

    /// The media type that a file's name suggests, where the caller gives none.
    static func mediaType(of name: String) -> String? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        return switch name[name.index(after: dot)...].lowercased() {
        case "txt", "log": "text/plain"
        case "md", "markdown": "text/markdown"
        case "html", "htm": "text/html"
        case "css": "text/css"
        case "csv": "text/csv"
        case "xml": "application/xml"
        case "json": "application/json"
        case "yaml", "yml": "application/yaml"
        case "pdf": "application/pdf"
        case "zip": "application/zip"
        case "gz", "tgz": "application/gzip"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "gif": "image/gif"
        case "webp": "image/webp"
        case "svg": "image/svg+xml"
        case "mp3": "audio/mpeg"
        case "wav": "audio/wav"
        case "mp4": "video/mp4"
        case "webm": "video/webm"
        default: nil
        }
    }
}
