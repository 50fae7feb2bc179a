import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

@testable import A2AConformance

/// One command of ``PlainClient``.
final class PlainCall: Sendable {
    typealias Failed = PlainClient.Failed

    private static let methods = [
        "send_message": "SendMessage", "send_streaming_message": "SendStreamingMessage", "get_task": "GetTask",
        "list_tasks": "ListTasks", "cancel_task": "CancelTask", "subscribe_to_task": "SubscribeToTask",
        "create_push_config": "CreateTaskPushNotificationConfig",
        "get_push_config": "GetTaskPushNotificationConfig", "list_push_configs": "ListTaskPushNotificationConfigs",
        "delete_push_config": "DeleteTaskPushNotificationConfig",
        "get_extended_agent_card": "GetExtendedAgentCard",
    ]

    let client: PlainClient
    let command: HarnessCommand
    private let events = Mutex<[JSONValue]>([])

    init(client: PlainClient, command: HarnessCommand) {
        self.client = client
        self.command = command
    }

    func has(_ fault: ClientFault) -> Bool { self.client.has(fault) }

    var isStream: Bool {
        self.command.operation == "send_streaming_message" || self.command.operation == "subscribe_to_task"
    }

    func timedOut() -> HarnessAnswer { self.failed(["message": "no answer in time", "kind": "timeout"]) }

    private func failed(_ error: JSONValue) -> HarnessAnswer {
        let events = self.events.withLock { $0 }
        if self.has(.swallowsErrors) {
            return self.isStream ? HarnessAnswer(events: events) : HarnessAnswer(result: [:])
        }
        return HarnessAnswer(events: events.isEmpty ? nil : events, error: error)
    }

    func run() async -> HarnessAnswer {
        do {
            let http = try self.client.httpClient(self.command.trust)
            do {
                let answer = try await self.run(http)
                try? await http.shutdown()
                return answer
            } catch {
                try? await http.shutdown()
                throw error
            }
        } catch let error as Failed {
            return self.failed(error.json)
        } catch {
            return self.failed(["message": .string("\(error)"), "kind": "connection"])
        }
    }

    private func run(_ http: HTTPClient) async throws -> HarnessAnswer {
        let card = try await self.client.card(self.command, http)
        if self.command.operation == "get_agent_card" { return HarnessAnswer(result: card) }
        try self.gate(card)
        let interface = try self.client.interface(card)
        var attempts = self.has(.sendsAgain) ? 3 : 1
        while true {
            do {
                if self.isStream { return HarnessAnswer(events: try await self.stream(card, interface, http)) }
                return HarnessAnswer(result: try await self.unary(card, interface, http))
            } catch let error as Failed
                where error.isBusy && self.command.operation == "get_task" && !self.has(.neverAsksAgain)
            {
                // Once more, now.
                guard attempts > 0 else { throw error }
                attempts -= 1
            } catch let error where attempts > 1 && self.has(.sendsAgain) {
                _ = error
                attempts -= 1
            }
        }
    }

    private func gate(_ card: JSONValue) throws {
        guard !self.has(.ignoresCapabilities) else { return }
        let capabilities = card["capabilities"]
        if self.isStream, capabilities?["streaming"] != true { throw Failed("no streams") }
        if self.command.operation.hasSuffix("_push_config"), capabilities?["pushNotifications"] != true {
            throw Failed("no push notifications")
        }
        if self.command.operation == "get_extended_agent_card", capabilities?["extendedAgentCard"] != true {
            throw Failed("no extended card")
        }
    }

    // MARK: Requests

