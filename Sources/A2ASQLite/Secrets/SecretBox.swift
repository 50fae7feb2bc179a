import Crypto
import Foundation

/// Encrypts and decrypts with AES-GCM. What is encrypted is bound to its place: moved to another row it cannot be read.
struct SecretBox: Sendable {
    let keys: StoreKeys

    /// Why something cannot be decrypted.
    enum Failure: Error, Equatable, CustomStringConvertible {
        case unknownKey(String)
        case altered

        var description: String {
            switch self {
            case .unknownKey(let id): "a secret was encrypted with the key \(id), which was not given"
            case .altered: "a secret was altered, or belongs to something else"
            }
        }
    }

    /// The id of the key that ``seal(_:place:)`` uses.
    var currentKeyID: String { self.keys.current.id }

    /// Encrypts with the current key: nonce, ciphertext and tag.
    func seal(_ bytes: Data, place: [String]) throws -> Data {
        let sealed = try AES.GCM.seal(bytes, using: self.keys.current.key, authenticating: Self.context(place))
        // Always there for a nonce of the usual size, which is what it makes.
        guard let combined = sealed.combined else { throw Failure.altered }
        return combined
    }

    func open(_ sealed: Data, keyID: String, place: [String]) throws(Failure) -> Data {
        guard let key = self.keys.key(keyID) else { throw .unknownKey(keyID) }
        do {
            return try AES.GCM.open(
                AES.GCM.SealedBox(combined: sealed), using: key, authenticating: Self.context(place))
        } catch {
            throw .altered
        }
    }

    /// The words, each with its length before it, so that no two lists look the same.
    private static func context(_ place: [String]) -> Data {
        var context = Data()
        for word in place {
            withUnsafeBytes(of: UInt64(word.utf8.count).littleEndian) { context.append(contentsOf: $0) }
            context.append(contentsOf: word.utf8)
        }
        return context
    }
}
