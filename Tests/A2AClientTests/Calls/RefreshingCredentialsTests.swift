import A2A
import A2AClient
import A2ATesting
import HTTPTypes
import Synchronization
import Testing

@Suite("Credentials that are renewed", .timeLimit(.minutes(1)))
struct RefreshingCredentialsTests {
    @Test("they are fetched once, and again when four fifths of their time have passed")
    func fetched() async throws {
        let clock = ManualClock()
        let count = Mutex(0)
        let provider = RefreshingCredentials(clock: clock) {
            let number = count.withLock { count in
                count += 1
                return count
            }
            return IssuedCredentials(fields: [.authorization: "Bearer \(number)"], validFor: .seconds(100))
        }
        func token() async throws -> String? { try await provider.fields(for: nil, card: nil)[.authorization] }
        #expect(try await token() == "Bearer 1")
        clock.advance(by: .seconds(79))
        #expect(try await token() == "Bearer 1")
        #expect(try await provider.issue(for: nil, card: nil).renewAfter == .seconds(1))
        clock.advance(by: .seconds(1))
        #expect(try await token() == "Bearer 2")
    }

    @Test("several together are one identity if one of them is, and are renewed with the first")
    func combined() async throws {
        let clock = ManualClock()
        let first = RefreshingCredentials(clock: clock) {
            IssuedCredentials(fields: [.authorization: "Bearer a"], renewAfter: .seconds(50))
        }
        let combined = CombinedCredentials([first, .apiKey("k") as FixedCredentials])
        #expect(combined.identity != nil && combined.identity == combined.identity)
        #expect(combined.identity != CombinedCredentials([first]).identity)
        #expect(CombinedCredentials([.bearer("x") as FixedCredentials]).identity == nil)
        let issued = try await combined.issue(for: nil, card: nil)
        #expect(issued.renewAfter == .seconds(50))
        #expect(issued.fields.count == 2)
    }
}
