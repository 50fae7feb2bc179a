import A2A
import A2AClient
import Synchronization
import Testing

@Suite("Agent card cache")
struct AgentCardCacheTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Int) -> ContinuousClock.Instant { self.start.advanced(by: .seconds(seconds)) }

    private func card(_ name: String) -> ResolvedAgentCard {
        ResolvedAgentCard(
            card: A2AAgentCard(name: name, description: "", version: "", skills: []), bytes: [], reference: .url(name))
    }

    private func caching(_ control: String?, tag: String? = nil, age: String? = nil) -> AgentCardCaching {
        AgentCardCaching(validators: .init(entityTag: tag), cacheControl: control, age: age)
    }

    private func name(_ lookup: AgentCardCache.Lookup) -> String {
        switch lookup {
        case .fresh(let card): "fresh \(card.card.name)"
        case .stale(let card, let validators): "stale \(card.card.name) \(validators.entityTag ?? "-")"
        case .missing: "missing"
        }
    }

    @Test(
        "how long a card is fresh",
        arguments: [
            ("max-age=60", nil, 60), ("public, MAX-AGE=\"60\"", nil, 60), ("max-age=60", "50", 10),
            ("max-age=60", "99999999999999999999", 0), ("max-age=99999999999999999999", nil, 24 * 3600),
            ("max-age=-1", nil, 0), ("max-age", nil, 0), ("no-cache, max-age=60", nil, 0), (nil, nil, 0), ("", nil, 0),
        ] as [(String?, String?, Int)])
    func freshness(_ control: String?, _ age: String?, _ seconds: Int) {
        var cache = AgentCardCache()
        cache.store(self.card("a"), for: "u", caching: self.caching(control, tag: "\"1\"", age: age), now: self.start)
        if seconds > 0 { #expect(self.name(cache.lookUp("u", now: self.at(seconds - 1))) == "fresh a") }
        #expect(self.name(cache.lookUp("u", now: self.at(seconds))) == "stale a \"1\"")
    }

    @Test("no-store is not kept, and removes what was kept")
    func noStore() {
        var cache = AgentCardCache()
        cache.store(self.card("a"), for: "u", caching: self.caching("max-age=60"), now: self.start)
        cache.store(self.card("a"), for: "u", caching: self.caching("no-store, max-age=60", tag: "1"), now: self.start)
        #expect(self.name(cache.lookUp("u", now: self.start)) == "missing")
    }

    @Test("a stale card without validators is of no use")
    func withoutValidators() {
        var cache = AgentCardCache()
        cache.store(self.card("a"), for: "u", caching: self.caching("max-age=60"), now: self.start)
        #expect(self.name(cache.lookUp("u", now: self.at(60))) == "missing")
    }

    @Test("a card that has not changed is fresh again, and keeps its validators")
    func revalidated() {
        var cache = AgentCardCache()
        cache.store(self.card("a"), for: "u", caching: self.caching("max-age=10", tag: "1"), now: self.start)
        cache.revalidated("u", caching: self.caching("max-age=20"), now: self.at(15))
        #expect(self.name(cache.lookUp("u", now: self.at(34))) == "fresh a")
        #expect(self.name(cache.lookUp("u", now: self.at(35))) == "stale a 1")
    }

    @Test("of too many cards the least recently used goes")
    func bounded() {
        var cache = AgentCardCache()
        cache.capacity = 2
        for name in ["a", "b"] {
            cache.store(self.card(name), for: name, caching: self.caching("max-age=60"), now: self.start)
        }
        _ = cache.lookUp("a", now: self.start)
        cache.store(self.card("c"), for: "c", caching: self.caching("max-age=60"), now: self.start)
        #expect(
            ["a", "b", "c"].map { self.name(cache.lookUp($0, now: self.start)) } == ["fresh a", "missing", "fresh c"])
        #expect(cache.count == 2)
    }

    private final class Fetcher: AgentCardFetcher {
        let validators = Mutex<[AgentCardValidators?]>([])
        let answers: Mutex<[AgentCardAnswer]>
        init(_ answers: [AgentCardAnswer]) { self.answers = Mutex(answers) }

        func fetch(
            _ url: String, validators: AgentCardValidators?, options: CallOptions
        ) async throws -> AgentCardAnswer {
            self.validators.withLock { $0.append(validators) }
            return self.answers.withLock { $0.removeFirst() }
        }
    }

    @Test("the resolver asks with the validators, and only when it has to")
    func resolver() async throws {
        let now = Mutex(self.start)
        let bytes = Array(#"{"name":"A","future":1}"#.utf8)
        let fetcher = Fetcher([
            .card(bytes, self.caching("max-age=10", tag: "1")), .notModified(self.caching("max-age=10")),
            .card(Array("<html>".utf8), self.caching(nil)),
        ])
        let resolver = AgentCardResolver(fetcher: fetcher, now: { now.withLock { $0 } })
        let reference = AgentCardReference.url("http://h/card")
        for seconds in [0, 9, 10, 19] {
            now.withLock { $0 = self.at(seconds) }
            let card = try await resolver.resolve(reference)
            #expect(card.card.name == "A")
            #expect(card.bytes == bytes)
        }
        #expect(fetcher.validators.withLock { $0.map { $0?.entityTag } } == [nil, "1"])
        now.withLock { $0 = self.at(100) }
        let error = await #expect(throws: A2AError.self) { try await resolver.resolve(reference) }
        #expect(error?.cause as? AgentCardFailure == .invalid)
    }

    @Test("a file that is not there is a card that was not found")
    func missingFile() async throws {
        let resolver = AgentCardResolver(fetcher: Fetcher([]))
        let error = await #expect(throws: A2AError.self) { try await resolver.resolve(.file("/nonexistent/card.json")) }
        #expect(error?.cause as? AgentCardFailure == .notFound)
    }
}
