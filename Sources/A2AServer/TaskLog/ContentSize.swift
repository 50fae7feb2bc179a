package import A2A
import SwiftProtobuf

// What contents weigh, estimated in one pass over them: limits need no more, and encoding only to measure would
// double the cost of an event.

extension A2AMessage {
    /// About how many bytes of memory the message takes.
    package var approximateByteCount: Int {
        256 + self.parts.reduce(0) { $0 + $1.approximateByteCount } + (self.hasMetadata ? self.metadata.weight : 0)
    }
}

extension A2AArtifact {
    /// About how many bytes of memory the artifact takes.
    package var approximateByteCount: Int {
        128 + self.description_p.utf8.count + self.parts.reduce(0) { $0 + $1.approximateByteCount }
            + self.metadataByteCount
    }

    /// About how many bytes of memory the artifact's metadata takes.
    var metadataByteCount: Int { self.hasMetadata ? self.metadata.weight : 0 }
}

extension A2APart {
    /// About how many bytes of memory the part takes.
    package var approximateByteCount: Int {
        let content =
            switch self.content {
            case .text(let text): text.utf8.count
            case .raw(let bytes): bytes.count
            case .url(let url): url.utf8.count
            case .data(let value): value.weight
            case nil: 0
            }
        return 160 + content + (self.hasMetadata ? self.metadata.weight : 0)
    }
}

extension Google_Protobuf_Struct {
    /// About how many bytes of memory the object takes.
    var weight: Int {
        self.fields.reduce(64) { $0 + 64 + $1.key.utf8.count + $1.value.weight }
    }
}

extension Google_Protobuf_Value {
    // The depth is bounded by the decoder (100 levels), so recursion is safe.
    fileprivate var weight: Int {
        switch self.kind {
        case .stringValue(let string): 48 + string.utf8.count
        case .listValue(let list): list.values.reduce(48) { $0 + $1.weight }
        case .structValue(let object): object.weight
        default: 48
        }
    }
}
