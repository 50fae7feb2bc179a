import A2A

/// Where calls are opened: a connection of this side's making, or those of an agent that dials in.
protocol TCPCallOpener: AnyObject, Sendable {
    /// How messages are written, where it does not matter.
    var encoding: TCPEncoding { get }

    /// Opens a call and waits for what comes first.
    ///
    /// - Parameters:
    ///   - keyNames: Names of header fields that carry API keys.
    ///   - cursor: Where ResumeStream goes on.
    /// - Throws: ``A2AError`` if there is no connection to be had, or the call was not taken.
    func open(
        _ method: TCPMethod, _ request: [UInt8], encoding: TCPEncoding, _ context: CallContext, keyNames: Set<String>,
        cursor: TCPCursor?
    ) async throws -> (call: TCPClientCall, first: TCPClientCall.Item)

    /// Newer credentials of somebody, for the connection that there is.
    func renew(_ entries: [TCPCredentials.Entry], identity: UInt64)

    /// The epochs of the logs that tasks' events were last read from (spec/bindings/tcp.md §8.1).
    func withEpochs<Result: Sendable>(_ body: (inout TCPEpochs) -> Result) -> Result
}
