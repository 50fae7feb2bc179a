import A2A
import A2ACommandSupport
import A2AHTTP
import A2AServer
import A2ATCP
import Foundation

/// What the agent says once it listens: where, and a line to paste.
///
/// The last line, `READY <base URL>`, is for programs that wait for it.
struct Banner {
    /// Where the bindings listen; HTTP first.
    let endpoints: [BindingEndpoint]

    var text: String {
        let baseURL = self.endpoints.first?.address ?? ""
        let places = [("Agent card", baseURL + A2ARoutes.cardPath)]
        return """
            swift-a2a reference agent
            \(Self.table(places, self.endpoints.flatMap(\.interfaces)))

            Try it:
              swift run a2a send --agent-card \(baseURL) "Hello"

            READY \(baseURL)

            """
    }

    /// Lines of names and places.
    static func table(_ places: [(String, String)], _ interfaces: [A2AAgentInterface]) -> String {
        let places = places + interfaces.places.map { ($0.name, $0.url) }
        let width = places.map(\.0.count).max() ?? 0
        return places.map { "  " + $0.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + $1 }
            .joined(separator: "\n")
    }

    func print() { Self.print(self.text) }

    static func print(_ text: String) {
        // Straight to the descriptor: a program that waits for READY must not wait for a buffer to fill.
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}

/// What an agent that only dials says when a hub has taken it.
///
/// The last line, `READY <URL of the card>`, is for programs that wait for it; with several hubs, or when the agent comes
/// back, there are several.
struct HubBanner {
    let registration: TCPRegistration
    let hub: String

    var text: String {
        let card = self.registration.cardURL
        let places =
            [("Hub", self.hub), ("Tenant", self.registration.name)] + (card.map { [("Agent card", $0)] } ?? [])
        let hint = card.map { "\n\nTry it:\n  swift run a2a send --agent-card \($0) \"Hello\"" } ?? ""
        return """
            swift-a2a reference agent
            \(Banner.table(places, self.registration.interfaces))\(hint)

            READY \(card ?? self.hub)

            """
    }

    func print() { Banner.print(self.text) }
}
