extension SQLiteDatabase {
    /// How a database file is used.
    public struct Options: Sendable {
        /// What a commit waits for.
        ///
        /// Whatever is chosen, nothing that was acknowledged is lost when the process ends, however it ends, and the file
        /// stays sound. They differ in what a power failure, or a crash of the operating system, can take.
        public struct Synchronous: Sendable, Hashable {
            let rawValue: String

            /// The commit is on the disk. A power failure loses nothing that was acknowledged. The default.
            public static let full = Synchronous(rawValue: "FULL")
            /// The commit is in the operating system's hands. A power failure loses the commits since the last checkpoint: the
            /// newest events and tasks, together with what clients were told of them.
            public static let normal = Synchronous(rawValue: "NORMAL")
        }

        /// What a commit waits for. Default ``Synchronous/full``.
        public var synchronous: Synchronous = .full
        /// How long a write waits for another process that writes. Default 5 s.
        public var busyTimeout: Duration = .seconds(5)
        /// Whether a file of an earlier version is brought to the schema of this one, after which that version cannot read it; otherwise it is
        /// refused. Default `true`.
        public var migrates = true
        /// The most connections that read at a time. Default 4.
        public var readers = 4
        /// The most writes that wait for the writer; one more is refused with `.unavailable`. Default 8192.
        public var maxPendingWrites = 8192
        /// The most bytes of writes that wait for the writer; more are refused with `.unavailable`. Default 64 MiB.
        public var maxPendingBytes = 64 << 20
        /// The most memory for tasks that were used lately, in bytes. Default 64 MiB.
        public var cacheBytes = 64 << 20
        /// The most bytes of tasks whose snapshots are made at a time (one task may be larger, alone); others wait for theirs. It takes about
        /// twice as much memory. Default 64 MiB.
        public var snapshotBytes = 64 << 20
        /// How much of the file each connection keeps in memory, in bytes. Default 16 MiB.
        public var pageCacheBytes = 16 << 20
        /// After how many pages of 4 KiB the write-ahead log is moved into the file. Default 4000.
        public var checkpointPages = 4000
        /// From which size of the write-ahead log on the writer waits for those who read (half a second at most), so that the log can begin
        /// anew: as long as somebody reads what is older than the last commit, it only grows. While one reads for long, as an export or a
        /// backup does, it grows further, and the writer waits again whenever it is twice as long. In bytes; default 64 MiB.
        public var maxLogBytes = 64 << 20

        public init() {}
    }
}
