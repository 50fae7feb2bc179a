package import SwiftProtobuf

/// The model in JSON, as every JSON binding writes and reads it: ProtoJSON in one line, with two corrections.
///
/// Integral numbers in free-form data are printed without a fraction (``IntegralNumbers``), and required arrays
/// are printed when they are empty (``RequiredMembers``).
package enum ModelJSON {
    /// The deepest nesting that is decoded.
    ///
    /// A JSON object in free-form data counts twice: as a value and as an object.
    package static let maxDepth = 100

    /// A message as JSON in one line.
    ///
    /// - Throws: ``A2AError`` with `.internal` if the message holds what JSON cannot express, such as NaN.
    package static func encode<M: Message>(_ message: M) throws(A2AError) -> [UInt8] {
        var bytes: [UInt8]
        do {
            bytes = try message.jsonUTF8Bytes()
        } catch {
            throw A2AError(.internal, "\(M.protoMessageName) cannot be written as JSON.", cause: error)
        }
        IntegralNumbers.rewrite(&bytes)
        if let missing = RequiredMembers.rules(for: message) { bytes = missing.complete(bytes) }
        return bytes
    }

    /// Appends a message as JSON in one line.
    ///
    /// - Throws: ``A2AError`` as ``encode(_:)`` does; `output` is then unchanged.
    package static func append<M: Message>(_ message: M, to output: inout [UInt8]) throws(A2AError) {
        output.append(contentsOf: try Self.encode(message))
    }

    /// Reads a message of a request.
    ///
    /// Fields that we do not know are ignored (§5.7). Everything else is strict; what is wrong is named with its
    /// path, such as `message.parts[0].raw`.
    ///
    /// - Throws: ``A2AError`` with `.parseError` if the bytes are not JSON, otherwise with `.invalidParams`.
    package static func decode<M: Message>(
        _ type: M.Type, from bytes: ArraySlice<UInt8>
    ) throws(A2AError) -> M {
        do {
            return try M(jsonUTF8Bytes: ByteView(bytes), options: Self.strict)
        } catch {
            return try DecodingDiagnosis.decode(type, from: bytes, after: error)
        }
    }

    /// Reads a message of an answer.
    ///
    /// Unknown fields and unknown names of enums are ignored: the peer may be newer.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    package static func decodeAnswer<M: Message>(
        _ type: M.Type, from bytes: ArraySlice<UInt8>
    ) throws(A2AError) -> M {
        do {
            return try M(jsonUTF8Bytes: ByteView(bytes), options: Self.lenient)
        } catch {
            throw DecodingDiagnosis.answerError(type, from: bytes, after: error)
        }
    }

    /// Refuses what it does not know: the fast path of a request.
    static let strict: JSONDecodingOptions = {
        var options = JSONDecodingOptions()
        options.messageDepthLimit = Self.maxDepth
        return options
    }()

    /// Ignores fields and names of enums that it does not know.
    static let lenient: JSONDecodingOptions = {
        var options = JSONDecodingOptions()
        options.messageDepthLimit = Self.maxDepth
        options.ignoreUnknownFields = true
        return options
    }()
}

/// Lends a slice to SwiftProtobuf without copying it.
struct ByteView: SwiftProtobufContiguousBytes {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    init(repeating byte: UInt8, count: Int) { self.bytes = ArraySlice(repeating: byte, count: count) }

    init<S: Sequence>(_ sequence: S) where S.Element == UInt8 { self.bytes = ArraySlice(sequence) }

    var count: Int { self.bytes.count }

    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try self.bytes.withUnsafeBytes(body)
    }

    mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        try self.bytes.withUnsafeMutableBytes(body)
    }
}
