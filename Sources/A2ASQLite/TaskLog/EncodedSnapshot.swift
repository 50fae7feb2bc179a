import A2A
import A2AServer

/// What a snapshot is made of: a task at a generation that is durable, and so the same for ever.
struct SnapshotOrigin: Sendable {
    var id: String
    /// The row in `tasks`.
    var task: Int64
    var generation: Int64
    /// ``TaskEntry/State/sinceSnapshot`` at that time.
    var sinceSnapshot: Int
    var fold: TaskFold

    /// - Returns: `nil` if the state is ahead of what is durable.
    init?(_ state: TaskEntry.State, id: String) {
        guard state.isClean else { return nil }
        self.id = id
        self.task = state.task
        self.generation = state.generation
        self.sinceSnapshot = state.sinceSnapshot
        self.fold = state.fold
    }
}

/// A snapshot as it is written: in one step if it is small, otherwise first its pieces, and then what makes them count.
struct EncodedSnapshot: Sendable {
    enum Step: Sendable, Equatable {
        case piece(Int)
        /// It takes the place of the one before.
        case swap
        /// Some of what it has made superfluous goes.
        case clean
    }

    /// Some octets of a part.
    struct Piece: Sendable {
        var part: Int
        var range: Range<Int>
    }

    /// The most octets of a piece, and of a snapshot that is written without pieces. Default 256 KiB.
    static let pieceBytes = 256 << 10

    let id: String
    let task: Int64
    let generation: Int64
    let sinceSnapshot: Int
    /// The task without its artifacts, and a task that has nothing but these.
    let parts: [[UInt8]]
    let pieces: [Piece]
    /// What its pieces are known by, so that nobody takes others for them; 0 if it has none.
    let build: Int64

    init(_ origin: SnapshotOrigin) throws {
        self.id = origin.id
        self.task = origin.task
        self.generation = origin.generation
        self.sinceSnapshot = origin.sinceSnapshot
        var task = origin.fold.task()
        var artifacts = A2ATask()
        swap(&artifacts.artifacts, &task.artifacts)
        let parts: [[UInt8]] = [try task.serializedBytes(), try artifacts.serializedBytes()]
        self.parts = parts
        guard parts[0].count + parts[1].count > Self.pieceBytes else {
            (self.pieces, self.build) = ([], 0)
            return
        }
        self.build = Int64.random(in: 1 ... .max)
        self.pieces = parts.indices.flatMap { part in
            stride(from: 0, to: parts[part].count, by: Self.pieceBytes).map {
                Piece(part: part, range: $0..<min($0 + Self.pieceBytes, parts[part].count))
            }
        }
    }

    var firstStep: Step { self.pieces.isEmpty ? .swap : .piece(0) }

    /// The octets of all pieces together.
    var byteCount: Int { self.parts.reduce(0) { $0 + $1.count } }

    /// About how much memory a step takes while it waits.
    func byteCount(of step: Step) -> Int {
        switch step {
        case .piece(let index): self.pieces[index].range.count
        case .swap: self.pieces.isEmpty ? self.byteCount : 256
        case .clean: 256
        }
    }
}
