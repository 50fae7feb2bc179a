/// Something whose fields can be checked against the specification: requests, and what agents make.
///
/// The checks are those that the value alone decides (§5.7): required fields, ranges, sizes, known enum values.
/// Whether a task exists or a media type is accepted, the service decides.
public protocol Validatable {
    /// Reports every field that is wrong to `fields`.
    func check(_ fields: inout FieldCheck)
}

extension Validatable {
    /// The fields that are wrong, with their paths from this value; at most ``FieldCheck/maxViolations``.
    public func violations() -> [FieldViolation] {
        var fields = FieldCheck()
        self.check(&fields)
        return fields.violations
    }

    /// Checks the value.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` that names every field that is wrong.
    public func validate(fileID: String = #fileID, line: Int = #line) throws {
        let violations = self.violations()
        guard violations.isEmpty else {
            throw A2AError.invalidParams(violations, fileID: fileID, line: line)
        }
    }
}

/// The bounds of what a request may hold, beside the limit on its size.
///
/// They keep identifiers and lists, which services store, index and compare, from growing without measure. All are
/// far above what the protocol's own use needs.
public enum ValidationLimits {
    /// The longest identifier of a message, task, context, artifact, tenant or configuration, in bytes of UTF-8: 1 KiB.
    public static let maxIdentifierBytes = 1024
    /// The longest media type, in bytes of UTF-8.
    public static let maxMediaTypeBytes = 1024
    /// The longest file name, in bytes of UTF-8.
    public static let maxFilenameBytes = 1024
    /// The longest URL, and the longest URI of an extension, in bytes of UTF-8: 8 KiB.
    public static let maxURLBytes = 8192
    /// The longest page token, in bytes of UTF-8: 4 KiB.
    public static let maxPageTokenBytes = 4096
    /// The longest token or credentials of a push notification configuration, in bytes of UTF-8: 16 KiB.
    public static let maxCredentialBytes = 16 * 1024
    /// The most tasks that a message may refer to.
    public static let maxReferenceTaskIDs = 64
    /// The most extension URIs of a message or artifact.
    public static let maxExtensions = 64
    /// The most media types in `acceptedOutputModes`.
    public static let maxAcceptedOutputModes = 64
    /// The most items on a page (§3.1.4).
    public static let maxPageSize: Int32 = 100
    /// The deepest nesting of data and metadata, in objects and arrays; decoders refuse more as well.
    public static let maxValueDepth = 100
}
