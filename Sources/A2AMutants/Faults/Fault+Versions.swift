import A2A
import A2AConformance
import GRPCCore
import HTTPTypes

extension Fault {
    /// Faults of versions, parameters and extensions.
    static let versions: [Fault] = [
        Fault("no-version-check", "VER-SERVER-002", "The version of a call is not looked at.")
            .http(.request { $0.headers[.a2aVersion] = "1.0" }),
        Fault("no-version-check-grpc", "VER-SERVER-002", "The version of a call over gRPC is not looked at.")
            .grpc(
                GRPCFilter(request: { metadata in
                    metadata.removeAllValues(forKey: "a2a-version")
                    metadata.addString("1.0", forKey: "a2a-version")
                })),
        Fault("no-version-is-new", "VER-SERVER-003", "A call without a version is taken for one of 1.0.")
            .assuming(.v1_0).over(.jsonrpc, .rest, .grpc),
        Fault("patch-number-matters", "VER-FMT-002", "A version with a patch number is refused.")
            .http(
                .request { request in
                    let parts = request.headers[.a2aVersion]?.split(separator: ".") ?? []
                    if parts.count > 2 { request.headers[.a2aVersion] = "99.0" }
                }),
        Fault("name-case-matters", "BIND-PARAM-002", "A2A-Version is only known in this spelling.")
            .http(
                .request { request in
                    let exact = request.headers.contains { $0.name.rawName == ServiceParameters.Name.version }
                    if !exact { request.headers[.a2aVersion] = "1.0" }
                }),
        Fault("values-in-lower-case", "BIND-PARAM-003", "Values of parameters are put into lower case.")
            .calls { _ in ContextChange { $0.requestedExtensions = $0.requestedExtensions.map { $0.lowercased() } } },
        Fault("one-extension-only", "BIND-PARAM-004", "Of a list of extensions the first is taken.")
            .calls { _ in ContextChange { $0.requestedExtensions = Array($0.requestedExtensions.prefix(1)) } },
        Fault("parameters-ignored", "JSONRPC-SVC-002", "Header fields are not parameters.")
            .http(.request { $0.headers[.a2aExtensions] = nil }).over(.jsonrpc),
        Fault("parameters-ignored-rest", "REST-SVC-001", "Header fields are not parameters.")
            .http(.request { $0.headers[.a2aExtensions] = nil }).over(.rest),
        Fault("unknown-extension-refused", "EXT-VER-003", "An extension that the agent does not have is refused.")
            .calls { _ in
                ContextChange {
                    guard !$0.requestedExtensions.isEmpty else { return }
                    throw A2AError(.extensionSupportRequired, "There is no such extension here.")
                }
            },
        Fault("any-extension-activated", "EXT-VER-005", "Every extension that is asked for counts as activated.")
            .calls { _ in ExtensionsActivated() },
        Fault("extension-not-needed", "CORE-CAP-004", "A required extension is not required.")
            .calls { _ in ContextChange { $0.requestedExtensions.append(MutantAgent.requiredExtension) } }
            .with(.requiredExtension),
    ]
}

/// Says that all extensions are activated, before the agent does.
private struct ExtensionsActivated: ServiceMiddleware {
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        call.context.response.activatedExtensions = call.context.requestedExtensions
        return try await next(call)
    }
}
