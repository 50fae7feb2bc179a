import A2A
import Crypto
import JWTKit

/// What the JWT of a notification says, in the names of its claims.
struct NotificationToken: JWTPayload {
    /// The agent.
    var iss: String
    /// The origin of the URL that it is sent to.
    var aud: Audience
    /// Seconds since 1970.
    var iat: Int64
    var exp: Int64
    /// The delivery id.
    var jti: String
    /// The task; absent for a message without one.
    var taskId: String?
    /// The SHA-256 of the body in hexadecimal: other implementations name it so.
    var requestBodySHA256: String

    /// One or several, as RFC 7519 §4.1.3 allows. The library's own type traps where there is none.
    struct Audience: Codable, Sendable {
        var values: [String]

        init(_ values: [String]) { self.values = values }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                self.values = [one]
            } else {
                self.values = try container.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if self.values.count == 1, let one = self.values.first {
                try container.encode(one)
            } else {
                try container.encode(self.values)
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case iss, aud, iat, exp, jti, taskId
        case requestBodySHA256 = "request_body_sha256"
    }

    // Times are checked by the verifier, against its own clock.
    func verify(using algorithm: some JWTAlgorithm) async throws {}

    static func digest(_ body: [UInt8]) -> String {
        SHA256.hash(data: body).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
