import A2A
import Testing

@Suite("Error codes")
struct ErrorCodeTests {
    /// §5.4 row by row, and the row that the 1.1 draft adds.
    private static let table: [(code: A2AError.Code, name: String, jsonRPC: Int, grpc: String, http: Int)] = [
        (.taskNotFound, "TaskNotFoundError", -32001, "NOT_FOUND", 404),
        (.taskNotCancelable, "TaskNotCancelableError", -32002, "FAILED_PRECONDITION", 400),
        (.pushNotificationNotSupported, "PushNotificationNotSupportedError", -32003, "FAILED_PRECONDITION", 400),
        (.unsupportedOperation, "UnsupportedOperationError", -32004, "FAILED_PRECONDITION", 400),
        (.contentTypeNotSupported, "ContentTypeNotSupportedError", -32005, "INVALID_ARGUMENT", 400),
        (.invalidAgentResponse, "InvalidAgentResponseError", -32006, "INTERNAL", 500),
        (.extendedAgentCardNotConfigured, "ExtendedAgentCardNotConfiguredError", -32007, "FAILED_PRECONDITION", 400),
        (.extensionSupportRequired, "ExtensionSupportRequiredError", -32008, "FAILED_PRECONDITION", 400),
        (.versionNotSupported, "VersionNotSupportedError", -32009, "FAILED_PRECONDITION", 400),
        (.taskGenerationMismatch, "TaskGenerationMismatchError", -32010, "ABORTED", 409),
    ]

    @Test("the table of the specification, row by row", arguments: ErrorCodeTests.table.indices)
    func row(_ index: Int) {
        let row = Self.table[index]
        #expect(row.code.name == row.name)
        #expect(row.code.jsonRPC == row.jsonRPC)
        #expect(row.code.grpcStatusName == row.grpc)
        #expect(row.code.http == row.http)
        #expect(row.code.isA2ASpecific)
    }

    @Test("the table is complete")
    func complete() {
        #expect(A2AError.Code.specified == Self.table.map(\.code))
    }

    @Test("the codes of JSON-RPC are the standard's")
    func standardCodes() {
        #expect(A2AError.Code.parseError.jsonRPC == -32700)
        #expect(A2AError.Code.invalidRequest.jsonRPC == -32600)
        #expect(A2AError.Code.methodNotFound.jsonRPC == -32601)
        #expect(A2AError.Code.invalidParams.jsonRPC == -32602)
        #expect(A2AError.Code.internal.jsonRPC == -32603)
    }

    @Test("the numbers of gRPC are those of their names")
    func grpcNumbers() {
        let codes = A2AError.Code.specified + A2AError.Code.generic
        let numbers = Dictionary(codes.map { ($0.grpcStatusName, $0.grpc) }, uniquingKeysWith: { first, _ in first })
        #expect(
            numbers == [
                "CANCELLED": 1, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "PERMISSION_DENIED": 7,
                "RESOURCE_EXHAUSTED": 8, "FAILED_PRECONDITION": 9, "ABORTED": 10, "UNIMPLEMENTED": 12,
                "INTERNAL": 13, "UNAVAILABLE": 14, "UNAUTHENTICATED": 16,
            ])
        #expect(A2AError.Code(name: "X", reason: "X", jsonRPC: 1, http: 1, grpc: 99).grpcStatusName == "UNKNOWN")
    }

    @Test("reason is the name in upper case without Error", arguments: A2AError.Code.specified)
    func reasons(_ code: A2AError.Code) {
        let words = code.name.dropLast("Error".count).reduce(into: "") { text, letter in
            if letter.isUppercase, !text.isEmpty { text += "_" }
            text += letter.uppercased()
        }
        #expect(code.reason == words)
    }

    @Test("no two codes share a number or a reason")
    func unique() {
        let codes = A2AError.Code.specified + A2AError.Code.generic
        #expect(Set(codes.map(\.jsonRPC)).count == codes.count)
        #expect(Set(codes.map(\.reason)).count == codes.count)
        #expect(A2AError.Code.generic.allSatisfy { !$0.isA2ASpecific })
    }

    @Test("a code is found by its number and by its reason", arguments: A2AError.Code.specified + A2AError.Code.generic)
    func lookup(_ code: A2AError.Code) {
        #expect(A2AError.Code(jsonRPC: code.jsonRPC) == code)
        #expect(A2AError.Code(reason: code.reason) == code)
    }

    @Test("an unknown number is kept, an unknown reason is not ours", arguments: [-32050, 0, 42, Int.max, Int.min])
    func unknown(_ number: Int) {
        let code = A2AError.Code(jsonRPC: number)
        #expect(code.jsonRPC == number)
        #expect(!code.isA2ASpecific)
        #expect(A2AError.Code(reason: "TASK_EXPLODED") == nil)
    }

    @Test(
        "an HTTP status without details becomes the nearest code",
        arguments: [
            (400, .invalidRequest), (401, .unauthenticated), (403, .permissionDenied), (404, .methodNotFound),
            (405, .methodNotFound), (408, .deadlineExceeded), (409, .taskGenerationMismatch), (413, .requestTooLarge),
            (415, .invalidRequest), (429, .resourceExhausted), (499, .canceled), (500, .internal),
            (502, .unavailable), (503, .unavailable), (504, .deadlineExceeded), (599, .internal), (302, .internal),
            (-1, .internal),
        ] as [(Int, A2AError.Code)])
    func statuses(_ status: Int, code: A2AError.Code) {
        #expect(A2AError.Code(http: status) == code)
    }
}
