import A2A
import A2AClient
import GRPCCore
import SwiftProtobuf
import Testing

@testable import A2AGRPC

@Suite("Errors on the wire")
struct ErrorWireTests {
    private static let codes = A2AError.Code.specified + A2AError.Code.generic

    @Test("every code is a status with an ErrorInfo, and comes back as itself", arguments: Self.codes)
    func roundTrip(_ code: A2AError.Code) throws {
        let error = A2AError(
            code, "Das läßt sich nicht machen.",
            details: [
                .badRequest([FieldViolation(field: "message.parts[0]", description: "is empty")]),
                .retryInfo(.milliseconds(1500)),
                .other(
                    type: "type.example.com/Own",
                    fields: Google_Protobuf_Struct(fields: ["a": Google_Protobuf_Value(numberValue: 1)])),
            ])
        let (status, trailers) = error.grpcStatus
        #expect(status.code.rawValue == code.grpc)
        #expect(status.message == error.message)
        let bytes = try #require(trailers[binaryValues: "grpc-status-details-bin"].first { _ in true })
        let rich = try Google_Rpc_Status(serializedBytes: bytes)
        #expect(Int(rich.code) == code.grpc)
        #expect(rich.message == error.message)
        #expect(rich.details.first?.typeURL == "type.googleapis.com/google.rpc.ErrorInfo")
        let info = try Google_Rpc_ErrorInfo(unpackingAny: #require(rich.details.first))
        #expect(info.reason == code.reason)
        #expect(info.domain == "a2a-protocol.org")

        let back = try #require(A2AError(status: status, trailers: trailers))
        #expect(back.code == code)
        #expect(back.message == error.message)
        #expect(back.details == error.wireDetails)
    }

    @Test("a detail of a type that we do not know keeps its bytes on the way through")
    func unknownDetail() throws {
        var help = Google_Protobuf_Any()
        help.typeURL = "type.googleapis.com/google.rpc.Help"
        help.value = .init([10, 2, 8, 1])
        var rich = Google_Rpc_Status()
        rich.code = 9
        rich.details = [help]
        let first = try #require(
            A2AError(
                status: Status(code: .failedPrecondition, message: "no"),
                trailers: ["grpc-status-details-bin": .binary(try rich.serializedBytes())]))
        let again = try #require(first.grpcStatus.trailers[binaryValues: "grpc-status-details-bin"].first { _ in true })
        #expect(try Google_Rpc_Status(serializedBytes: again).details.contains(help))
    }

    @Test("details that are too many for a trailer are cut, and the ErrorInfo stays")
    func manyDetails() throws {
        let violations = (0..<5000).map { FieldViolation(field: "message.parts[\($0)]", description: "is empty") }
        let (status, trailers) = A2AError.invalidParams(violations).grpcStatus
        let bytes = try #require(trailers[binaryValues: "grpc-status-details-bin"].first { _ in true })
        #expect(bytes.count <= GRPCErrorWire.maxDetailsBytes)
        let back = try #require(A2AError(status: status, trailers: trailers))
        #expect(back.code == .invalidParams)
        #expect(back.fieldViolations.count > 10)
    }

    @Test("a message of any length fits into a trailer")
    func longMessage() {
        for character in ["x", "%", "ä", "\u{1F600}"] {
            let (status, _) = A2AError(.internal, String(repeating: character, count: 100_000)).grpcStatus
            let size = character.utf8.count * (character == "x" ? 1 : 3)
            #expect(status.message.count == GRPCErrorWire.maxMessageBytes / size + 1, "\(character)")
        }
    }

    @Test("a code of an agent's own without a status is never OK")
    func ownCode() {
        let own = A2AError.Code(name: "Own", reason: "OWN", jsonRPC: -32050, http: 400, grpc: 0)
        #expect(A2AError(own, "x").grpcStatus.status.code == .unknown)
        let wild = A2AError.Code(name: "Own", reason: "OWN", jsonRPC: -32050, http: 400, grpc: 99)
        #expect(A2AError(wild, "x").grpcStatus.status.code == .unknown)
    }

    @Test(
        "a status without an ErrorInfo is understood by its number",
        arguments: [
            (Status.Code.cancelled, A2AError.Code.canceled), (.unknown, .internal), (.invalidArgument, .invalidParams),
            (.deadlineExceeded, .deadlineExceeded), (.notFound, .taskNotFound), (.alreadyExists, .invalidRequest),
            (.permissionDenied, .permissionDenied), (.resourceExhausted, .resourceExhausted),
            (.failedPrecondition, .unsupportedOperation), (.aborted, .taskGenerationMismatch),
            (.outOfRange, .invalidParams), (.unimplemented, .methodNotFound), (.internalError, .internal),
            (.unavailable, .unavailable), (.dataLoss, .internal), (.unauthenticated, .unauthenticated),
        ])
    func plainStatus(_ status: Status.Code, _ code: A2AError.Code) {
        #expect(A2AError(status: Status(code: status, message: "x"), trailers: [:])?.code == code)
    }

    @Test("a reason of another domain does not choose the code")
    func foreignReason() throws {
        var info = Google_Rpc_ErrorInfo()
        info.reason = "TASK_NOT_FOUND"
        info.domain = "example.com"
        var rich = Google_Rpc_Status()
        rich.details = [try Google_Protobuf_Any(message: info)]
        let error = A2AError(
            status: Status(code: .permissionDenied, message: "x"),
            trailers: ["grpc-status-details-bin": .binary(try rich.serializedBytes())])
        #expect(error?.code == .permissionDenied)
        #expect(error?.details == [.errorInfo(reason: "TASK_NOT_FOUND", domain: "example.com", metadata: [:])])
    }

    @Test("details that cannot be read leave the status as it is")
    func nonsense() {
        for value: Metadata.Value in [.binary([1, 2, 3]), .binary([]), .string("%%%"), .string("AAAA")] {
            let error = A2AError(
                status: Status(code: .notFound, message: "gone"), trailers: ["grpc-status-details-bin": value])
            #expect(error?.code == .taskNotFound)
            #expect(error?.message == "gone")
        }
    }

    @Test("the challenge travels as www-authenticate")
    func challenge() {
        let (status, trailers) = A2AError(.unauthenticated, "Who?", challenge: "Bearer realm=\"x\"").grpcStatus
        #expect(Array(trailers[stringValues: "www-authenticate"]) == ["Bearer realm=\"x\""])
        #expect(A2AError(status: status, trailers: trailers)?.challenge == "Bearer realm=\"x\"")
        #expect(
            A2AError(.unauthenticated, "Who?").grpcStatus.trailers[stringValues: "www-authenticate"].contains {
                !$0.isEmpty
            })
    }
}
