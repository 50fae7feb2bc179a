import A2A
import Foundation
import SwiftProtobuf

/// A complete value of a message, as JSON, and how to read and check it.
struct ValidationSample {
    let message: String
    let json: A2AValue
    let violations: @Sendable (A2AValue) throws -> [FieldViolation]

    private init<Model: SwiftProtobuf.Message & Validatable>(_ type: Model.Type, _ json: A2AValue) {
        self.message = String(Model.protoMessageName.split(separator: ".").last ?? "")
        self.json = json
        self.violations = { try Model(jsonUTF8Data: $0.jsonUTF8Data()).violations() }
    }

    /// Every message of the protocol is in one of these, with every field set, and every member of every oneof.
    static let all: [ValidationSample] = [
        Self(
            A2ASendMessageRequest.self, ["tenant": "t", "message": Self.message, "configuration": Self.configuration]),
        Self(A2AGetTaskRequest.self, ["tenant": "t", "id": "1", "historyLength": 1, "currentGeneration": 1]),
        Self(
            A2AListTasksRequest.self,
            ["tenant": "t", "contextId": "c", "status": "TASK_STATE_WORKING", "pageSize": 10, "historyLength": 0]),
        Self(
            A2AListTasksResponse.self, ["tasks": [Self.task], "nextPageToken": "", "pageSize": 50, "totalSize": 1]),
        Self(A2ACancelTaskRequest.self, ["tenant": "t", "id": "1", "metadata": ["a": 1]]),
        Self(A2AGetTaskPushNotificationConfigRequest.self, ["taskId": "1", "id": "2"]),
        Self(A2ADeleteTaskPushNotificationConfigRequest.self, ["taskId": "1", "id": "2"]),
        Self(A2ASubscribeToTaskRequest.self, ["id": "1"]),
        Self(A2AListTaskPushNotificationConfigsRequest.self, ["taskId": "1", "pageSize": 5]),
        Self(A2AListTaskPushNotificationConfigsResponse.self, ["configs": [Self.config]]),
        Self(A2AGetExtendedAgentCardRequest.self, ["tenant": "t"]),
        Self(A2ATaskPushNotificationConfig.self, Self.config),
        Self(A2ASendMessageResponse.self, ["task": Self.task]),
        Self(A2ASendMessageResponse.self, ["message": Self.message]),
        Self(A2AStreamResponse.self, ["task": Self.task]),
        Self(A2AStreamResponse.self, ["message": Self.message]),
        Self(
            A2AStreamResponse.self,
            ["statusUpdate": ["taskId": "1", "contextId": "c", "status": Self.status, "metadata": ["a": 1]]]),
        Self(
            A2AStreamResponse.self,
            ["artifactUpdate": ["taskId": "1", "contextId": "c", "artifact": Self.artifact, "append": true]]),
        Self(A2AAgentCard.self, Self.card),
    ]

    private static let parts: A2AValue = [
        ["text": "hello"], ["raw": "aGk=", "filename": "a.txt"], ["url": "https://example.org/a"], ["data": ["a": 1]],
    ]
    private static let message: A2AValue = [
        "messageId": "m", "contextId": "c", "taskId": "t", "role": "ROLE_USER", "parts": parts,
        "metadata": ["a": [1, nil, "x"]], "extensions": ["https://example.org/ext"], "referenceTaskIds": ["r"],
    ]
    private static let status: A2AValue = [
        "state": "TASK_STATE_WORKING", "message": message, "timestamp": "2025-10-28T10:30:00.123Z",
    ]
    private static let artifact: A2AValue = ["artifactId": "a", "name": "n", "parts": parts]
    private static let task: A2AValue = [
        "id": "1", "contextId": "c", "status": status, "artifacts": [artifact], "history": [message],
    ]
    private static let config: A2AValue = [
        "id": "p", "taskId": "1", "url": "https://example.org/hook", "token": "s",
        "authentication": ["scheme": "Bearer", "credentials": "x"],
    ]
    private static let configuration: A2AValue = [
        "acceptedOutputModes": ["text/plain"], "taskPushNotificationConfig": config, "historyLength": 2,
        "returnImmediately": true, "ifGenerationMatch": 3,
    ]
    private static let flows: [String: A2AValue] = [
        "authorizationCode": [
            "authorizationUrl": "https://example.org/a", "tokenUrl": "https://example.org/t", "scopes": ["s": "all"],
        ],
        "clientCredentials": ["tokenUrl": "https://example.org/t", "scopes": ["s": "all"]],
        "deviceCode": [
            "deviceAuthorizationUrl": "https://example.org/d", "tokenUrl": "https://example.org/t",
            "scopes": ["s": "all"],
        ],
        "implicit": ["authorizationUrl": "https://example.org/a", "scopes": ["s": "all"]],
        "password": ["tokenUrl": "https://example.org/t", "scopes": ["s": "all"]],
    ]
    private static let schemes: A2AValue = {
        var schemes: [String: A2AValue] = [
            "key": ["apiKeySecurityScheme": ["location": "header", "name": "X-Key"]],
            "http": ["httpAuthSecurityScheme": ["scheme": "Bearer", "bearerFormat": "JWT"]],
            "openid": ["openIdConnectSecurityScheme": ["openIdConnectUrl": "https://example.org/o"]],
            "mtls": ["mtlsSecurityScheme": ["description": "d"]],
        ]
        for (name, flow) in flows {
            schemes[name] = ["oauth2SecurityScheme": ["flows": A2AValue([name: flow]), "description": "d"]]
        }
        return A2AValue(schemes)
    }()
    private static let card: A2AValue = [
        "name": "Agent", "description": "Does things.", "version": "1.2.3",
        "supportedInterfaces": [
            ["url": "https://example.org/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0", "tenant": "t"]
        ],
        "provider": ["url": "https://example.org", "organization": "Example"],
        "documentationUrl": "https://example.org/doc", "iconUrl": "https://example.org/icon.png",
        "capabilities": ["streaming": true, "extensions": [["uri": "https://example.org/ext", "params": ["a": 1]]]],
        "securitySchemes": schemes,
        "securityRequirements": [["schemes": ["http": ["list": ["s"]]]]],
        "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/*"],
        "skills": [
            [
                "id": "s", "name": "n", "description": "d", "tags": ["t"], "examples": ["e"],
                "inputModes": ["text/plain"], "outputModes": ["*/*"],
                "securityRequirements": [["schemes": ["key": ["list": []]]]],
            ]
        ],
        "signatures": [["protected": "e30", "signature": "AA", "header": ["kid": "1"]]],
    ]
}
