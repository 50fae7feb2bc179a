package import A2A
import HTTPTypes
import Logging
import Synchronization

/// A transport that keeps credentials at the other side for longer than a call.
package protocol CredentialKeeper: Sendable {
    /// Puts the credentials of a context in the place of the older ones of its ``A2A/CallContext/credentialIdentity``.
    func renew(_ context: CallContext)
}

extension TransportService: CredentialKeeper where Transport: CredentialKeeper {
    package func renew(_ context: CallContext) { self.transport.renew(context) }
}

/// Renews the credentials of a stream while it is read.
struct CredentialRenewal: StreamWatch {
    let provider: any CredentialProvider
    let keeper: any CredentialKeeper
    let operation: A2AOperation
    let card: A2AAgentCard?
    let clock: any Clock<Duration>
    let backoff: Backoff
    let random: @Sendable () -> Double
    let logger: Logger

    func catchUp() async throws {}

    func keep() async throws {
        var failures = 0
        while true {
            do {
                let issued = try await self.provider.issue(for: self.operation, card: self.card)
                failures = 0
                var context = CallContext(parameters: ServiceParameters(issued.fields))
                context.credentialIdentity = self.provider.identity?.value
                // A transport that has them already does nothing.
                self.keeper.renew(context)
                guard let wait = issued.renewAfter else { break }
                try await self.clock.sleep(for: max(wait, .milliseconds(1)))
            } catch {
                try Task.checkCancellation()
                // The stream goes on for as long as the old ones are good.
                failures += 1
                self.logger.debug("cannot renew the credentials of a stream", metadata: ["error": "\(error)"])
                try await self.clock.sleep(
                    for: self.backoff.delay(attempt: failures, random: max(self.random(), 0.5)))
            }
        }
        try await waitForCancellation()
    }
}
