import A2A
import HTTPTypes
import Testing

@Suite("Operations and what surrounds a call")
struct OperationsTests {
    @Test("there are 11 operations, two of them streams")
    func operations() {
        #expect(A2AOperation.allCases.count == 11)
        #expect(A2AOperation.allCases.filter(\.isStreaming) == [.sendStreamingMessage, .subscribeToTask])
        #expect(
            A2AOperation.allCases.filter { !$0.isIdempotent } == [
                .sendMessage, .sendStreamingMessage, .createTaskPushNotificationConfig,
            ])
    }

    @Test("service parameters do not mind the case of names and survive illegal ones")
    func parameters() {
        var parameters = ServiceParameters()
        parameters["a2a-version"] = "1.0"
        #expect(parameters[ServiceParameters.Name.version] == "1.0")
        #expect(parameters.fields[.a2aVersion] == "1.0")
        parameters["not a name\r\n"] = "x"
        #expect(parameters["not a name\r\n"] == nil)
        #expect(parameters.fields.count == 1)
        parameters["A2A-VERSION"] = nil
        #expect(parameters.fields.isEmpty)
    }

    @Test("several values of one name are joined")
    func joined() {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .a2aExtensions, value: "urn:a"))
        fields.append(HTTPField(name: .a2aExtensions, value: "urn:b"))
        let value = ServiceParameters(fields)[ServiceParameters.Name.extensions]
        #expect(ExtensionNegotiation.parse(value) == ["urn:a", "urn:b"])
    }

    @Test("a fixed stream gives its events in order and ends")
    func fixedStream() async throws {
        let events = [
            StreamEvent(.task(A2ATask(status: A2ATaskStatus(.working))), generation: 1),
            StreamEvent(.message(.agent("x"))),
        ]
        var seen: [StreamEvent] = []
        for try await event in EventStream(events) { seen.append(event) }
        #expect(seen == events)
    }

    @Test("an answer's parameters are seen by everyone who holds the context")
    func response() {
        let context = CallContext()
        let copy = context
        copy.response.activatedExtensions = ["urn:a"]
        #expect(context.response.activatedExtensions == ["urn:a"])
        #expect(context.principal.isAnonymous)
        #expect("\(context.principal)" == "anonymous")
        #expect(context.version == .v1_0)
    }

    @Test(
        "spaces and tabs are trimmed, nothing else",
        arguments: [(" a b\t", "a b"), ("", ""), (" \t", ""), ("\na", "\na")])
    func trimming(_ text: String, trimmed: String) {
        #expect(text.trimmingSpaces == trimmed)
    }
}
