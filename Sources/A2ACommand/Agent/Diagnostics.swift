import A2A
import A2AClient
import Logging

/// Writes what the library logs to standard error.
struct ConsoleLogHandler: LogHandler {
    var console: any Console
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    init(console: any Console) { self.console = console }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = self.metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = merged.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        self.console.note("debug: \(event.message)\(fields)\n")
    }
}

/// Tells of every call how it went and how long it took.
///
/// Names of parameters are shown, their values never.
struct DebugMiddleware: ServiceMiddleware {
    var console: any Console

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        let name = call.operation?.rawValue ?? "card"
        let parameters = call.context.parameters.names.joined(separator: ", ")
        self.console.note(
            "debug: → \(name) version=\(call.context.version)"
                + (call.context.tenant.isEmpty ? "" : " tenant=\(call.context.tenant)")
                + (call.context.resumeAfter.map { " resume-after=\($0)" } ?? "")
                + (parameters.isEmpty ? "" : " parameters=[\(parameters)]") + "\n")
        let start = ContinuousClock.now
        do {
            let response = try await next(call)
            self.console.note("debug: ← \(name) after \(ContinuousClock.now - start)\n")
            return response
        } catch {
            self.console.note("debug: ← \(name) failed after \(ContinuousClock.now - start): \(error)\n")
            throw error
        }
    }
}
