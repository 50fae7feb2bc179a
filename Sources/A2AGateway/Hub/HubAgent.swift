public import A2A
import A2AClient
import SwiftProtobuf

/// An agent that is at a hub now.
public struct HubAgent: Sendable {
    /// The tenant by which callers reach it.
    public var name: String

    /// Its card, as it gave it, but without its own interfaces.
    public var card: A2AAgentCard

    /// When it came.
    public var since: A2ATimestamp

    /// How many connections it has.
    public var connections: Int

    /// The most characters of a title or description in the list.
    static let maxText = 500

    /// The agents as a hub lists them at `/agents`: `{"agents": [{"name", "title", "description", "card", "since",
    /// "connections"}]}`, with the path of each card.
    static func list(_ agents: [HubAgent]) -> [UInt8] {
        var output: [UInt8] = []
        JSONText.append(raw: "{\"agents\":[", to: &output)
        for (index, agent) in agents.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            agent.append(to: &output)
        }
        JSONText.append(raw: "]}", to: &output)
        return output
    }

    private func append(to output: inout [UInt8]) {
        JSONText.append(raw: "{\"name\":", to: &output)
        JSONText.append(self.name, to: &output)
        JSONText.append(raw: ",\"title\":", to: &output)
        JSONText.append(String(self.card.name.prefix(Self.maxText)), to: &output)
        JSONText.append(raw: ",\"description\":", to: &output)
        JSONText.append(String(self.card.description_p.prefix(Self.maxText)), to: &output)
        JSONText.append(raw: ",\"card\":", to: &output)
        JSONText.append("/\(self.name)\(AgentCardReference.wellKnownPath)", to: &output)
        JSONText.append(raw: ",\"since\":", to: &output)
        output += (try? self.since.jsonUTF8Bytes()) ?? Array("null".utf8)
        JSONText.append(raw: ",\"connections\":", to: &output)
        output += "\(self.connections)".utf8
        output.append(UInt8(ascii: "}"))
    }
}