    private func request(_ card: JSONValue, _ interface: JSONValue, id: String) throws -> HTTPClientRequest {
        var parameters = self.changed(self.command.request)
        let tenant = self.has(.noTenant) ? nil : self.has(.madeUpTenant) ? "default" : interface["tenant"]?.string
        let url = interface["url"]?.string ?? ""
        let isRPC = interface["protocolBinding"] == "JSONRPC"
        let operation = Self.methods[self.command.operation] ?? ""
        var request: HTTPClientRequest
        if isRPC || self.has(.takesFirstBlindly) && interface["protocolBinding"] != "HTTP+JSON" {
            parameters["tenant"] = tenant.map(JSONValue.string)
            let method = self.has(.oldNames) ? "tasks/\(operation.lowercased())" : operation
            var body: JSONValue = [
                "jsonrpc": "2.0", "id": .string(id), "method": .string(method), "params": parameters,
            ]
            if self.has(.noEnvelope) { body["jsonrpc"] = nil }
            request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(
                name: "Content-Type", value: self.has(.textContent) ? "text/plain" : "application/json")
            request.body = .bytes(ByteBuffer(bytes: self.octets(body)))
        } else {
            request = self.rest(url, tenant, operation, parameters, id: id)
        }
        self.addFields(card, interface, &request)
        return request
    }

    private func octets(_ body: JSONValue) -> [UInt8] {
        guard self.has(.latin1) else { return body.bytes }
        return body.description.unicodeScalars.map { $0.value < 256 ? UInt8($0.value) : 0x3F }
    }

    private func addFields(_ card: JSONValue, _ interface: JSONValue, _ request: inout HTTPClientRequest) {
        if !self.has(.noVersion) {
            let own = self.has(.cardsVersion) ? interface["protocolVersion"]?.string : nil
            request.headers.add(name: "A2A-Version", value: self.has(.patchInVersion) ? "1.0.0" : own ?? "1.0")
        }
        let extensions = self.command.extensions
        if !extensions.isEmpty, !self.has(.noExtensions) {
            let name = self.has(.otherField) ? "X-A2A-Extensions" : "A2A-Extensions"
            if self.has(.twoFields) {
                for uri in extensions { request.headers.add(name: name, value: uri) }
            } else {
                request.headers.add(
                    name: name, value: extensions.joined(separator: self.has(.semicolons) ? ";" : ","))
            }
        }
        let isCard = self.command.operation == "get_extended_agent_card"
        guard !self.has(.noCredentials), !(isCard && self.has(.noCredentialsForCard)) else { return }
        for (name, secret) in self.command.credentials {
            let key = card["securitySchemes"]?[name]?["apiKeySecurityScheme"]
            if let key, !self.has(.keyAsBearer) {
                request.headers.add(name: key["name"]?.string ?? "", value: secret)
            } else {
                request.headers.add(name: "Authorization", value: "Bearer \(secret)")
            }
        }
    }

    /// The request as the caller gave it, or with a fault in it.
    private func changed(_ request: JSONValue) -> JSONValue {
        var request = request
        if var message = request["message"] {
            if self.has(.oldRole) { message["role"] = "user" }
            if self.has(.kinds) { message["kind"] = "message" }
            if self.has(.lowercaseContext), let id = message["contextId"]?.string {
                message["contextId"] = .string(id.lowercased())
            }
            if self.has(.madeUpTask), message["taskId"] == nil { message["taskId"] = "task-of-mine" }
            if self.has(.forgetsTask) { message["taskId"] = nil }
            if self.has(.noMessageID) { message["messageId"] = nil }
            if self.has(.camelIsUnknown), let id = message["messageId"] {
                message["messageId"] = nil
                message["message_id"] = id
            }
            if self.has(.urlSafeBase64), let parts = message["parts"]?.elements {
                message["parts"] = .array(
                    parts.map { part in
                        guard let raw = part["raw"]?.string else { return part }
                        var part = part
                        part["raw"] = .string(raw.replacing("+", with: "-").replacing("=", with: ""))
                        return part
                    })
            }
            request["message"] = message
            if self.has(.madeUpHistory) { request["configuration"] = ["historyLength": 0] }
            if self.has(.pushNamesTask), var push = request["configuration"]?["taskPushNotificationConfig"] {
                push["taskId"] = "task-1"
                request["configuration"]?["taskPushNotificationConfig"] = push
            }
        }
        if let time = request["statusTimestampAfter"]?.string {
            if self.has(.offsetInTime) {
                request["statusTimestampAfter"] = .string(time.replacing("Z", with: "+00:00"))
            }
            if self.has(.wholeSeconds) { request["statusTimestampAfter"] = .string(time.replacing(".250", with: "")) }
        }
        return request
    }

