/// A point on the clock of whoever drives the connection. Only differences count.
package struct TCPInstant: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.milliseconds < rhs.milliseconds }
    package static func - (lhs: Self, rhs: Self) -> Int64 { lhs.milliseconds - rhs.milliseconds }
    package static func + (lhs: Self, milliseconds: Int64) -> Self {
        Self(milliseconds: lhs.milliseconds + milliseconds)
    }
}

/// Deadlines of streams in a hashed wheel: setting and removing one costs the same however many there are.
///
/// A deadline is found up to one tick (64 ms) late. Entries are linked through arrays that are indexed by the stream's place.
struct TCPTimerWheel {
    /// Milliseconds per tick.
    static let tick: Int64 = 64
    private static let size = 256

    private struct Entry {
        var deadline = TCPInstant(milliseconds: 0)
        var bucket = -1
        var next = -1
        var previous = -1
    }

    private var entries: [Entry] = []
    private var heads: [Int] = []
    private var cursor: Int64
    private(set) var count = 0

    init(now: TCPInstant) { self.cursor = now.milliseconds / Self.tick }

    mutating func set(_ place: Int, deadline: TCPInstant) {
        self.clear(place)
        if self.heads.isEmpty { self.heads = Array(repeating: -1, count: Self.size) }
        while self.entries.count <= place { self.entries.append(Entry()) }
        // Due in the tick after its own, so that it is never found early; never in the past of the cursor.
        let tick = max(deadline.milliseconds / Self.tick + 1, self.cursor + 1)
        let bucket = Int(tick & Int64(Self.size - 1))
        let head = self.heads[bucket]
        self.entries[place] = Entry(deadline: deadline, bucket: bucket, next: head, previous: -1)
        if head >= 0 { self.entries[head].previous = place }
        self.heads[bucket] = place
        self.count += 1
    }

    mutating func clear(_ place: Int) {
        guard place < self.entries.count, self.entries[place].bucket >= 0 else { return }
        let entry = self.entries[place]
        if entry.previous >= 0 {
            self.entries[entry.previous].next = entry.next
        } else {
            self.heads[entry.bucket] = entry.next
        }
        if entry.next >= 0 { self.entries[entry.next].previous = entry.previous }
        self.entries[place].bucket = -1
        self.count -= 1
    }

    /// Moves on to `now` and removes the places whose deadline has passed.
    mutating func expired(now: TCPInstant) -> [Int] {
        let target = now.milliseconds / Self.tick
        guard self.count > 0, target > self.cursor else {
            self.cursor = max(self.cursor, target)
            return []
        }
        var due: [Int] = []
        for tick in max(self.cursor + 1, target - Int64(Self.size) + 1)...target {
            var place = self.heads[Int(tick & Int64(Self.size - 1))]
            while place >= 0 {
                let next = self.entries[place].next
                if self.entries[place].deadline <= now {
                    due.append(place)
                    self.clear(place)
                }
                place = next
            }
        }
        self.cursor = target
        return due
    }

    /// When to look again.
    func nextTick(now: TCPInstant) -> TCPInstant? {
        guard self.count > 0 else { return nil }
        return TCPInstant(milliseconds: (max(self.cursor, now.milliseconds / Self.tick) + 1) * Self.tick)
    }
}

/// Counts what is allowed but nobody needs, within a window of time (spec/bindings/tcp.md §10.6).
struct TCPGlitchMeter {
    let limit: Int
    let windowMilliseconds: Int64
    private var start: TCPInstant?
    private(set) var count = 0

    init(limit: Int, windowMilliseconds: Int64) {
        self.limit = limit
        self.windowMilliseconds = windowMilliseconds
    }

    /// - Returns: Whether the limit is exceeded.
    mutating func record(now: TCPInstant) -> Bool {
        if let start, now - start < self.windowMilliseconds {
            self.count += 1
        } else {
            self.start = now
            self.count = 1
        }
        return self.count > self.limit
    }
}
