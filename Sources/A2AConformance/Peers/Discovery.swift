/// Finding an agent's card (A2A §8.2).
struct Discovery {
    let http: HTTPWire
    let headers: [(name: String, value: String)]
    let redactor: Redactor

    static let wellKnownPath = "/.well-known/agent-card.json"

    /// Why there is no card.
    struct Failure: Error, Sendable {
        let reason: String
    }

    /// - Parameter url: The base URL of an agent, or the URL of its card, which then ends with `.json`.
    func find(_ url: String, deadline: ContinuousClock.Instant) async throws(Failure) -> AgentUnderTest {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw Failure(reason: "'\(url)' is no http or https URL")
        }
        var reasons: [String] = []
        for candidate in Self.candidates(url) {
            do {
                return try await self.card(candidate, deadline)
            } catch {
                reasons.append("\(candidate): \(error.reason)")
            }
        }
        throw Failure(reason: reasons.joined(separator: "; "))
    }

    static func candidates(_ url: String) -> [String] {
        let bare = String(url.prefix { $0 != "?" && $0 != "#" })
        if bare.hasSuffix(".json") { return [url] }
        let base = bare.hasSuffix("/") ? String(bare.dropLast()) : bare
        var candidates = [base + Self.wellKnownPath]
        // An agent may live below a path, with its card at the root of its host.
        if let scheme = base.firstRange(of: "://") {
            let host = base[scheme.upperBound...].prefix { $0 != "/" }
            let root = "\(base[..<scheme.upperBound])\(host)\(Self.wellKnownPath)"
            if root != candidates[0] { candidates.append(root) }
        }
        return candidates
    }

    private func card(_ url: String, _ deadline: ContinuousClock.Instant) async throws(Failure) -> AgentUnderTest {
        let request = HTTPWire.Request(
            method: "GET", url: url, headers: [("Accept", "application/json")] + self.headers)
        let answer: HTTPWire.Answer
        do {
            answer = try await self.http.send(request, deadline: deadline, trace: WireTrace(self.redactor))
        } catch {
            switch error {
            case .unreachable(let reason), .noAnswer(let reason), .invalid(let reason): throw Failure(reason: reason)
            }
        }
        guard answer.status == 200 else { throw Failure(reason: "HTTP status \(answer.status)") }
        do {
            let card = try JSONValue(parsing: answer.body)
            guard card.members != nil else { throw Failure(reason: "what came is no card: it is not an object") }
            return AgentUnderTest(card: card, url: url)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(reason: "what came is no card: \(error)")
        }
    }
}
