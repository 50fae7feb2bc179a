import A2A
import A2AConformance
import HTTPTypes

extension Fault {
    /// Faults of authentication, and of what callers see of each other.
    static let callers: [Fault] = [
        Fault("nobody-asked", "AUTH-ERR-001", "Nobody is asked for credentials.")
            .open().with(.token),
        Fault("any-token", "AUTH-ERR-001", "Any token is good.")
            .http(
                .request { request in
                    let token = request.headers[.authorization]?.split(separator: " ").last.map(String.init)
                    guard let token, !MutantAgent.tokens.contains(token) else { return }
                    request.headers[.authorization] = "Bearer \(MutantAgent.tokens[0])"
                }
            ).with(.token),
        Fault("listing-unasked", "AUTH-SRV-001", "Whoever lists tasks is not asked for credentials.")
            .http(
                .request { request in
                    guard request.headers[.authorization] == nil,
                        request.json?["method"] == "ListTasks" || request.path.hasPrefix("/v1/tasks?")
                            || request.path == "/v1/tasks"
                    else { return }
                    request.headers[.authorization] = "Bearer \(MutantAgent.tokens[0])"
                }
            ).with(.token),
        Fault("no-challenge", "AUTH-ERR-002", "A refusal has no challenge.")
            .http(.answer { _, answer in answer.headers[.wwwAuthenticate] = nil }).with(.token),
        Fault("refusal-is-400", "AUTH-SRV-002", "Missing credentials are a bad request.")
            .http(
                .answer { _, answer in
                    guard answer.status == 401 else { return }
                    answer.status = 400
                    answer.json?["error"]?["code"] = 400
                    answer.json?["error"]?["status"] = "INVALID_ARGUMENT"
                    answer.json?["error"]?["details"] = nil
                }
            ).over(.rest).with(.token),
        Fault("tasks-for-all", "SEC-SCOPE-007", "Everybody sees the tasks of everybody.")
            .calls { _ in ContextChange { $0.principal = Principal(id: "all") } }.with(.token),
        Fault("lists-for-all", "SEC-SCOPE-006", "Everybody is shown the tasks of everybody in a list.")
            .calls { agent in
                Replacement { (request: A2AListTasksRequest, context) in
                    var answer = try await agent.listTasks(request, context: context)
                    for token in MutantAgent.tokens where token != context.principal.id {
                        var context = context
                        context.principal = Principal(id: token)
                        answer.tasks += try await agent.listTasks(request, context: context).tasks
                    }
                    return answer
                }
            }.with(.token),
        Fault("cancel-for-all", "SEC-SCOPE-008", "Everybody can cancel the tasks of everybody.")
            .calls { agent in
                Recovery(code: .taskNotFound) { (request: A2ACancelTaskRequest, context) in
                    var context = context
                    context.principal = Principal(id: MutantAgent.tokens[0])
                    return try await agent.cancelTask(request, context: context)
                }
            }.with(.token),
        Fault("forbidden-shows-task", "CORE-ERR-007", "The task of another caller is forbidden, not unknown.")
            .calls { agent in
                Recovery(code: .taskNotFound) { (request: A2AGetTaskRequest, context) -> A2ATask in
                    for token in MutantAgent.tokens {
                        var context = context
                        context.principal = Principal(id: token)
                        guard (try? await agent.task(request.id, context)) != nil else { continue }
                        throw A2AError(.permissionDenied, "This task is not yours.")
                    }
                    throw A2AError.taskNotFound(request.id)
                }
            }.with(.token),
        Fault("extended-card-for-all", "CARD-EXT-010", "The extended card needs no credentials.")
            .http(
                .request { request in
                    guard
                        request.path.hasSuffix("/extendedAgentCard")
                            || request.json?["method"] == "GetExtendedAgentCard"
                    else { return }
                    request.headers[.authorization] = "Bearer \(MutantAgent.tokens[0])"
                }
            ).with(.token),
    ]
}
