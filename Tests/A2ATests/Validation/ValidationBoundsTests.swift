import A2A
import Testing

@Suite("Bounds of validation")
struct ValidationBoundsTests {
    @Test("identifiers up to the limit are accepted, longer ones are not")
    func identifiers() {
        var message = A2AMessage.user("x")
        message.messageID = String(repeating: "a", count: ValidationLimits.maxIdentifierBytes)
        #expect(message.violations() == [])
        message.messageID += "a"
        message.contextID = message.messageID
        message.taskID = message.messageID
        #expect(message.violations().map(\.field) == ["messageId", "contextId", "taskId"])
    }

    @Test("lists up to the limit are accepted, longer ones are reported once")
    func lists() {
        var message = A2AMessage.user("x")
        message.referenceTaskIds = (0..<ValidationLimits.maxReferenceTaskIDs).map { "\($0)" }
        message.extensions = (0..<ValidationLimits.maxExtensions).map { "urn:\($0)" }
        #expect(message.violations() == [])
        message.referenceTaskIds.append("x")
        message.extensions.append("urn:x")
        #expect(message.violations().map(\.field) == ["extensions", "referenceTaskIds"])
        message.referenceTaskIds = ["a", ""]
        message.extensions = []
        #expect(message.violations().map(\.field) == ["referenceTaskIds[1]"])
    }

    @Test("a million bad parts make a short list")
    func manyBadParts() {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(role: .user, parts: Array(repeating: A2APart(), count: 1_000_000))
        let violations = request.violations()
        #expect(violations.count == FieldCheck.maxViolations)
        #expect(violations.last?.field == "message.parts[31].content")
    }

    @Test("a million good parts are walked without a violation")
    func manyGoodParts() {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(role: .user, parts: Array(repeating: "x", count: 1_000_000))
        #expect(request.violations() == [])
    }

    @Test("a long key of a map is cut in the path")
    func longKeys() {
        var card = A2AAgentCard(
            name: "n", description: "d", version: "1",
            skills: [A2AAgentSkill(id: "i", name: "n", description: "d", tags: ["t"])])
        card.supportedInterfaces = [A2AAgentInterface(url: "https://example.org", binding: .jsonRPC)]
        card.securitySchemes = [String(repeating: "k", count: 100_000): A2ASecurityScheme()]
        let violations = card.violations()
        #expect(violations.count == 1)
        #expect((violations.first?.field.count ?? .max) < 100)
    }

    @Test("nesting beyond the limit is reported and does not overflow the stack")
    func depth() {
        func nested(_ depth: Int) -> A2AValue {
            (0..<depth).reduce(A2AValue(1)) { value, _ in [value] }
        }
        #expect(A2APart.data(nested(ValidationLimits.maxValueDepth)).violations() == [])
        #expect(A2APart.data(nested(ValidationLimits.maxValueDepth + 1)).violations().map(\.field) == ["data"])
    }
}
