import A2A
import Testing

@Suite("Protocol versions")
struct ProtocolVersionTests {
    @Test(
        "versions are read; a patch number is ignored",
        arguments: [("1.0", 1, 0), ("0.3", 0, 3), ("1.0.7", 1, 0), ("12.34.5678", 12, 34)])
    func reading(_ text: String, major: Int, minor: Int) throws {
        let version = try #require(ProtocolVersion(text))
        #expect(version.major == major)
        #expect(version.minor == minor)
        #expect(ProtocolVersion(version.description) == version)
    }

    @Test(
        "garbage is not a version",
        arguments: [
            "", "1", "1.", ".1", "1.0.", "1.0.0.0", "v1.0", "-1.0", "+1.0", "1,0", "1.0-beta", "a.b", "1. 0",
            "99999999999999999999.0", "1.99999", "١.٠", "1.0\u{0}", "...", "0x1.0",
        ])
    func garbage(_ text: String) {
        #expect(ProtocolVersion(text) == nil)
    }

    @Test("versions are ordered by number, not by text")
    func order() throws {
        let texts = ["0.3", "0.10", "1.0", "1.1", "1.10", "2.0", "10.0"]
        let versions = texts.compactMap { ProtocolVersion($0) }
        #expect(versions.count == texts.count)
        #expect(versions.shuffled().sorted() == versions)
    }

    @Test("a supported version is chosen", arguments: ["1.0", " 1.0\t", "1.0.9"])
    func supported(_ text: String) throws {
        #expect(try ProtocolVersion.negotiate(text, supported: [.v1_0]) == .v1_0)
    }

    @Test("a call without a version speaks 0.3", arguments: [nil, "", "  "] as [String?])
    func missing(_ text: String?) throws {
        #expect(try ProtocolVersion.negotiate(text, supported: [.v0_3, .v1_0]) == .v0_3)
        #expect(try ProtocolVersion.negotiate(text, supported: [.v1_0], assumed: .v1_0) == .v1_0)
        let error = try #require(throws: A2AError.self) {
            try ProtocolVersion.negotiate(text, supported: [.v1_0, ProtocolVersion(major: 1, minor: 1)])
        }
        #expect(error.code == .versionNotSupported)
        #expect(error.message.contains("0.3"))
        #expect(error.message.contains("1.0, 1.1"))
        #expect(
            error.wireDetails == [
                .errorInfo(reason: "VERSION_NOT_SUPPORTED", metadata: ["supportedVersions": "1.0, 1.1"])
            ])
    }

    @Test("another version is refused with the supported ones named", arguments: ["0.3", "2.0", "1.1", "nonsense"])
    func refused(_ text: String) throws {
        let error = try #require(throws: A2AError.self) {
            try ProtocolVersion.negotiate(text, supported: [.v1_0])
        }
        #expect(error.code == .versionNotSupported)
        #expect(error.message.contains("'\(text)'"))
        #expect(error.message.contains("1.0"))
    }

    @Test("a hostile version does not fill the answer")
    func long() throws {
        let error = try #require(throws: A2AError.self) {
            try ProtocolVersion.negotiate(String(repeating: "9", count: 1_000_000), supported: [.v1_0])
        }
        #expect(error.message.utf8.count < 200)
    }
}
