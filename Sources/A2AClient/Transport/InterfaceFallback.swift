import A2A
import Synchronization

/// Where a client turns when nobody answers at the interface that it chose (§5.2).
///
/// Only to interfaces of the same tenant and version, in the card's order; never from an encrypted one to one that is not; and only for
/// calls that surely were not sent.
final class InterfaceFallback: Sendable {
    private let card: A2AAgentCard
    private let candidates: [InterfaceSelection.Candidate]
    private let made = Mutex<[Int: any A2AService]>([:])

    /// `nil` if there is no other interface.
    init?(card: A2AAgentCard, _ selection: InterfaceSelection) {
        let chosen = selection.interface
        let candidates = selection.others.filter { other in
            other.interface.tenant == chosen.tenant
                && (Self.isSurelyEncrypted(other.interface.url) || Self.isPlain(chosen.url))
        }
        guard !candidates.isEmpty else { return nil }
        self.card = card
        self.candidates = candidates
    }

    private static func isSurelyEncrypted(_ url: String) -> Bool {
        ["https://", "grpcs://", "a2a+tls://"].contains { url.lowercased().hasPrefix($0) }
    }

    private static func isPlain(_ url: String) -> Bool {
        ["http://", "grpc://", "a2a+tcp://"].contains { url.lowercased().hasPrefix($0) } || Self.isLocal(url)
    }

    /// An address without a scheme is encrypted unless it is of this machine.
    private static func isLocal(_ url: String) -> Bool {
        ["127.0.0.1:", "localhost:", "[::1]:"].contains { url.lowercased().hasPrefix($0) }
    }

    /// Makes a call over one interface after the other.
    ///
    /// - Parameter failure: Why the call over the chosen interface failed; thrown if nobody answers at the others either.
    func answer<Response: Sendable>(
        after failure: A2AError, _ body: (any A2AService) async throws -> Response
    ) async throws -> Response {
        for index in self.candidates.indices {
            guard let service = self.service(index) else { continue }
            do {
                return try await body(service)
            } catch {
                let error = A2AError(wrapping: error)
                guard error.isSurelyNotSent else { throw error }
            }
        }
        throw failure
    }

    /// A transport, kept from then on; `nil` if the address is of no use.
    private func service(_ index: Int) -> (any A2AService)? {
        if let service = self.made.withLock({ $0[index] }) { return service }
        let candidate = self.candidates[index]
        guard let service = try? candidate.factory.makeTransport(for: candidate.interface, card: self.card) else {
            return nil
        }
        return self.made.withLock { made in
            if let known = made[index] { return known }
            made[index] = service
            return service
        }
    }
}
