public import HTTPTypes

// What travels with a push notification over HTTP, beside what §4.3.3 names.

extension HTTPField.Name {
    /// The token of the configuration, as most implementations name it.
    public static let a2aNotificationTokenX = HTTPField.Name("X-A2A-Notification-Token")!
    /// The token of the configuration, as some implementations name it. Agents send both.
    public static let a2aNotificationToken = HTTPField.Name("A2A-Notification-Token")!
    /// The notification's own id: the same each time it is sent, different from that of any other.
    public static let a2aNotificationID = HTTPField.Name("A2A-Notification-Id")!
    /// A signed JWT about the notification, from agents that sign.
    public static let a2aNotificationJWT = HTTPField.Name("A2A-Notification-JWT")!
}

/// Whether two texts are the same, in a time that does not tell how much of them is.
package func isEqualInConstantTime(_ lhs: some Collection<UInt8>, _ rhs: some Collection<UInt8>) -> Bool {
    guard lhs.count == rhs.count else { return false }
    return zip(lhs, rhs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
