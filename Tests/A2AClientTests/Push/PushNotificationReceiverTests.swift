import A2A
import A2AClient
import HTTPTypes
import Testing

@Suite("Receiving push notifications")
struct PushNotificationReceiverTests {
    private static let body = Array(
        #"{"statusUpdate":{"taskId":"task","contextId":"context","status":{"state":"TASK_STATE_WORKING"}}}"#.utf8)

    @Test("what holds everything that was asked for is read")
    func accepted() async throws {
        var receiver = PushNotificationReceiver(token: "t0ken", authorization: "Bearer abc")
        receiver.isExpected = { $0 == "task" }
        for name in [HTTPField.Name.a2aNotificationToken, .a2aNotificationTokenX] {
            let received = try await receiver.receive(
                [
                    name: "t0ken", .authorization: "bearer abc", .contentType: "application/a2a+json",
                    .a2aNotificationID: "1",
                ],
                body: Self.body)
            #expect(received.taskID == "task")
            #expect(received.deliveryID == "1")
            #expect(received.response.state == .working)
        }
    }

    @Test("one that asks for nothing takes anything that is a notification")
    func open() async throws {
        let received = try await PushNotificationReceiver().receive([:], body: Self.body)
        #expect(received.deliveryID == nil)
    }

    @Test(
        "a wrong or missing secret is refused",
        arguments: [
            [:], [.a2aNotificationToken: "t0ken"], [.authorization: "Bearer abc"],
            [.a2aNotificationToken: "T0ken", .authorization: "Bearer abc"],
            [.a2aNotificationToken: "t0ken", .authorization: "Bearer abd"],
            [.a2aNotificationToken: "t0ken", .authorization: "Basic abc"],
            [.a2aNotificationToken: "t0ken", .authorization: "Bearer"],
            [.a2aNotificationToken: "t0ken", .a2aNotificationTokenX: "other", .authorization: "Bearer abc"],
        ] as [HTTPFields])
    func secrets(_ fields: HTTPFields) async throws {
        let receiver = PushNotificationReceiver(token: "t0ken", authorization: "Bearer abc")
        let error = await #expect(throws: A2AError.self) { try await receiver.receive(fields, body: Self.body) }
        #expect(error?.code == .unauthenticated)
        #expect(error?.message.contains("t0ken") == false)
    }

    @Test("what is no notification, is too large, or is about a stranger's task is refused")
    func nonsense() async throws {
        var receiver = PushNotificationReceiver()
        receiver.maxBodyBytes = 1_000
        receiver.isExpected = { $0 == "mine" }
        for (body, type, code) in [
            ("", "application/json", A2AError.Code.parseError), ("{", "application/json", .parseError),
            ("{}", "application/json", .invalidParams), ("[]", "application/json", .invalidParams),
            (String(decoding: Self.body, as: UTF8.self), "text/plain", .invalidRequest),
            (String(decoding: Self.body, as: UTF8.self), "application/json", .taskNotFound),
            (String(repeating: " ", count: 1_001), "application/json", .requestTooLarge),
        ] {
            let error = await #expect(throws: A2AError.self) {
                try await receiver.receive([.contentType: type], body: Array(body.utf8))
            }
            #expect(error?.code == code, "\(body)")
        }
    }

    // MARK: The log

    private static func at(_ seconds: Int64) -> A2ATimestamp { A2ATimestamp(milliseconds: seconds * 1000) }

    private func begin(_ log: inout PushDeliveryLog, _ id: String, now: A2ATimestamp) -> PushDeliveryLog.Verdict {
        log.begin(id, now: now)
    }

    @Test("what was handled is not handled again; what failed is")
    func idempotency() {
        var log = PushDeliveryLog()
        #expect(self.begin(&log, "a", now: Self.at(0)) == .handle)
        #expect(self.begin(&log, "a", now: Self.at(0)) == .inProgress)
        log.end("a", isHandled: false)
        #expect(self.begin(&log, "a", now: Self.at(0)) == .handle)
        log.end("a", isHandled: true)
        #expect(self.begin(&log, "a", now: Self.at(0)) == .duplicate)
        #expect(self.begin(&log, "b", now: Self.at(0)) == .handle)
    }

    @Test("ids are forgotten after the window, and the oldest beyond the limit")
    func forgets() {
        var log = PushDeliveryLog(window: .seconds(10), capacity: 3)
        for id in ["a", "b", "c"] {
            #expect(self.begin(&log, id, now: Self.at(0)) == .handle)
            log.end(id, isHandled: true)
        }
        #expect(self.begin(&log, "d", now: Self.at(1)) == .handle)
        log.end("d", isHandled: true)
        #expect(log.count == 3)
        #expect(self.begin(&log, "b", now: Self.at(1)) == .duplicate)
        #expect(self.begin(&log, "c", now: Self.at(9)) == .duplicate)
        #expect(self.begin(&log, "c", now: Self.at(12)) == .handle)
        #expect(log.count <= 3)
        for index in 0..<5_000 {
            #expect(self.begin(&log, "\(index)", now: Self.at(12)) == .handle)
            log.end("\(index)", isHandled: true)
        }
        #expect(log.count <= 3)
    }
}