    private func rest(
        _ url: String, _ tenant: String?, _ operation: String, _ parameters: JSONValue, id: String
    ) -> HTTPClientRequest {
        var members = parameters.members ?? [:]
        func segment(_ name: String) -> String {
            let text = members.removeValue(forKey: name)?.string ?? ""
            return self.has(.rawPath) ? text.replacing(" ", with: "+") : Self.encoded(text)
        }
        let (method, path): (HTTPMethod, String)
        switch operation {
        case "SendMessage": (method, path) = (.POST, "/message:send")
        case "SendStreamingMessage": (method, path) = (.POST, "/message:stream")
        case "GetTask": (method, path) = (.GET, "/tasks/\(segment("id"))")
        case "ListTasks": (method, path) = (.GET, "/tasks")
        case "CancelTask": (method, path) = (.POST, "/tasks/\(segment("id")):cancel")
        case "SubscribeToTask": (method, path) = (.POST, "/tasks/\(segment("id")):subscribe")
        case "CreateTaskPushNotificationConfig":
            (method, path) = (.POST, "/tasks/\(segment("taskId"))/pushNotificationConfigs")
        case "GetTaskPushNotificationConfig":
            (method, path) = (.GET, "/tasks/\(segment("taskId"))/pushNotificationConfigs/\(segment("id"))")
        case "ListTaskPushNotificationConfigs":
            (method, path) = (.GET, "/tasks/\(segment("taskId"))/pushNotificationConfigs")
        case "DeleteTaskPushNotificationConfig":
            (method, path) = (.DELETE, "/tasks/\(segment("taskId"))/pushNotificationConfigs/\(segment("id"))")
        default: (method, path) = (.GET, "/extendedAgentCard")
        }
        let base = tenant.map { "\(url)/\(Self.encoded($0))" } ?? url
        var target = base + (self.has(.otherPaths) ? "/v1\(path)" : path)
        if method != .POST, !members.isEmpty, !self.has(.bodyInGet) {
            target +=
                "?"
                + members.sorted { $0.key < $1.key }.map { name, value in
                    let name = self.has(.snakeQuery) ? Self.snake(name) : name
                    var text = value.string ?? value.description
                    if self.has(.oldBooleans), let flag = value.bool { text = flag ? "1" : "0" }
                    return
                        "\(name)=\(self.has(.rawQuery) ? text.replacing(" ", with: "+").replacing("#", with: "%23") : Self.encoded(text))"
                }.joined(separator: "&")
        }
        var request = HTTPClientRequest(url: target)
        request.method = method
        if method == .POST || self.has(.bodyInGet) {
            var body = JSONValue.object(members)
            if self.has(.envelopeInREST) { body = ["jsonrpc": "2.0", "id": .string(id), "params": body] }
            request.headers.add(
                name: "Content-Type", value: self.has(.jsonContent) ? "application/json" : "application/a2a+json")
            request.body = .bytes(ByteBuffer(bytes: self.octets(body)))
        }
        return request
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte + 0, radix: 16, uppercase: true).leftPadded
        }.joined()
    }

    private static func snake(_ text: String) -> String {
        text.map { $0.isUppercase ? "_\($0.lowercased())" : String($0) }.joined()
    }

    // MARK: Answers

    private func unary(_ card: JSONValue, _ interface: JSONValue, _ http: HTTPClient) async throws -> JSONValue {
        let id = UUID().uuidString
        let request = try self.request(card, interface, id: id)
        let limit: TimeAmount = self.has(.impatient) ? .milliseconds(300) : .seconds(30)
        var response = try await http.execute(request, timeout: limit)
        if self.has(.followsRedirects), response.status == .temporaryRedirect {
            var next = HTTPClientRequest(url: response.headers["location"].first ?? "")
            next.method = request.method
            next.headers = request.headers
            response = try await http.execute(next, timeout: limit)
        }
        var bytes: [UInt8] = []
        do {
            for try await part in response.body {
                bytes +=
                    self.has(.bytewiseText)
                    ? Array(String(decoding: part.readableBytesView, as: UTF8.self).utf8)
                    : Array(part.readableBytesView)
            }
        } catch {
            guard self.has(.readsHalf) else { throw error }
        }
        if self.has(.smallAnswersOnly), bytes.count > 1 << 20 { throw Failed("the answer is too large") }
        let isBusy = response.status == .tooManyRequests || response.status == .serviceUnavailable
        if isBusy, self.has(.waitsForRetry) { try await Task.sleep(for: .seconds(30)) }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            if self.has(.takesNonsense) || self.has(.readsHalf) || (self.has(.ignoresStatus) && response.status != .ok)
            {
                return ["task": [:]]
            }
            throw Failed("status \(response.status.code), and no JSON", isBusy: isBusy)
        }
        let result = try self.outcome(value, interface, id: id, status: Int(response.status.code))
        return try self.checked(result)
    }

    /// What an envelope or a body holds.
    private func outcome(_ value: JSONValue, _ interface: JSONValue, id: String, status: Int) throws -> JSONValue {
        if interface["protocolBinding"] == "HTTP+JSON" {
            if let error = value["error"] { throw self.error(error, details: error["details"]) }
            if status >= 400 { throw Failed("status \(status)") }
            return value
        }
        if let error = value["error"] { throw self.error(error, details: error["data"]) }
        if status >= 400, !self.has(.ignoresStatus) { throw Failed("status \(status)") }
        guard value["id"] == .string(id) || self.has(.ignoresID) else { throw Failed("an answer to somebody else") }
        guard let result = value["result"] else {
            if self.has(.takesNoResult) { return [:] }
            throw Failed("no result")
        }
        return result
    }

    private static let names = [
        "TASK_NOT_FOUND": "TaskNotFoundError", "TASK_NOT_CANCELABLE": "TaskNotCancelableError",
        "UNSUPPORTED_OPERATION": "UnsupportedOperationError",
    ]

    private func error(_ error: JSONValue, details: JSONValue?) -> Failed {
        if self.has(.oneErrorForAll) { return Failed("it did not work") }
        let all = details?.elements ?? []
        let known = self.has(.stumblesOverDetails) ? all.prefix(1) : all[...]
        let reason = known.compactMap { $0["reason"]?.string }.first
        let message = self.has(.losesMessages) ? "an error" : error["message"]?.string ?? ""
        return Failed(message, name: reason.flatMap { Self.names[$0] })
    }

    private func checked(_ value: JSONValue) throws -> JSONValue {
        let operation = self.command.operation
        if operation == "get_task" || operation == "cancel_task" {
            guard
                self.has(.noRequiredMembers) || self.has(.takesNonsense) || self.has(.takesNoResult)
                    || value["id"]?.string != nil && value["status"]?.members != nil
            else { throw Failed("this is no task") }
        }
        if self.has(.strictMembers) {
            let known: Set = ["id", "contextId", "status", "artifacts", "history", "metadata", "task", "message"]
            let members = Set((value["task"] ?? value).members.map { Array($0.keys) } ?? [])
            guard members.isSubset(of: known) else { throw Failed("members that are not known") }
        }
        return value
    }

    // MARK: Streams

    private func stream(_ card: JSONValue, _ interface: JSONValue, _ http: HTTPClient) async throws -> [JSONValue] {
        let id = UUID().uuidString
        let response = try await http.execute(try self.request(card, interface, id: id), timeout: .seconds(30))
        guard response.headers["content-type"].first?.hasPrefix("text/event-stream") ?? false else {
            let body = try await response.body.collect(upTo: 1 << 22)
            let value = (try? JSONValue(parsing: Array(body.readableBytesView))) ?? .null
            _ = try self.outcome(value, interface, id: id, status: Int(response.status.code))
            throw Failed("no stream")
        }
        var reader = PlainEvents(call: self)
        do {
            reading: for try await part in response.body {
                for data in reader.push(Array(part.readableBytesView)) {
                    guard let value = try? JSONValue(parsing: data) else {
                        if self.has(.ignoresBadEvents) { continue }
                        throw Failed("an event that is no JSON")
                    }
                    let event = try self.outcome(value, interface, id: id, status: 200)
                    let isLast = self.take(event)
                    if isLast, !self.has(.staysAfterEnd) { break reading }
                }
            }
        } catch let error as Failed {
            throw error
        } catch {
            if self.has(.breakIsEnd) { return self.events.withLock { $0 } }
            guard self.has(.startsAgain) else { throw error }
            _ = try? await http.execute(try self.request(card, interface, id: id), timeout: .seconds(3))
            throw error
        }
        let events = self.events.withLock { $0 }
        let isOver = events.last.map(Self.isEnd) ?? false
        guard
            isOver || self.has(.staysAfterEnd) || self.has(.breakIsEnd) || self.has(.losesMessageEvents)
                || self.has(.ignoresBadEvents) || self.has(.reorders)
        else { throw Failed("the stream ended too early") }
        return self.has(.reorders) ? Array(events.reversed()) : events
    }

    /// - Returns: Whether nothing follows.
    private func take(_ event: JSONValue) -> Bool {
        var event = event
        if self.has(.losesMessageEvents), event["message"] != nil { return true }
        if self.has(.losesFlags), var update = event["artifactUpdate"] {
            update["append"] = nil
            update["lastChunk"] = nil
            event["artifactUpdate"] = update
        }
        self.events.withLock { events in
            events.append(event)
            if self.has(.duplicates) { events.append(event) }
        }
        return Self.isEnd(event)
    }

    private static func isEnd(_ event: JSONValue) -> Bool {
        let state = (event["statusUpdate"] ?? event["task"])?["status"]?["state"]?.string ?? ""
        let ends = ["TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED"]
        return event["message"] != nil || ends.contains(state)
    }
}

