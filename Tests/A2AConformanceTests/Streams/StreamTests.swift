import Testing

@testable import A2AConformance

/// What a stream must be like (ACTS §7).
@Suite("Streams")
struct StreamTests {
    static func events(_ texts: [String]) throws -> [StreamedEvent] {
        try texts.map { StreamedEvent(value: try json($0), offset: .zero) }
    }

    static let task = #"{"task":{"id":"t","status":{"state":"TASK_STATE_SUBMITTED"}}}"#
    static func status(_ state: String) -> String {
        #"{"statusUpdate":{"taskId":"t","status":{"state":"TASK_STATE_\#(state)"}}}"#
    }
    static let artifact = #"{"artifactUpdate":{"taskId":"t","artifact":{"artifactId":"a","parts":[{"text":"1"}]}}}"#
    static let more =
        #"{"artifactUpdate":{"taskId":"t","append":true,"artifact":{"artifactId":"a","parts":[{"text":"2"}]}}}"#

    private func check(
        _ yaml: String, _ texts: [String], _ end: StreamEnd = .closed
    ) throws -> Mismatch? {
        let expectation = try StreamExpectation(try YAMLNode(parsing: yaml, file: "x"), "it", file: "x")
        return try expectation.check(try Self.events(texts), end) { .string($0) }
    }

    static let usual = [task, status("WORKING"), artifact, more, status("COMPLETED")]

    @Test(
        "are compared by count, place, any place, each and last",
        arguments: [
            ("{}", true), ("{min_count: 5, max_count: 5}", true), ("{min_count: 6}", false), ("{max_count: 4}", false),
            ("{events: [{task: {id: t}}]}", true),
            ("{events: [{status_update: {status: {state: TASK_STATE_WORKING}}}]}", false),
            ("{events: [{index: 1, status_update: {status: {state: TASK_STATE_WORKING}}}]}", true),
            ("{events: [{task: {}}, {statusUpdate: {taskId: t}}]}", true),
            ("{events: [{index: 9, task: {}}]}", false),
            ("{events: [{match: any_position, artifact_update: {append: true}}]}", true),
            ("{events: [{match: any_position, message: {}}]}", false),
            ("{each_event: {not: {message: {exists: true}}}}", true),
            ("{each_event: {task: {exists: true}}}", false),
            ("{final_event: {status_update: {final: true, status: {state: TASK_STATE_COMPLETED}}}}", true),
            ("{final_event: {status_update: {status: {state: TASK_STATE_FAILED}}}}", false),
            ("{final_event: {task: {status: {state: TASK_STATE_COMPLETED}}}}", true),
            ("{final_event: {task: {artifacts: [{parts: {count: 2}}]}}}", true),
            ("{events: [{index: 1, status_update: {final: false}}]}", true),
            ("{ordering: monotonic_state}", true),
        ])
    func expectations(_ yaml: String, _ holds: Bool) throws {
        let mismatch = try self.check(yaml, Self.usual)
        #expect((mismatch == nil) == holds, "\(mismatch.map { "\($0)" } ?? "it holds")")
    }

    @Test(
        "must end in good order",
        arguments: [
            StreamEnd.broken("reset"), .timedOut, .invalid("no JSON"), .error(WireError(code: 5, message: "no")),
        ])
    func ends(_ end: StreamEnd) throws {
        #expect(try self.check("{}", Self.usual, end)?.expected == "a stream that ends in good order")
        #expect(try self.check("{}", Self.usual, .stopped) == nil)
    }

    @Test("with names in snake case on the wire do not pass for right ones")
    func snake() throws {
        let wrong = #"{"status_update":{"status":{"state":"TASK_STATE_COMPLETED"}}}"#
        #expect(try self.check("{final_event: {status_update: {exists: true}}}", [wrong]) != nil)
    }

    @Test(
        "go through states that do not go back",
        arguments: [
            (["SUBMITTED", "WORKING", "COMPLETED"], true), (["SUBMITTED", "COMPLETED"], true),
            (["WORKING", "WORKING", "INPUT_REQUIRED", "WORKING", "COMPLETED"], true),
            (["AUTH_REQUIRED", "WORKING"], true), (["COMPLETED", "COMPLETED"], true),
            (["COMPLETED", "WORKING"], false), (["FAILED", "COMPLETED"], false),
            (["CANCELED", "INPUT_REQUIRED"], false),
            (["REJECTED", "WORKING"], false), (["WORKING", "SUBMITTED"], false),
        ])
    func states(_ states: [String], _ isRight: Bool) throws {
        let events = try states.map { try json(Self.status($0)) }
        #expect((StateOrder.violation(in: events) == nil) == isRight)
    }

    @Test("of one task are the same, but for what a later one missed")
    func sameOrder() throws {
        let all = try Self.events(Self.usual)
        let late = try Self.events([Self.task, Self.more, Self.status("COMPLETED")])
        #expect(SameOrder.difference(("a", all), ("b", late)) == nil)
        let swapped = try Self.events([Self.task, Self.status("COMPLETED"), Self.more])
        #expect(SameOrder.difference(("a", all), ("b", swapped)) != nil)
        let gap = try Self.events([Self.status("WORKING"), Self.more, Self.status("COMPLETED")])
        #expect(SameOrder.difference(("a", all), ("b", gap)) != nil)
    }
}
