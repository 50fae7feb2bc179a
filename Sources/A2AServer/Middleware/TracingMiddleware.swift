public import A2A
import Instrumentation
import ServiceContextModule
import Tracing

/// Opens a span around every call, as a child of the caller's if the call carries trace headers.
public struct TracingMiddleware: ServiceMiddleware {
    public init() {}

    public func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        var context = ServiceContext.current ?? .topLevel
        InstrumentationSystem.instrument.extract(
            call.context.parameters, into: &context, using: ParameterExtractor())
        let name = "A2A/\(call.operation?.rawValue ?? "GetAgentCard")"
        return try await withSpan(name, context: context, ofKind: .server) { span in
            span.attributes["rpc.system"] = "a2a"
            span.attributes["a2a.binding"] = call.context.binding
            return try await next(call)
        }
    }
}

private struct ParameterExtractor: Extractor {
    func extract(key: String, from carrier: ServiceParameters) -> String? { carrier[key] }
}
