import Synchronization

@testable import A2A

/// One side, and what its application knows.
struct TCPModelSide {
    var connection: TCPConnection
    /// What it writes is watched.
    var observer: TCPObserver
    var input: [UInt8] = []
    var calls: [UInt32: TCPModelCall] = [:]
    var handlers: [UInt32: TCPModelHandler] = [:]
    /// Messages that the application has not taken.
    var held: [(stream: UInt32, cost: Int)] = []
    var closure: TCPClosure?
    var closures = 0
    /// When its grace time is over.
    var drainEnd: TCPInstant?
    /// Calls of which it does not know what became of them.
    var losses = 0
    /// What its slots say at the peer, as far as the peer has been told.
    var slots: [UInt16: String] = [:]
    /// What it wrote into its own slots.
    var ownSlots: [UInt16: String] = [:]
    /// Rounds for which the application takes nothing.
    var sleep = 0
    let budget: TCPModelBudget
}

struct TCPModelCall {
    var request: UInt64
    /// Only some are, or a call that is stuck would be saved.
    var mayBeCanceled: Bool
    var slot: UInt16
    /// What the slot said when the call was made.
    var credential: String?
    var received: [UInt64] = []
    var ends = 0
    var isComplete = false
    var replies = 0
    var wasRefused = false
    var opened: TCPInstant
    var deadline: TCPInstant?
}

struct TCPModelHandler {
    var request: UInt64?
    var requests = 0
    var sent: [UInt64] = []
    var ends = 0
    var isOver: Bool { self.ends > 0 || self.hasAnswered }
    var hasAnswered = false
    var isReleased = false
    var withReply = false
    var opened: TCPInstant
    var timeout: Int64?
}

/// Memory that both sides share: it must come back.
final class TCPModelBudget: TCPMemoryBudget {
    private let limit: Int
    private let state = Mutex((used: 0, isOverdrawn: false))

    init(_ limit: Int) { self.limit = limit }

    var used: Int { self.state.withLock { $0.used } }
    var isOverdrawn: Bool { self.state.withLock { $0.isOverdrawn } }

    func reserve(_ octets: Int) -> Bool {
        self.state.withLock {
            guard octets >= 0, $0.used + octets <= self.limit else { return false }
            $0.used += octets
            return true
        }
    }

    func release(_ octets: Int) {
        self.state.withLock {
            $0.used -= octets
            if $0.used < 0 { $0.isOverdrawn = true }
        }
    }
}

/// Two endpoints over a simulated pipe, with a virtual clock.
struct TCPModel {
    /// How a run goes, besides its seed.
    enum Course: Int, CaseIterable {
        /// To the end.
        case whole
        /// The pipe breaks; the sides learn of it one after the other, and what was on its way is lost.
        case cut
        /// One side begins to drain, and waits for what runs.
        case drained
        /// It does not wait for long.
        case hurried
        /// There is little memory for messages.
        case narrow
    }

    var random: TCPRandom
    var sides: [TCPModelSide] = []
    /// Octets on their way to each side.
    var pipes: [[UInt8]] = [[], []]
    /// Deliveries that each direction leaves out.
    var stalls = [0, 0]
    var now = TCPInstant(milliseconds: 10_000)
    var toOpen = 100
    let course: Course
    var hasBegunDrain = false
    var problems: [String] = []
    /// Sums of the responses of each call, as the responder sent them, by the caller's side and stream.
    var log: [[UInt32: [UInt64]]] = [[:], [:]]
    /// What came about, so that a test can see that it did.
    var seen: [String: Int] = [:]

    static let callCredit = 8

