import HTTPTypes
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("What comes beside a request")
struct ServiceParameterTests {
    /// What a server reads of a subscription that names an event.
    private func resumeAfter(_ text: String) throws -> Int64? {
        var (call, _) = try TCPCall.make(
            .init(.subscribeToTask), encoding: .protobuf, context: CallContext(resumeAfter: 6), keyNames: [])
        #expect(call.parameters[TCPParameterName.lastEventID] == "6")
        call.parameters[TCPParameterName.lastEventID] = text
        return CallContext(call, credentials: [:], principal: .anonymous).resumeAfter
    }

    @Test("the last event seen is a number, and anything else counts as if it were not there")
    func lastEventID() throws {
        #expect(try self.resumeAfter("6") == 6)
        for text in ["", "x", "6 7", "6.0", "0x6", "9999999999999999999999"] {
            #expect(try self.resumeAfter(text) == nil, "\(text)")
        }
    }
}
