/// Memory that several connections share. Thread-safe.
package protocol TCPMemoryBudget: AnyObject, Sendable {
    /// - Returns: `false` if there is not so much left; nothing is reserved then.
    func reserve(_ octets: Int) -> Bool
    func release(_ octets: Int)
}

/// A message that arrives in fragments.
///
/// Its whole length is reserved at the first fragment; its memory grows with what arrives, at most to that length.
struct TCPAssembly {
    let total: Int
    let sequence: UInt64?
    let startedAt: TCPInstant
    /// Octets of credit that its frames have spent.
    var cost = 0
    private(set) var octets: [UInt8] = []

    init(total: Int, sequence: UInt64?, startedAt: TCPInstant) {
        self.total = total
        self.sequence = sequence
        self.startedAt = startedAt
    }

    var remaining: Int { self.total - self.octets.count }

    /// - Throws: FRAME_ERROR if the fragment goes beyond the message.
    mutating func append(_ fragment: UnsafeRawBufferPointer) throws(TCPViolation) {
        guard fragment.count <= self.remaining else { throw .connection(.frameError, "more octets than Total") }
        let needed = self.octets.count + fragment.count
        if needed > self.octets.capacity {
            self.octets.reserveCapacity(Swift.min(self.total, Swift.max(needed, 2 * self.octets.capacity)))
        }
        self.octets.append(contentsOf: fragment)
    }
}

/// The reservations of one connection, within its own limit and the shared budget.
struct TCPReservations {
    let limit: Int
    let shared: (any TCPMemoryBudget)?
    private(set) var used = 0

    init(limit: Int, shared: (any TCPMemoryBudget)?) {
        self.limit = limit
        self.shared = shared
    }

    mutating func reserve(_ octets: Int) -> Bool {
        guard octets <= self.limit - self.used else { return false }
        guard self.shared?.reserve(octets) ?? true else { return false }
        self.used += octets
        return true
    }

    mutating func release(_ octets: Int) {
        guard octets > 0 else { return }
        self.used -= octets
        self.shared?.release(octets)
    }
}
