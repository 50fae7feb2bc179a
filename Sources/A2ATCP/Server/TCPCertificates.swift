import A2A
import Logging
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The certificates of a server, as they are in their files.
///
/// The files are looked at when a connection comes, not more often than once in a while. What cannot be read or does not fit together
/// is logged, and the certificates before it stay. Connections that are open keep theirs.
final class TCPCertificates: Sendable {
    /// What tells a file from the one that was there before.
    private struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64

        /// Of the file behind a link, as a directory of secrets has it; `nil` if there is none.
        init?(_ path: String) {
            var info = stat()
            guard stat(path, &info) == 0 else { return nil }
            self.device = UInt64(truncatingIfNeeded: info.st_dev)
            self.inode = UInt64(info.st_ino)
            self.size = Int64(info.st_size)
            #if canImport(Darwin)
                let modified = info.st_mtimespec
            #else
                let modified = info.st_mtim
            #endif
            self.seconds = Int64(modified.tv_sec)
            self.nanoseconds = Int64(modified.tv_nsec)
        }
    }

    private struct State {
        var context: NIOSSLContext
        var stamps: [Stamp?]
        var lastCheck: ContinuousClock.Instant
    }

    private let files: TCPServerConfiguration.TLSFiles
    private let logger: Logger
    private let state: Mutex<State>

    /// - Throws: ``A2AError`` with `.invalidParams` if the files are of no use.
    init(_ files: TCPServerConfiguration.TLSFiles, logger: Logger) throws {
        self.files = files
        self.logger = logger
        // Before they are read: a file that changes meanwhile is read again.
        let stamps = Self.stamps(of: files)
        self.state = Mutex(State(context: try TCPSecurity.server(files), stamps: stamps, lastCheck: .now))
    }

    /// The certificates for a connection that comes now.
    func context(now: ContinuousClock.Instant = .now) -> NIOSSLContext {
        self.state.withLock { state in
            guard state.lastCheck.duration(to: now) >= self.files.checkInterval else { return state.context }
            state.lastCheck = now
            let stamps = Self.stamps(of: self.files)
            guard stamps != state.stamps else { return state.context }
            // Also if it fails: what is wrong is said once, until the files change again.
            state.stamps = stamps
            do {
                state.context = try TCPSecurity.server(self.files)
                self.logger.notice("loaded new certificates", metadata: ["file": "\(self.files.certificateChain)"])
            } catch {
                self.logger.error(
                    "cannot load the new certificates; the former ones stay", metadata: ["error": "\(error)"])
            }
            return state.context
        }
    }

    private static func stamps(of files: TCPServerConfiguration.TLSFiles) -> [Stamp?] {
        [files.certificateChain, files.privateKey, files.clientTrustRoots].map { $0.flatMap(Stamp.init) }
    }
}
