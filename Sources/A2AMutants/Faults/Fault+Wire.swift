import A2A
import A2AConformance
import GRPCCore
import HTTPTypes

extension Fault {
    /// Faults of JSON-RPC.
    static let jsonRPC: [Fault] = [
        Fault("id-not-echoed", "JSONRPC-FMT-004", "Responses have the id null.")
            .http(.json { _, json in json["id"] = .null }).over(.jsonrpc),
        Fault("id-as-text", "JSONRPC-FMT-004", "The id of a response is always a text.")
            .http(.json { _, json in if let id = json["id"]?.int { json["id"] = .string("\(id)") } }).over(.jsonrpc),
        Fault("notification-answered", "JSONRPC-FMT-005", "A notification is answered.")
            .http(
                .answer { request, answer in
                    guard request.route == .jsonRPC, request.json?["jsonrpc"] != nil, request.json?["id"] == nil else {
                        return
                    }
                    answer.status = 200
                    answer.headers[.contentType] = "application/json"
                    answer.json = ["jsonrpc": "2.0", "id": .null, "result": [:]]
                }
            ).over(.jsonrpc),
        Fault("no-jsonrpc-member", "JSONRPC-FMT-003", "Responses have no member jsonrpc.")
            .http(.json { _, json in json["jsonrpc"] = nil }).over(.jsonrpc),
        Fault("result-beside-error", "JSONRPC-FMT-003", "An error comes with a result.")
            .http(.json { _, json in if json["error"] != nil { json["result"] = .null } }).over(.jsonrpc),
        Fault("error-code-as-text", "JSONRPC-ERR-001", "The code of an error is a text.")
            .http(.error { $0["code"] = .string("\($0["code"]?.int ?? 0)") }).over(.jsonrpc),
        Fault("plain-text", "JSONRPC-FMT-002", "Responses are text/plain.")
            .http(.answer { _, answer in if !answer.isStream { answer.headers[.contentType] = "text/plain" } })
            .over(.jsonrpc),
        Fault("old-names", "JSONRPC-SVC-001", "The method names of older versions are known.")
            .http(
                .request { request in
                    let names = ["message/send": "SendMessage", "tasks/get": "GetTask", "tasks/cancel": "CancelTask"]
                    guard let name = request.json?["method"]?.string.flatMap({ names[$0] }) else { return }
                    request.json?["method"] = .string(name)
                }
            ).over(.jsonrpc),
        Fault("result-without-envelope", "JSONRPC-OP-001", "The result of SendMessage is the task itself.")
            .http(.payload { if let task = $0["task"] ?? $0["message"] { $0 = task } }).over(.jsonrpc),
        Fault("parse-error-is-internal", "JSONRPC-CODE-001", "What is not JSON is an internal error.")
            .error { _ in }
            .http(.error { if $0["code"] == -32700 { $0["code"] = -32603 } }).over(.jsonrpc),
        Fault("no-request-is-parse-error", "JSONRPC-CODE-002", "JSON that is no request is a parse error.")
            .http(.error { if $0["code"] == -32600 { $0["code"] = -32700 } }).over(.jsonrpc),
        Fault("unknown-method-is-invalid", "JSONRPC-CODE-003", "An unknown method is an invalid request.")
            .http(.error { if $0["code"] == -32601 { $0["code"] = -32600 } }).over(.jsonrpc),
        Fault("wrong-params-are-internal", "JSONRPC-CODE-004", "Wrong parameters are an internal error.")
            .http(.error { if $0["code"] == -32602 { $0["code"] = -32603 } }).over(.jsonrpc),
        Fault("events-without-envelope", "JSONRPC-SSE-001", "Events of a stream are no JSON-RPC responses.")
            .http(HTTPFilter(event: { _, json in if let result = json["result"] { json = result } })).over(.jsonrpc),
        Fault("stream-as-json", "JSONRPC-SSE-003", "A stream says that it is application/json.")
            .http(.answer { _, answer in if answer.isStream { answer.headers[.contentType] = "application/json" } })
            .over(.jsonrpc),
        Fault("card-needs-params", "JSONRPC-OP-002", "GetExtendedAgentCard without params is refused.")
            .http(
                HTTPFilter(instead: { request in
                    guard let json = request.json, json["method"] == "GetExtendedAgentCard", json["params"] == nil
                    else { return nil }
                    let error: JSONValue = ["code": -32602, "message": "There are no params."]
                    return .init(
                        status: 200, headers: [.contentType: "application/json"],
                        body: (["jsonrpc": "2.0", "id": json["id"] ?? .null, "error": error] as JSONValue).bytes,
                        isStream: false)
                })
            ).over(.jsonrpc),
    ]

