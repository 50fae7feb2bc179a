import A2A
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("an identifier is a UUID of version 7 in lower case")
    func form() throws {
        for _ in 0..<1000 {
            let id = Identifier.make()
            #expect(id.utf8.count == Identifier.length)
            #expect(
                id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil, "\(id)"
            )
        }
    }

    @Test("identifiers ascend")
    func ascending() {
        let ids = (0..<50_000).map { _ in Identifier.make() }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("many tasks never get the same identifier, and each sees its own ascend")
    func concurrent() async {
        let batches = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<32 {
                group.addTask { (0..<2000).map { _ in Identifier.make() } }
            }
            return await group.reduce(into: [[String]]()) { $0.append($1) }
        }
        #expect(Set(batches.joined()).count == 32 * 2000)
        for batch in batches {
            #expect(zip(batch, batch.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test("the time stands in front, in milliseconds")
    func time() {
        var generator = UUIDv7Generator()
        let uuid = generator.next(milliseconds: 0x0190_163D_8694)
        #expect(uuid.high >> 16 == 0x0190_163D_8694)
        #expect(uuid.high >> 12 & 0xF == 7)
        #expect(uuid.low >> 62 == 0b10)
    }

    @Test("the order survives a clock that stands still, runs back or is absurd")
    func clocks() {
        var generator = UUIDv7Generator()
        var last: (high: UInt64, low: UInt64) = (0, 0)
        for now: UInt64 in [5, 5, 5, 4, 0, 6, 1, 1 << 47, 3, (1 << 48) - 1, .max, 7] {
            let next = generator.next(milliseconds: now)
            #expect((last.high, last.low) < (next.high, next.low), "at \(now)")
            last = next
        }
    }

    @Test("neighbours differ by more than a counter")
    func unpredictable() {
        var generator = UUIDv7Generator()
        let ids = (0..<1000).map { _ in generator.next(milliseconds: 1).low }
        let steps = Set(zip(ids, ids.dropFirst()).map { $1 &- $0 })
        #expect(steps.count > 900)
    }
}
