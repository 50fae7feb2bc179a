import Foundation
import Testing

@testable import A2A

/// The specification, the list of its requirements, and the code say the same.
@Suite("A2A/TCP specification")
struct TCPSpecificationTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: TCPVectors.root.appending(path: path), encoding: .utf8)
    }

    @Test("every numbered requirement is in the list, with its level and its party, and none besides")
    func requirements() throws {
        let specified = try self.text("spec/bindings/tcp.md")
            .matches(of: /- \*\*(TCP-\d{3})\*\* \[(\w+)\] (.*)/)
            .map { match -> String in
                let level = match.3.firstMatch(of: /\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b/).map { String($0.1) }
                return "\(match.1) \(level ?? "none") \(match.2)"
            }
        let listed = try self.text("spec/requirements.yaml")
            .matches(of: /- id: (TCP-\d{3})\n +source: tcp\n +section: .*\n +level: (.*)\n +party: (\w+)\n/)
            .map { "\($0.1) \($0.2) \($0.3)" }
        #expect(specified == listed)
        #expect(Set(specified.map { $0.prefix(7) }).count == specified.count)
        #expect(specified.count > 100)
    }

    @Test("the examples of the specification are the vectors")
    func examples() throws {
        let text = try self.text("spec/bindings/tcp.md")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var compared = 0
        for (index, line) in lines.enumerated() {
            guard let name = line.firstMatch(of: #/^(tv\w+-[\w-]+): /#)?.1 else { continue }
            let hex = lines[(index + 1)...].prefix { $0.hasPrefix("    ") }.joined().filter { $0 != " " }
            let vector = try #require(TCPVectors.frames.first { $0.name == name })
            #expect(TCPVectors.octets(hex) == vector.octets, "\(name)")
            compared += 1
        }
        #expect(compared > 15)
    }

    @Test("the error table of the specification is the one of the code")
    func errorTable() throws {
        let rows = try self.text("spec/bindings/tcp.md")
            .matches(of: /\| 0x([0-9A-F]{4}) \| ?[A-Z_]* ?\| ([^|]*) \| (-32\d+)? ?\|[^|]*\|/)
        for row in rows {
            let value = try #require(UInt16(row.1, radix: 16))
            let code = TCPErrorCode(rawValue: value)
            guard let number = row.3.flatMap({ Int($0) }) else { continue }
            #expect(code.a2aCode.jsonRPC == number)
            #expect(TCPErrorCode(A2AError.Code(jsonRPC: number)) == code)
        }
        #expect(rows.count > 30)
    }

    @Test("the types, lengths and flags of the specification are those of the code")
    func frameTable() throws {
        let rows = try self.text("spec/bindings/tcp.md")
            .matches(of: /\| 0x(0[0-9A-F]) \| ([A-Z]+) \| ([^|]*) \| ([^|]*) ?\| ([\d,]+)(?: to ([\d,]+))?/)
        #expect(rows.count == TCPFrameType.allCases.count)
        for row in rows {
            let number = try #require(UInt8(row.1, radix: 16))
            let type = try #require(TCPFrameType(rawValue: number))
            let least = Int(row.5.filter(\.isNumber)) ?? 0
            let most = row.6.map { Int($0.filter(\.isNumber)) ?? 0 } ?? least
            #expect(type.payloadLengths.lowerBound == least)
            #expect(type == .call ? most == 16_396 : type.payloadLengths.upperBound == most)
            let flags = row.4.matches(of: /0x(\d\d)/).reduce(UInt8(0)) { $0 | (UInt8($1.1, radix: 16) ?? 0) }
            #expect(type.definedFlags.rawValue == flags)
        }
    }
}
