import A2A

/// The credential slots that this side writes: one for each user, or for each set of credentials where nobody says whose they are.
///
/// When there are no more, the one that is unused for longest goes first, those that streams run on last.
struct TCPSlots {
    private struct Slot {
        var entries: [TCPCredentials.Entry]
        var identity: UInt64?
        var lastUse: UInt64
    }

    private var slots: [Slot] = []
    private var uses: UInt64 = 0

    /// - Parameters:
    ///   - identity: Whose the credentials are: newer ones take the slot of the older.
    ///   - limit: The peer's AUTH_SLOTS.
    ///   - busy: The slots of calls that run.
    /// - Returns: The slot for the credentials, and whether it must be written first.
    mutating func slot(
        for entries: [TCPCredentials.Entry], identity: UInt64? = nil, limit: Int, busy: () -> Set<UInt16> = { [] }
    ) -> (slot: UInt16, mustWrite: Bool) {
        guard !entries.isEmpty else { return (0, false) }
        self.uses += 1
        if let index = self.index(of: entries, identity) {
            self.slots[index].lastUse = self.uses
            let mustWrite = self.slots[index].entries != entries
            self.slots[index].entries = entries
            return (Self.number(index), mustWrite)
        }
        let slot = Slot(entries: entries, identity: identity, lastUse: self.uses)
        if self.slots.count < max(1, limit) {
            self.slots.append(slot)
            return (Self.number(self.slots.count - 1), true)
        }
        let busy = busy()
        let ranks = self.slots.indices.map { (busy.contains(Self.number($0)) ? 1 : 0, self.slots[$0].lastUse) }
        let index = ranks.indices.min { ranks[$0] < ranks[$1] } ?? 0
        self.slots[index] = slot
        return (Self.number(index), true)
    }

    /// Newer credentials of somebody.
    ///
    /// - Returns: The slot to write them into; `nil` if it has them already, or there is none.
    mutating func renew(_ entries: [TCPCredentials.Entry], identity: UInt64) -> UInt16? {
        guard let index = self.slots.firstIndex(where: { $0.identity == identity }),
            self.slots[index].entries != entries
        else { return nil }
        self.slots[index].entries = entries
        return Self.number(index)
    }

    /// What a slot says is not known any more: whoever comes next writes it.
    mutating func forget(_ slot: UInt16) {
        let index = Int(slot) - 1
        guard self.slots.indices.contains(index) else { return }
        self.slots[index].entries = []
        self.slots[index].identity = nil
    }

    private func index(of entries: [TCPCredentials.Entry], _ identity: UInt64?) -> Int? {
        self.slots.firstIndex { $0.identity == identity && (identity != nil || $0.entries == entries) }
    }

    private static func number(_ index: Int) -> UInt16 { UInt16(clamping: index + 1) }
}
