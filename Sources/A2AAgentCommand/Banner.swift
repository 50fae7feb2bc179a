import A2A
import A2ACommandSupport
import A2AHTTP
import A2AServer
import Foundation

/// What the agent says once it listens: where, and a line to paste.
///
/// The last line, `READY <base URL>`, is for programs that wait for it.
struct Banner {
    /// Where the bindings listen; HTTP first.
    let endpoints: [BindingEndpoint]

    var text: String {
        let baseURL = self.endpoints.first?.address ?? ""
        let places =
            [("Agent card", baseURL + A2ARoutes.cardPath)]
            + self.endpoints.flatMap(\.interfaces)
            .map { ($0.binding.label, $0.url) }
        let width = places.map(\.0.count).max() ?? 0
        let lines = places.map { "  " + $0.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + $1 }
        return """
            swift-a2a reference agent
            \(lines.joined(separator: "\n"))

            Try it:
              swift run a2a send --agent-card \(baseURL) "Hello"

            READY \(baseURL)

            """
    }

    func print() {
        // Straight to the descriptor: a program that waits for READY must not wait for a buffer to fill.
        FileHandle.standardOutput.write(Data(self.text.utf8))
    }
}
