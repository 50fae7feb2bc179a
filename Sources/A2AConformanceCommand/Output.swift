import A2AConformance
import FoundationEssentials

/// Where a report goes.
enum Output: Equatable {
    case text
    case acts(String)
    case junit(String)
    case html(String)

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1)
        let file = parts.count == 2 ? String(parts[1]) : ""
        switch (parts.first ?? "", file.isEmpty) {
        case ("text", true): self = .text
        case ("json", false), ("acts", false): self = .acts(file)
        case ("junit", false): self = .junit(file)
        case ("html", false): self = .html(file)
        default:
            throw Complaint("'\(text)' is no report; write html=FILE, junit=FILE, json=FILE or json=FOLDER")
        }
        switch self {
        case .text: break
        case .acts(let path), .junit(let path), .html(let path): try Files.checkWritable(path)
        }
    }

    func write(_ report: RunReport, _ plan: TestPlan, strict: Bool, _ reference: Reference) throws {
        switch self {
        case .text: break
        case .junit(let file): try Files.write(JUnitReport.xml(report, strict: strict), to: file)
        case .html(let file):
            try Files.write(HTMLReport.html(report, plan: plan, strict: strict, reference: reference), to: file)
        case .acts(let file):
            for binding in report.bindings {
                let json = ACTSReport(report, binding: binding, plan: plan).json
                try Files.write(json.pretty + "\n", to: Self.path(file, report, binding))
            }
        }
    }

    /// A report is about one binding: in a directory each gets the name that ACTS recommends; of several bindings, the name of the
    /// binding comes before the last dot.
    static func path(_ file: String, _ report: RunReport, _ binding: TransportBinding) -> String {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory), isDirectory {
            return "\(file)/\(ACTSReport.fileName(report, binding: binding))"
        }
        guard report.bindings.count > 1 else { return file }
        guard let dot = file.lastIndex(of: "."), !file[dot...].contains("/") else {
            return "\(file).\(binding.rawValue)"
        }
        return "\(file[..<dot]).\(binding.rawValue)\(file[dot...])"
    }
}
