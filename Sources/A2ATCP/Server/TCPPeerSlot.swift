import A2A
import HTTPTypes
import Synchronization

/// A credential slot of the peer: what its calls are made with, now and when they came (spec/bindings/tcp.md §10.2).
///
/// Its values are secrets: they appear neither in descriptions nor in dumps.
final class TCPPeerSlot: CallerEvidence, CustomStringConvertible, CustomReflectable {
    private struct Content {
        var fields: HTTPFields
        /// Every name that has been in the slot: a credential that is gone must not live on among the parameters of a call.
        var names: Set<HTTPField.Name>
    }

    let certificate: PeerCertificate?
    private let content: Mutex<Content>

    init(_ fields: HTTPFields = [:], certificate: PeerCertificate?) {
        self.certificate = certificate
        self.content = Mutex(Content(fields: fields, names: Set(fields.map(\.name))))
    }

    /// What it says now.
    var fields: HTTPFields { self.content.withLock { $0.fields } }

    /// Writes the slot, or clears it.
    func write(_ fields: HTTPFields) {
        self.content.withLock {
            $0.fields = fields
            $0.names.formUnion(fields.map(\.name))
        }
    }

    func renewed(_ parameters: ServiceParameters) -> ServiceParameters {
        let content = self.content.withLock { $0 }
        var parameters = parameters
        for name in content.names { parameters.fields[values: name] = [] }
        parameters.fields.append(contentsOf: content.fields)
        return parameters
    }

    var description: String { "a credential slot (values withheld)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
