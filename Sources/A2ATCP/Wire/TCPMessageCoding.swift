import A2A
import SwiftProtobuf

extension TCPEncoding {
    /// A message in this encoding.
    ///
    /// - Throws: ``A2AError`` with `.internal` if it cannot be written.
    func encode<M: Message>(_ message: M) throws(A2AError) -> [UInt8] {
        switch self {
        case .json: return try ModelJSON.encode(message)
        case .protobuf:
            do {
                return try message.serializedBytes()
            } catch {
                throw A2AError(.internal, "\(M.protoMessageName) cannot be written.", cause: error)
            }
        }
    }

    /// Reads the message of a request.
    ///
    /// - Throws: ``A2AError`` with `.parseError`, or for JSON with `.invalidParams` that names the fields.
    func decode<M: Message>(_ type: M.Type, from octets: [UInt8]) throws(A2AError) -> M {
        switch self {
        case .json: return try ModelJSON.decode(type, from: octets[...])
        case .protobuf:
            do {
                return try M(serializedBytes: octets)
            } catch {
                throw A2AError(
                    .parseError, "The request is not a \(M.protoMessageName) in the Protocol Buffers encoding.",
                    cause: error)
            }
        }
    }

    /// Reads a message of an answer.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    func decodeAnswer<M: Message>(_ type: M.Type, from octets: [UInt8]) throws(A2AError) -> M {
        switch self {
        case .json: return try ModelJSON.decodeAnswer(type, from: octets[...])
        case .protobuf:
            do {
                return try M(serializedBytes: octets)
            } catch {
                throw A2AError(
                    .invalidAgentResponse,
                    "The agent's answer is not a \(M.protoMessageName) in the Protocol Buffers encoding.", cause: error)
            }
        }
    }
}
