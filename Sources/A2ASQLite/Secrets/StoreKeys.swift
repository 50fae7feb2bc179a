import Crypto
import Foundation

/// The keys with which a database's secrets are encrypted: the first for what is written, all of them for what is read.
///
/// A key is 32 random bytes in Base64 (`openssl rand -base64 32`). To change it, put a new one before the old one: what is
/// encrypted with the old one is encrypted anew when the database is opened next, and then the old one can go.
public struct StoreKeys: Sendable {
    /// Why there are no keys.
    public struct Failure: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    struct Key: Sendable {
        /// What tells keys apart: the beginning of a hash, in hexadecimal.
        let id: String
        let key: SymmetricKey
    }

    /// The environment variable that has keys, separated by commas.
    public static let environmentVariable = "A2A_STORE_KEY"
    /// The size of a key in bytes.
    static let keySize = 32
    /// The most keys at a time.
    static let maxKeys = 16
    /// The largest file of keys, in bytes.
    static let maxFileBytes = 64 << 10

    let keys: [Key]

    /// The first key, for what is written.
    var current: Key { self.keys[0] }

    /// - Parameter texts: 1 to 16 keys in Base64, the current one first.
    /// - Throws: ``Failure``; it does not repeat what it could not read.
    public init(_ texts: [String]) throws(Failure) {
        guard !texts.isEmpty, texts.count <= Self.maxKeys else {
            throw Failure(description: "There are 1 to \(Self.maxKeys) keys, not \(texts.count).")
        }
        var keys: [Key] = []
        for (index, text) in texts.enumerated() {
            guard let bytes = Data(base64Encoded: text), bytes.count == Self.keySize else {
                throw Failure(
                    description:
                        "Key \(index + 1) is not \(Self.keySize) bytes in Base64; make one with: openssl rand -base64 32"
                )
            }
            keys.append(Key(id: Self.id(of: bytes), key: SymmetricKey(data: bytes)))
        }
        self.keys = keys
    }

    private static func id(of bytes: Data) -> String {
        SHA256.hash(data: Data("a2a store key".utf8) + bytes).prefix(4).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// What tells the keys apart, the current one first; they say nothing of the keys.
    public var ids: [String] { self.keys.map(\.id) }

    /// The key with an id.
    func key(_ id: String) -> SymmetricKey? { self.keys.first { $0.id == id }?.key }

    // MARK: Where keys come from

    /// The keys for a database: those of the environment (`A2A_STORE_KEY`), else those of a file, else those of the file beside the
    /// database that has `.key` after its name. That one is made if it is missing, for its owner only (mode 0600).
    ///
    /// - Parameters:
    ///   - file: A file with keys, one a line; empty lines and lines that begin with `#` do not count.
    ///   - mayMakeFile: Whether a missing file beside the database is made.
    /// - Throws: ``Failure``.
    public static func find(
        environment: [String: String], file: String?, beside database: String, mayMakeFile: Bool = true
    ) throws(Failure) -> StoreKeys {
        if let file {
            guard let keys = try Self.read(file) else {
                throw Failure(description: "The file of keys '\(file)' cannot be read: there is no such file.")
            }
            return keys
        }
        if let text = environment[Self.environmentVariable], !text.isEmpty {
            do {
                return try StoreKeys(
                    text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) })
            } catch {
                throw Failure(description: "\(Self.environmentVariable): \(error.description)")
            }
        }
        let path = database + ".key"
        if let keys = try Self.read(path) { return keys }
        guard mayMakeFile else { throw Failure(description: "The file of keys '\(path)' is missing.") }
        try Self.make(path)
        guard let keys = try Self.read(path) else {
            throw Failure(description: "The file of keys '\(path)' was removed while it was made.")
        }
        return keys
    }

    /// - Returns: `nil` if there is no such file.
    private static func read(_ path: String) throws(Failure) -> StoreKeys? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(
                description: "The file of keys '\(path)' cannot be read: \(String(cString: strerror(errno))).")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard let data = try? handle.read(upToCount: Self.maxFileBytes) else {
            throw Failure(description: "The file of keys '\(path)' cannot be read, or is empty.")
        }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        do {
            return try StoreKeys(lines.filter { !$0.isEmpty && !$0.hasPrefix("#") })
        } catch {
            throw Failure(description: "The file of keys '\(path)': \(error.description)")
        }
    }

    /// Makes a file with a new key. If somebody else makes it at the same time, theirs stays.
    private static func make(_ path: String) throws(Failure) {
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() }
        let text =
            "# The key of the secrets in the database beside this file. Keep it apart from backups of that.\n\(key)\n"
        let temporary = "\(path).\(UInt64.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { unlink(temporary) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            // What is encrypted with it must not outlive it.
            try handle.synchronize()
        } catch {
            throw Self.failure(path)
        }
        guard link(temporary, path) == 0 || errno == EEXIST else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(description: "The file of keys '\(path)' cannot be written: \(String(cString: strerror(errno))).")
    }
}