    /// Faults of HTTP+JSON.
    static let rest: [Fault] = [
        Fault("body-in-envelope", "REST-FMT-002", "Bodies are in an envelope.")
            .http(
                .answer { request, answer in
                    guard request.route == .rest, answer.status == 200, let json = answer.json else { return }
                    answer.json = ["result": json]
                }
            ).over(.rest),
        Fault("plain-text-rest", "REST-FMT-001", "Bodies are text/plain.")
            .http(.answer { _, answer in if !answer.isStream { answer.headers[.contentType] = "text/plain" } })
            .over(.rest),
        Fault("stream-as-json-rest", "REST-SSE-003", "A stream says that it is application/json.")
            .http(.answer { _, answer in if answer.isStream { answer.headers[.contentType] = "application/json" } })
            .over(.rest),
        Fault("tenant-ignored", "REST-URL-001", "There are no paths of tenants.")
            .http(
                HTTPFilter(instead: { request in
                    let parts = request.path.prefix { $0 != "?" }.split(separator: "/").dropFirst()
                    let known = ["tasks", "message:send", "message:stream", "extendedAgentCard"]
                    guard request.route == .rest, let first = parts.first, !known.contains(String(first)) else {
                        return nil
                    }
                    return .init(status: 404, headers: [:], body: [], isStream: false)
                })
            ).over(.rest),
        Fault("query-not-decoded", "REST-QUERY-005", "Values in a query are not decoded.")
            .http(
                .request { request in
                    let parts = request.path.split(separator: "?", maxSplits: 1)
                    guard request.route == .rest, parts.count == 2 else { return }
                    request.path = "\(parts[0])?\(parts[1].replacing("%", with: "%25"))"
                }
            ).over(.rest),
        Fault("query-in-snake-case", "REST-QUERY-002", "Names in a query are read in snake case.")
            .http(.request { $0.path = $0.path.replacing("pageSize", with: "page_size") }).over(.rest),
        Fault("post-cannot-be-empty", "BIND-METHOD-005", "Cancelling with an empty body is refused.")
            .http(
                HTTPFilter(instead: { request in
                    guard request.path.hasSuffix(":cancel") else { return nil }
                    return .init(status: 405, headers: [:], body: [], isStream: false)
                })
            ).over(.rest),
        Fault("body-unchecked", "REST-MEDIA-002", "Any body is taken for a message.")
            .http(
                HTTPFilter(instead: { request in
                    guard request.path.hasSuffix("/message:send"), request.json?["message"]?.members == nil else {
                        return nil
                    }
                    let answer: JSONValue = [
                        "message": ["messageId": "1", "role": "ROLE_AGENT", "parts": [["text": ""]]]
                    ]
                    return .init(
                        status: 200, headers: [.contentType: "application/a2a+json"], body: answer.bytes,
                        isStream: false)
                })
            ).over(.rest),
        Fault("stream-ends-broken", "REST-SSE-004", "A stream that is over stays open.")
            .streams { events, _ in
                ScriptedEvents(events) { base in
                    if let event = try await base.next() { return event }
                    try await Task.sleep(for: .seconds(60))
                    return nil
                }
            }.over(.rest),
    ]

    /// Faults of gRPC.
    static let grpcCalls: [Fault] = [
        Fault("grpc-without-details", "GRPC-ERR-004", "Errors over gRPC have no google.rpc.Status in the trailers.")
            .grpc(GRPCFilter(status: { _, trailers in trailers.removeAllValues(forKey: GRPCFilter.details) })),
        Fault("grpc-without-message", "GRPC-ERR-002", "Errors over gRPC have no message.")
            .grpc(GRPCFilter(status: { status, _ in status.message = "" })),
        Fault("grpc-all-unknown", "GRPC-ERR-002", "All errors over gRPC are UNKNOWN.")
            .grpc(GRPCFilter(status: { status, _ in if status.code != .ok { status.code = .unknown } })),
        Fault("grpc-metadata-ignored", "GRPC-META-001", "Metadata are not parameters.")
            .grpc(GRPCFilter(request: { $0.removeAllValues(forKey: "a2a-extensions") })),
        Fault("grpc-stream-fails", "GRPC-ERR-003", "A stream ends with an error although all went well.")
            .streams { events, _ in
                ScriptedEvents(events) { base in
                    if let event = try await base.next() { return event }
                    throw A2AError(.internal, "That was all.")
                }
            }.over(.grpc),
    ]
}
