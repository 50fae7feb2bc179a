import A2A
import FoundationEssentials
import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension SQLiteDatabase {
    /// Checks that the file, and the folder with what belongs to it, can be written, for whoever starts a program that has to: a file
    /// that cannot be written is opened all the same, and read.
    ///
    /// - Throws: ``A2AError`` that says what is wrong with the file and what to do.
    public func requireWritable() throws {
        for path in [self.path, URL(fileURLWithPath: self.path).deletingLastPathComponent().path] {
            guard access(path, W_OK) != 0 else { continue }
            let reason = String(cString: strerror(errno))
            throw A2AError(
                opening: self.path, DatabaseError(resultCode: .SQLITE_READONLY, message: "\(path): \(reason)"))
        }
    }
}
