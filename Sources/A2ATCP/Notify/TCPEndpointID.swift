import A2A
import FoundationEssentials

/// Names an installation that takes notifications, whatever connection it has (spec/bindings/tcp.md §4.5, §8.7).
public enum TCPEndpointID {
    /// The parameter of HELLO.
    static let parameter = "endpoint-id"
    /// Parameters of Notify.
    static let taskEpochParameter = "task-epoch"
    static let tokenParameter = "notification-token"
    /// Ours: what tells a notification from all others.
    static let deliveryParameter = "a2a-notification-id"

    /// A new one: 128 random bits, 22 characters of base64url. To be kept with the installation.
    public static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The URL of a configuration whose notifications go to an endpoint.
    public static func url(_ id: String) -> String { "\(TCPPushNotificationSender.scheme):\(id)" }

    /// Whether a text can be one: 22 to 64 characters of base64url.
    public static func isValid(_ text: String) -> Bool {
        (22...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
