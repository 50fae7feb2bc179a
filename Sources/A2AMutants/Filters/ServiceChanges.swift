import A2A

/// Changes the requests of one type.
struct RequestChange<Changed: Sendable>: ServiceMiddleware {
    let change: @Sendable (inout Changed) -> Void

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        var call = call
        if var request = call.request as? Changed {
            self.change(&request)
            if let request = request as? Request { call.request = request }
        }
        return try await next(call)
    }
}

/// Changes the answers of one type.
struct AnswerChange<Changed: Sendable>: ServiceMiddleware {
    let change: @Sendable (inout Changed) -> Void

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        let response = try await next(call)
        guard var changed = response as? Changed else { return response }
        self.change(&changed)
        return changed as? Response ?? response
    }
}

/// Changes errors that are thrown before an answer.
struct ErrorChange: ServiceMiddleware {
    let change: @Sendable (inout A2AError) -> Void

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(call)
        } catch {
            var changed = A2AError(wrapping: error)
            self.change(&changed)
            throw changed
        }
    }
}

/// Answers calls that fail with some error after all.
struct Recovery<Changed: Sendable, Answer: Sendable>: ServiceMiddleware {
    /// The errors that it answers.
    let code: A2AError.Code
    let answer: @Sendable (Changed, CallContext) async throws -> Answer

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(call)
        } catch let error as A2AError where error.code == self.code {
            guard let request = call.request as? Changed,
                let response = try await self.answer(request, call.context) as? Response
            else { throw error }
            return response
        }
    }
}

/// Answers calls of one kind itself.
struct Replacement<Changed: Sendable, Answer: Sendable>: ServiceMiddleware {
    let answer: @Sendable (Changed, CallContext) async throws -> Answer

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        guard let request = call.request as? Changed, Response.self == Answer.self,
            let response = try await self.answer(request, call.context) as? Response
        else { return try await next(call) }
        return response
    }
}

/// Changes what surrounds calls.
struct ContextChange: ServiceMiddleware {
    let change: @Sendable (inout CallContext) throws -> Void

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        var call = call
        try self.change(&call.context)
        return try await next(call)
    }
}
