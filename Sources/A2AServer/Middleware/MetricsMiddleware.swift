public import A2A
import Metrics

/// Counts the four golden signals of each operation: traffic, errors, latency, saturation.
///
/// | metric | kind | dimensions | unit |
/// |---|---|---|---|
/// | `a2a_calls_total` | counter | operation, binding | calls |
/// | `a2a_errors_total` | counter | operation, code | calls |
/// | `a2a_call_duration` | timer | operation | time until the answer; of a stream, until it is open |
/// | `a2a_calls_in_flight` | gauge | operation | calls without an answer yet |
public struct MetricsMiddleware: ServiceMiddleware {
    private struct Instruments {
        var duration: Metrics.Timer
        var inFlight: Meter
    }

    private let instruments: [A2AOperation: Instruments]
    private let calls: [String: [A2AOperation: Counter]]

    /// The bindings that calls are counted by, and what they are called in `binding`; calls over another are counted as `other`.
    private static let bindings: KeyValuePairs<ProtocolBinding, String> = [
        .jsonRPC: "JSONRPC", .httpJSON: "HTTP+JSON", .grpc: "GRPC", .tcp: "TCP", "": "in-process",
    ]
    private static let other: ProtocolBinding = "other"

    public init() {
        var instruments: [A2AOperation: Instruments] = [:]
        for operation in A2AOperation.allCases {
            let dimensions = [("operation", operation.rawValue)]
            instruments[operation] = Instruments(
                duration: Metrics.Timer(label: "a2a_call_duration", dimensions: dimensions),
                inFlight: Meter(label: "a2a_calls_in_flight", dimensions: dimensions))
        }
        self.instruments = instruments
        var calls: [String: [A2AOperation: Counter]] = [:]
        for (binding, name) in Array(Self.bindings) + [(Self.other, "other")] {
            for operation in A2AOperation.allCases {
                calls[binding.rawValue, default: [:]][operation] = Counter(
                    label: "a2a_calls_total", dimensions: [("operation", operation.rawValue), ("binding", name)])
            }
        }
        self.calls = calls
    }

    public func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        guard let operation = call.operation, let instruments = self.instruments[operation] else {
            return try await next(call)
        }
        self.count(operation, call.context)
        instruments.inFlight.increment()
        let start = ContinuousClock.now
        defer {
            instruments.inFlight.decrement()
            instruments.duration.recordNanoseconds((ContinuousClock.now - start).nanoseconds)
        }
        do {
            return try await next(call)
        } catch {
            Self.count(error, of: operation)
            throw error
        }
    }

    /// Counts a call that is refused before its request came.
    public func admit(
        _ operation: A2AOperation,
        context: CallContext,
        next: @Sendable (CallContext) async throws -> CallContext
    ) async throws -> CallContext {
        do {
            return try await next(context)
        } catch {
            self.count(operation, context)
            Self.count(error, of: operation)
            throw error
        }
    }

    private func count(_ operation: A2AOperation, _ context: CallContext) {
        (self.calls[context.binding] ?? self.calls[Self.other.rawValue])?[operation]?.increment()
    }

    private static func count(_ error: any Error, of operation: A2AOperation) {
        let code = A2AError(wrapping: error).code
        Counter(
            label: "a2a_errors_total", dimensions: [("operation", operation.rawValue), ("code", code.reason)]
        ).increment()
    }
}

extension Duration {
    /// Whole nanoseconds; saturates.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }
}
