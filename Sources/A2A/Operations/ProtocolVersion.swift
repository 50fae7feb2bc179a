/// A version of the A2A protocol: `Major.Minor` (§3.6). A patch number is read and ignored.
public struct ProtocolVersion: Hashable, Sendable, Comparable, CustomStringConvertible, LosslessStringConvertible {
    public var major: Int
    public var minor: Int

    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.0` or `1.0.3`; `nil` for anything else.
    public init?(_ description: String) {
        // "1.0", as nearly every call says it.
        var text = description
        let digits = text.withUTF8 { bytes -> (Int, Int)? in
            guard bytes.count == 3, bytes[1] == UInt8(ascii: "."), (0x30...0x39).contains(bytes[0]),
                (0x30...0x39).contains(bytes[2])
            else { return nil }
            return (Int(bytes[0]) - 0x30, Int(bytes[2]) - 0x30)
        }
        if let (major, minor) = digits {
            self.init(major: major, minor: minor)
            return
        }
        let numbers = description.split(separator: ".", omittingEmptySubsequences: false).map { part -> Int? in
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return Int(part)
        }
        guard (2...3).contains(numbers.count), let major = numbers[0], let minor = numbers[1],
            numbers.allSatisfy({ $0 != nil })
        else { return nil }
        self.init(major: major, minor: minor)
    }

    public var description: String { "\(self.major).\(self.minor)" }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.major, lhs.minor) < (rhs.major, rhs.minor)
    }

    /// What a call without a version means (§3.6.2).
    public static let v0_3 = ProtocolVersion(major: 0, minor: 3)
    /// The version that this library speaks.
    public static let v1_0 = ProtocolVersion(major: 1, minor: 0)
    /// The next version, a draft: tasks and events tell their generation, GetTask can wait for one, and a message can depend on
    /// one. Served and spoken only where somebody says so.
    public static let v1_1 = ProtocolVersion(major: 1, minor: 1)
}

extension ProtocolVersion {
    /// Whether the version has generations: 1.1 and later.
    package var hasGenerations: Bool { self >= .v1_1 }

    /// Decides in which version a call is served (§3.6.2).
    ///
    /// - Parameters:
    ///   - requested: The `A2A-Version` of the call, if it has one.
    ///   - supported: The versions that the interface serves.
    ///   - assumed: What to take where the call names none. The specification says 0.3.
    /// - Throws: ``A2AError`` with `.versionNotSupported`, naming the supported versions.
    public static func negotiate(
        _ requested: String?,
        supported: [ProtocolVersion],
        assumed: ProtocolVersion = .v0_3
    ) throws -> ProtocolVersion {
        let requested = requested?.trimmingSpaces ?? ""
        let version = requested.isEmpty ? assumed : ProtocolVersion(requested)
        if let version, supported.contains(version) { return version }

        let list = supported.map(\.description).joined(separator: ", ")
        let problem =
            requested.isEmpty
            ? "The call names no A2A version, which means \(assumed)"
            : "The A2A version '\(requested.prefix(32))' is not supported"
        throw A2AError(
            .versionNotSupported,
            "\(problem). Send the A2A-Version header with one of: \(list).",
            details: [
                .errorInfo(
                    reason: A2AError.Code.versionNotSupported.reason, metadata: ["supportedVersions": list])
            ]
        )
    }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    package var trimmingSpaces: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let slice = self.drop(while: isSpace)
        let trailing = slice.reversed().prefix(while: isSpace).count
        return String(slice.dropLast(trailing))
    }
}
