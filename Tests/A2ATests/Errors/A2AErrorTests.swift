import A2A
import Testing

@Suite("Errors")
struct A2AErrorTests {
    @Test("an error of the A2A table always carries its ErrorInfo", arguments: A2AError.Code.specified)
    func errorInfo(_ code: A2AError.Code) {
        #expect(
            A2AError(code, "x").wireDetails == [.errorInfo(reason: code.reason, domain: "a2a-protocol.org")])
        let retry = ErrorDetail.retryInfo(.seconds(1))
        #expect(A2AError(code, "x", details: [retry]).wireDetails == [.errorInfo(reason: code.reason), retry])
    }

    @Test("an ErrorInfo of the error's own is not doubled")
    func ownErrorInfo() {
        let error = A2AError.taskNotFound("t")
        #expect(error.wireDetails == [.errorInfo(reason: "TASK_NOT_FOUND", metadata: ["taskId": "t"])])
    }

    @Test("an ErrorInfo of another domain does not stand in for that of the table")
    func foreignErrorInfo() {
        let foreign = ErrorDetail.errorInfo(reason: "QUOTA", domain: "example.org")
        #expect(
            A2AError(.unsupportedOperation, "x", details: [foreign]).wireDetails == [
                .errorInfo(reason: "UNSUPPORTED_OPERATION"), foreign,
            ])
    }

    @Test("a generic error tells its reason too", arguments: A2AError.Code.generic)
    func generic(_ code: A2AError.Code) {
        #expect(A2AError(code, "x").wireDetails == [.errorInfo(reason: code.reason)])
        #expect(A2AError(code, "x", details: [.retryInfo(.seconds(1))]).wireDetails.count == 2)
    }

    @Test("violations are summed up in the message, all of them in the details")
    func violations() {
        let violations = (1...5).map { FieldViolation(field: "f\($0)", description: "is wrong") }
        let error = A2AError.invalidParams(violations)
        #expect(error.code == .invalidParams)
        #expect(error.message == "Invalid parameters: f1: is wrong; f2: is wrong; f3: is wrong (and 2 more)")
        #expect(error.fieldViolations == violations)
        #expect(A2AError.invalidParams(field: "a", "is b").message == "Invalid parameters: a: is b")
        #expect(A2AError(.internal, "x").fieldViolations == [])
    }

    @Test("the wait that a peer asks for is found among the details")
    func retryDelay() {
        #expect(A2AError(.unavailable, "x").retryDelay == nil)
        let error = A2AError(.unavailable, "x", details: [.badRequest([]), .retryInfo(.seconds(3))])
        #expect(error.retryDelay == .seconds(3))
    }

    private struct Secret: Error, CustomStringConvertible {
        var description: String { "password=hunter2" }
    }

    @Test("a wrapped error stays on this side")
    func wrapping() {
        let error = A2AError(wrapping: Secret())
        #expect(error.code == .internal)
        #expect(!error.message.contains("hunter2"))
        #expect(!error.description.contains("hunter2"))
        #expect(error.wireDetails == [.errorInfo(reason: "INTERNAL_ERROR")])
        #expect(error.cause is Secret)
        #expect(error.debugDescription.contains("caused by"))
    }

    @Test("an A2A error is not wrapped again, a cancellation is told apart")
    func wrappingOwn() {
        #expect(A2AError(wrapping: A2AError.taskNotFound("t")).code == .taskNotFound)
        #expect(A2AError(wrapping: CancellationError()).code == .canceled)
    }

    @Test("an error knows where it was made and says so only to developers")
    func location() {
        let error = A2AError(.internal, "x")
        #expect(error.location.fileID.hasSuffix("A2AErrorTests.swift"))
        #expect(error.debugDescription.contains("\(error.location)"))
        #expect(!error.description.contains("swift"))
    }
}
