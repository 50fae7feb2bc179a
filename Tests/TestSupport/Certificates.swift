import Foundation

/// A file of the tests' certificates, valid until 2126: `ca.pem` signed `server.pem` (localhost, 127.0.0.1, ::1) and `client.pem`
/// (the URI `spiffe://example.com/client`); their keys are `server-key.pem` and `client-key.pem`.
package func certificate(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Certificates/\(name)").path
}

/// The bytes of such a file.
package func pem(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: certificate(name))))
}
