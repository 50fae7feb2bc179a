import A2A
import SwiftProtobuf
import Testing

@Suite("Validation")
struct ValidationTests {
    @Test("every violated field is named in one error")
    func oneError() throws {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(role: .unspecified, parts: [A2APart(), "x"], messageID: "")
        request.configuration.historyLength = -1
        let error = try #require(throws: A2AError.self) { try request.validate() }
        #expect(error.code == .invalidParams)
        #expect(
            error.fieldViolations.map(\.field) == [
                "message.messageId", "message.role", "message.parts[0].content", "configuration.historyLength",
            ])
        #expect(error.message.contains("message.messageId: must not be empty"))
        #expect(error.location.fileID.hasSuffix("ValidationTests.swift"))
    }

    @Test("a missing field is told apart from an empty one")
    func presence() {
        var request = A2AGetTaskRequest()
        #expect(request.violations().map(\.description) == ["is required"])
        request.id = ""
        #expect(request.violations().map(\.description) == ["must not be empty"])
    }

    @Test("roles", arguments: [(A2ARole.user, true), (.agent, true), (.unspecified, false), (.UNRECOGNIZED(7), false)])
    func roles(_ role: A2ARole, isValid: Bool) {
        #expect(A2AMessage(role: role, parts: ["x"]).violations().isEmpty == isValid)
    }

    @Test(
        "task states",
        arguments: A2ATaskState.allCases.map { ($0, $0 != .unspecified) } + [(.UNRECOGNIZED(42), false)])
    func states(_ state: A2ATaskState, isValid: Bool) {
        #expect(A2ATaskStatus(state).violations().isEmpty == isValid)
    }

    @Test("the status filter may be unset but not unknown")
    func statusFilter() {
        var request = A2AListTasksRequest()
        #expect(request.violations() == [])
        request.status = .UNRECOGNIZED(9)
        #expect(request.violations().map(\.field) == ["status"])
    }

    @Test(
        "page sizes of tasks",
        arguments: [(1, true), (100, true), (0, false), (101, false), (-1, false), (.max, false), (.min, false)]
            as [(Int32, Bool)])
    func taskPages(_ size: Int32, isValid: Bool) {
        var request = A2AListTasksRequest()
        request.pageSize = size
        #expect(request.violations().map(\.field) == (isValid ? [] : ["pageSize"]))
    }

    @Test(
        "page sizes of configurations",
        arguments: [(0, true), (1, true), (100, true), (101, false), (-1, false)] as [(Int32, Bool)])
    func configPages(_ size: Int32, isValid: Bool) {
        var request = A2AListTaskPushNotificationConfigsRequest()
        request.taskID = "t"
        request.pageSize = size
        #expect(request.violations().map(\.field) == (isValid ? [] : ["pageSize"]))
    }

    @Test("negative counts are refused")
    func counts() {
        var get = A2AGetTaskRequest()
        get.id = "t"
        get.historyLength = -1
        get.currentGeneration = -1
        #expect(get.violations().map(\.field) == ["historyLength", "currentGeneration"])
        get.historyLength = 0
        get.currentGeneration = 0
        #expect(get.violations() == [])

        var list = A2AListTasksRequest()
        list.historyLength = .min
        #expect(list.violations().map(\.field) == ["historyLength"])
    }

    @Test("times out of range are refused")
    func timestamps() {
        var request = A2AListTasksRequest()
        request.statusTimestampAfter.seconds = .max
        #expect(request.violations().map(\.field) == ["statusTimestampAfter"])
        request.statusTimestampAfter.seconds = 0
        request.statusTimestampAfter.nanos = -1
        #expect(request.violations().map(\.field) == ["statusTimestampAfter"])
        request.statusTimestampAfter.nanos = 999_999_999
        #expect(request.violations() == [])
    }

    @Test("parts hold one content, which may be an empty text or null")
    func contents() {
        #expect(A2APart.text("").violations() == [])
        #expect(A2APart.data(nil).violations() == [])
        #expect(A2APart.raw([UInt8]()).violations() == [])
        #expect(A2APart.url("").violations().map(\.field) == ["url"])
        #expect(A2APart().violations().map(\.field) == ["content"])
    }

    @Test("an empty page is valid, its numbers may be zero")
    func emptyPage() {
        var page = A2AListTasksResponse()
        page.nextPageToken = ""
        page.pageSize = 50
        page.totalSize = 0
        #expect(page.violations() == [])
        page.totalSize = -1
        #expect(page.violations().map(\.field) == ["totalSize"])
    }

    @Test("a configuration names its task, except inside of SendMessage")
    func configTask() {
        var config = A2ATaskPushNotificationConfig()
        config.url = "https://example.org/hook"
        #expect(config.violations().map(\.field) == ["taskId"])
        var request = A2ASendMessageRequest()
        request.message = .user("hi")
        request.configuration.taskPushNotificationConfig = config
        #expect(request.violations() == [])
        request.configuration.taskPushNotificationConfig.url = "example.org"
        #expect(request.violations().map(\.field) == ["configuration.taskPushNotificationConfig.url"])
    }

    @Test(
        "webhook addresses",
        arguments: [
            ("https://example.org/hook?a=b", true), ("http://127.0.0.1:8080", true), ("HTTPS://EXAMPLE.ORG", true),
            ("http://[::1]:80/x", true), ("", false), ("/hook", false), ("example.org/hook", false),
            ("ftp://example.org", false), ("https://", false), ("https:///path", false), ("http://a b/", false),
            ("https://example.org/\r\nHost: x", false), ("http://example.org:99999/", false),
            ("javascript:alert(1)", false), ("http:example.org", false), ("https://exa\u{0}mple.org", false),
        ])
    func webhooks(_ url: String, isValid: Bool) {
        var config = A2ATaskPushNotificationConfig()
        config.taskID = "t"
        config.url = url
        #expect(config.violations().map(\.field) == (isValid ? [] : ["url"]))
    }

    @Test("numbers that JSON cannot write are found wherever they hide")
    func values() {
        let artifact = A2AArtifact(
            parts: [.data(["a": [1, ["b": A2AValue(Double.nan)]]])], metadata: ["c": A2AValue(Double.infinity)])
        #expect(artifact.violations().map(\.field) == ["parts[0].data", "metadata"])
        #expect(A2APart.data(A2AValue()).violations().map(\.field) == ["data"])
    }
}
