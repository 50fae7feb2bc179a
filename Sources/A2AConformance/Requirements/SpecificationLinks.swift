/// Where the sections of the documents can be read on the web, and what their chapters are about (spec/anchors.yaml).
package struct SpecificationLinks: Sendable {
    private struct Document: Sendable {
        var address: String?
        var anchors: [String: String]
        var chapters: [String: String]
    }

    private var documents: [String: Document] = [:]

    /// No links.
    package init() {}

    /// - Throws: ``DocumentError``.
    package init(parsing text: String, file: String) throws(DocumentError) {
        let root = try YAMLNode(parsing: text, file: file)
        guard case .map(let entries) = root.content else {
            throw DocumentError(file: file, line: root.line, "the anchors must be a map, not \(root.kind)")
        }
        for entry in entries {
            let map = try MapReader(
                entry.value, "'\(entry.key)'", file: file, keys: ["document", "anchors", "chapters"])
            let address = try map.text("document")
            if let address, !address.hasPrefix("https://") {
                throw map.refuse("document", "'\(address)' is no https address")
            }
            self.documents[entry.key] = Document(
                address: address, anchors: try map.textMap("anchors") ?? [:],
                chapters: try map.textMap("chapters") ?? [:])
        }
    }

    /// The address of a section; of its document if the section has no anchor; `nil` if the document has none.
    package func address(source: String, section: String) -> String? {
        guard let document = self.documents[source], let address = document.address else { return nil }
        return address + (document.anchors[section].map { "#\($0)" } ?? "")
    }

    /// What a chapter is about, in a few words.
    package func title(source: String, chapter: String) -> String? { self.documents[source]?.chapters[chapter] }

    package func address(_ requirement: Requirement) -> String? {
        self.address(source: requirement.source, section: requirement.section)
    }
}
