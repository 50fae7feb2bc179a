import A2AHTTP
import Foundation

/// What the agent says once it listens: where, and a line to paste.
///
/// The last line, `READY <base URL>`, is for programs that wait for it.
struct Banner {
    let baseURL: String
    let configuration: HTTPServerConfiguration

    var text: String {
        """
        swift-a2a reference agent
          Agent card  \(self.baseURL)\(A2ARoutes.cardPath)
          JSON-RPC    \(self.baseURL)\(self.configuration.jsonRPCPath)
          HTTP+JSON   \(self.baseURL)\(self.configuration.httpJSONPath)

        Try it:
          swift run a2a send --agent-card \(self.baseURL) "Hello"

        READY \(self.baseURL)

        """
    }

    func print() {
        // Straight to the descriptor: a program that waits for READY must not wait for a buffer to fill.
        FileHandle.standardOutput.write(Data(self.text.utf8))
    }
}
