/// Limits on the size of messages.
enum MessageLimit {
    /// The limit that the transport is given for a limit of ours: twice as much.
    ///
    /// The transport resets a stream without an explanation; what is between the two limits is refused with one.
    static func ofTransport(_ bytes: Int) -> Int {
        let (double, overflow) = max(bytes, 1).multipliedReportingOverflow(by: 2)
        // gRPC has 32 bits for the length of a message.
        return min(overflow ? Int.max : double, Int(UInt32.max))
    }
}
