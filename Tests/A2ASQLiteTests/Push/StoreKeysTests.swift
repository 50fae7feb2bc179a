import Foundation
import Testing

@testable import A2ASQLite

@Suite("The keys of a store", .timeLimit(.minutes(1)))
struct StoreKeysTests {
    private static func key(_ byte: UInt8) -> String { Data(repeating: byte, count: 32).base64EncodedString() }

    private static func find(
        _ folder: String, _ environment: [String: String] = [:], file: String? = nil, mayMakeFile: Bool = true
    ) throws -> [String] {
        try StoreKeys.find(
            environment: environment, file: file, beside: "\(folder)/store.db", mayMakeFile: mayMakeFile
        ).keys.map(\.id)
    }

    @Test("without one, a file beside the database is made for its owner only, and used from then on")
    func made() async throws {
        try await withFolder { folder in
            // Several processes may begin at once: there is one key in the end.
            let ids = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<8 { group.addTask { try Self.find(folder) } }
                return try await group.reduce(into: Set<[String]>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/store.db.key")[.posixPermissions]
            #expect(mode as? Int == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["store.db.key"])
            #expect(try Self.find(folder) == ids.first)
        }
    }

    @Test("a file that is named goes before the environment, that before the file beside the database")
    func order() async throws {
        try await withFolder { folder in
            let file = "\(folder)/mine"
            try "# mine\n\n\(Self.key(1))\n  \(Self.key(2)) \n".write(toFile: file, atomically: true, encoding: .utf8)
            let environment = ["A2A_STORE_KEY": "\(Self.key(3)), \(Self.key(4))"]
            let made = try Self.find(folder)
            #expect(
                try Self.find(folder, environment, file: file) == StoreKeys([Self.key(1), Self.key(2)]).keys.map(\.id))
            #expect(try Self.find(folder, environment) == StoreKeys([Self.key(3), Self.key(4)]).keys.map(\.id))
            #expect(try Self.find(folder, ["A2A_STORE_KEY": ""]) == made)
        }
    }

    @Test("what is no key is refused, and not repeated")
    func refused() async throws {
        try await withFolder { folder in
            let file = "\(folder)/mine"
            for (text, words) in [
                ("s3cret", "Key 1 is not 32 bytes"), ("\(Self.key(1)),s3cret", "Key 2 is not 32 bytes"),
                (Data(repeating: 1, count: 16).base64EncodedString(), "Key 1 is not 32 bytes"),
            ] {
                let error = #expect(throws: StoreKeys.Failure.self) { try Self.find(folder, ["A2A_STORE_KEY": text]) }
                #expect(error?.description.contains(words) == true && error?.description.contains("s3cret") == false)
                try text.replacing(",", with: "\n").write(toFile: file, atomically: true, encoding: .utf8)
                let other = #expect(throws: StoreKeys.Failure.self) { try Self.find(folder, file: file) }
                #expect(other?.description.contains(words) == true && other?.description.contains("s3cret") == false)
            }
            try "".write(toFile: file, atomically: true, encoding: .utf8)
            #expect(throws: StoreKeys.Failure.self) { try Self.find(folder, file: file) }
            #expect(throws: StoreKeys.Failure.self) { try Self.find(folder, file: "\(folder)/none") }
            #expect(throws: StoreKeys.Failure.self) { try Self.find(folder, mayMakeFile: false) }
            #expect(throws: StoreKeys.Failure.self) { try Self.find("\(folder)/none") }
        }
    }
}
