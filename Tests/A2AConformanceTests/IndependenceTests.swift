import Foundation
import Testing

@Suite("Independence")
struct IndependenceTests {
    @Test("the judge never imports the server that it may have to judge")
    func imports() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var count = 0
        for module in ["A2AConformance", "A2AConformanceCommand"] {
            let folder = root.appendingPathComponent("Sources/\(module)")
            let files = try #require(FileManager.default.enumerator(atPath: folder.path))
            for case let file as String in files where file.hasSuffix(".swift") {
                let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                count += 1
                for line in text.split(separator: "\n") where line.contains("import ") {
                    #expect(!line.contains("A2AServer") && !line.contains("A2AReferenceAgent"), "\(file): \(line)")
                }
            }
        }
        #expect(count > 50)
    }
}
