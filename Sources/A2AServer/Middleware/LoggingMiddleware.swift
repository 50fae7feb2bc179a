public import A2A
public import Logging

/// Logs every call: at debug level when it succeeds, at info level when it is refused, at error level when the agent failed.
public struct LoggingMiddleware: ServiceMiddleware {
    private let logger: Logger

    public init(logger: Logger) { self.logger = logger }

    public func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        let name = call.operation?.rawValue ?? "GetAgentCard"
        do {
            let response = try await next(call)
            self.logger.debug(
                "call", metadata: ["operation": "\(name)", "binding": "\(call.context.binding)"])
            return response
        } catch {
            self.log(error, name, call.context)
            throw error
        }
    }

    /// Logs a call that is refused before its request came.
    public func admit(
        _ operation: A2AOperation,
        context: CallContext,
        next: @Sendable (CallContext) async throws -> CallContext
    ) async throws -> CallContext {
        do {
            return try await next(context)
        } catch {
            self.log(error, operation.rawValue, context)
            throw error
        }
    }

    private func log(_ error: any Error, _ name: String, _ context: CallContext) {
        let failure = A2AError(wrapping: error)
        let level: Logger.Level = failure.code == .internal ? .error : .info
        self.logger.log(
            level: level, "call refused",
            metadata: [
                "operation": "\(name)", "binding": "\(context.binding)", "error": "\(failure)",
                "cause": "\(failure.cause.map { String(reflecting: $0) } ?? "")", "at": "\(failure.location)",
            ])
    }
}
