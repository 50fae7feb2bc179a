/// Vouches for notifications with a token, such as a signed JWT.
public protocol PushNotificationSigner: Sendable {
    /// A token about a notification.
    ///
    /// - Parameter body: The notification as it is sent.
    func sign(_ notification: PushNotification, body: [UInt8]) async throws -> String
}
