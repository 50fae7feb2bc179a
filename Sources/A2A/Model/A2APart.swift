#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension A2APart {
    /// Text; without a media type it counts as `text/plain`.
    public static func text(_ text: String, mediaType: String = "") -> A2APart {
        A2APart(.text(text), mediaType: mediaType)
    }

    /// Structured data: any JSON value, `null` too.
    ///
    /// Without a media type it counts as `application/json`.
    public static func data(_ value: A2AValue, mediaType: String = "") -> A2APart {
        A2APart(.data(value), mediaType: mediaType)
    }

    /// A file by its bytes; in JSON they travel as base64.
    public static func raw(_ bytes: Data, mediaType: String = "", filename: String = "") -> A2APart {
        A2APart(.raw(bytes), mediaType: mediaType, filename: filename)
    }

    /// A file by its bytes; in JSON they travel as base64.
    public static func raw(_ bytes: [UInt8], mediaType: String = "", filename: String = "") -> A2APart {
        .raw(Data(bytes), mediaType: mediaType, filename: filename)
    }

    /// A file by its address.
    public static func url(_ url: String, mediaType: String = "", filename: String = "") -> A2APart {
        A2APart(.url(url), mediaType: mediaType, filename: filename)
    }

    /// The media type, or the one that is meant where the part names none: `text/plain` for text,
    /// `application/json` for data, `application/octet-stream` for files.
    public var effectiveMediaType: String {
        guard self.mediaType.isEmpty else { return self.mediaType }
        return switch self.content {
        case .text: MediaType.plainText
        case .data: MediaType.json
        case .raw, .url, nil: MediaType.octetStream
        }
    }

    private init(_ content: OneOf_Content, mediaType: String, filename: String = "") {
        self.init()
        self.content = content
        self.mediaType = mediaType
        self.filename = filename
    }
}

extension A2APart: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) {
        self.init(.text(value), mediaType: "")
    }
}

extension [A2APart] {
    /// All text parts, one after the other.
    public var text: String {
        var joined = ""
        for part in self {
            if case .text(let text) = part.content { joined += text }
        }
        return joined
    }

    /// The values of all data parts, in order.
    public var dataParts: [A2AValue] {
        self.compactMap { part in
            if case .data(let value) = part.content { value } else { nil }
        }
    }
}