/// Server-Sent Events, by hand.
struct PlainEvents {
    let call: PlainCall
    private var rest: [UInt8] = []
    private var data: [String] = []
    private var isFirst = true
    private var skipsLF = false

    init(call: PlainCall) { self.call = call }

    mutating func push(_ bytes: [UInt8]) -> [[UInt8]] {
        let bytes = self.call.has(.bytewiseText) ? Array(String(decoding: bytes, as: UTF8.self).utf8) : bytes
        var events: [[UInt8]] = []
        for byte in bytes {
            let isCR = byte == 0x0D && !self.call.has(.onlyLF) && !self.call.has(.noCR)
            if byte == 0x0A, self.skipsLF {
                self.skipsLF = false
                continue
            }
            self.skipsLF = isCR
            guard byte == 0x0A || isCR else {
                self.rest.append(byte)
                continue
            }
            if self.call.has(.noCR), self.rest.last == 0x0D { self.rest.removeLast() }
            if let event = self.line(String(decoding: self.rest, as: UTF8.self)) { events.append(event) }
            self.rest = []
        }
        return events
    }

    private mutating func line(_ text: String) -> [UInt8]? {
        var text = text
        if self.isFirst, text.hasPrefix("\u{FEFF}"), !self.call.has(.markConfuses) { text.removeFirst() }
        self.isFirst = false
        if text.isEmpty {
            defer { self.data = [] }
            guard !self.data.isEmpty else { return nil }
            return Array(self.data.joined(separator: "\n").utf8)
        }
        if text.hasPrefix(":"), self.call.has(.commentsAreData) { self.data.append(text) }
        let isOther = text.hasPrefix("id:") || text.hasPrefix("event:") || text.hasPrefix("retry:")
        if isOther, self.call.has(.fieldsConfuse) { self.data.append(text) }
        guard text.hasPrefix("data:") else { return nil }
        if self.call.has(.firstLineOnly), !self.data.isEmpty { return nil }
        if text.hasPrefix("data: ") {
            self.data.append(String(text.dropFirst(6)))
        } else if !self.call.has(.needsBlank) {
            self.data.append(String(text.dropFirst(5)))
        }
        return nil
    }
}

extension String {
    fileprivate var leftPadded: String { self.count < 2 ? "0" + self : self }
}