    init(seed: UInt64, course: Course) {
        self.random = TCPRandom(seed: seed)
        self.course = course
        for role in [TCPRole.initiator, .listener] {
            var settings = TCPSettings()
            settings.callCredit = UInt32(Self.callCredit)
            settings.streamCredit = [65_536, 100_000, 400_000].randomElement(using: &self.random) ?? 65_536
            settings.maxMessage = 1 << 20
            settings.authSlots = [4, 9].randomElement(using: &self.random) ?? 4
            var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
            // Enough for all that can be under way, or for two large messages.
            configuration.reassemblyLimit = course == .narrow ? 700_000 : 64 << 20
            configuration.glitchLimit = 1_000_000
            // Or a message that is stuck would be ended for its slowness.
            configuration.leastMessageRate = 0
            let budget = TCPModelBudget(course == .narrow ? 500_000 : 64 << 20)
            configuration.sharedBudget = budget
            self.sides.append(
                TCPModelSide(
                    connection: TCPConnection(role, configuration, now: self.now), observer: TCPObserver(role),
                    budget: budget))
        }
        // Early calls: before anything of the other side has come.
        for _ in 0..<Int.random(in: 0...TCPConnection.earlyCalls, using: &self.random) { self.open(0) }
    }

    mutating func problem(_ text: String) { if self.problems.count < 20 { self.problems.append(text) } }
    mutating func note(_ what: String) { self.seen[what, default: 0] += 1 }

    static func sum(_ octets: [UInt8]) -> UInt64 {
        // FNV-1a over the length and some of the octets: enough to tell one body from another, also shifted.
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(octets.count)
        for index in stride(from: 0, to: octets.count, by: 61) {
            sum = (sum ^ UInt64(octets[index])) &* 0x100_0000_01B3
        }
        return sum
    }

    mutating func body() -> [UInt8] {
        let sizes = [0, 1, 20, 20, 700, 700, 5_000, 5_000, 70_000, 300_000]
        var size = sizes.randomElement(using: &self.random) ?? 0
        if self.random.once(in: 80) { size = 1 << 20 }
        var body = [UInt8](repeating: UInt8.random(in: 0...255, using: &self.random), count: size)
        for index in stride(from: 0, to: size, by: 61) { body[index] = UInt8(truncatingIfNeeded: index / 61) }
        return body
    }

    mutating func run() {
        let event = Int.random(in: 20...500, using: &self.random)
        var step = 0
        var quiet = 0
        var patience = 0
        while quiet < 40, step < 100_000 {
            step += 1
            if step == event, self.course == .cut { break }
            if step == event, self.course == .drained || self.course == .hurried { self.drain() }
            let index = Int.random(in: 0...1, using: &self.random)
            let before = self.fingerprint
            self.act(index)
            self.deliver(1 - index)
            self.settle(0)
            self.settle(1)
            self.checkStep()
            let isBusy = self.fingerprint != before || !self.pipes[0].isEmpty || !self.pipes[1].isEmpty
            quiet = isBusy ? 0 : quiet + 1
            if isBusy { patience = 0 }
            if quiet == 20, self.isWaiting { self.now = self.now + 100 }
            if self.isWaiting, quiet > 30, patience < 100 {
                // A deadline may still come; after so many rounds nothing will.
                patience += 1
                quiet = 15
            }
            if self.random.once(in: 4) { self.now = self.now + Int64.random(in: 0...40, using: &self.random) }
        }
        if self.course == .cut { self.cut() }
        self.check(steps: step)
    }

    /// Something that changes whenever anything goes on.
    var fingerprint: [Int] {
        self.sides.flatMap { side in
            [
                side.calls.count, side.held.count, side.handlers.count, side.connection.openStreams, side.input.count,
                side.sleep,
            ]
        } + self.pipes.map(\.count) + [self.toOpen]
    }

    /// Whether a call is still open on either side, or should be opened.
    var isWaiting: Bool {
        self.sides.contains { side in
            !side.connection.isClosed
                && (side.calls.values.contains { $0.ends == 0 } || side.handlers.values.contains { !$0.isReleased })
        } || self.toOpen > 0 && !self.sides.allSatisfy { $0.connection.isClosed }
    }
}
