import A2A
import Synchronization

/// Connections that go to an address that was checked, under the name that it was found by.
///
/// The name stays in the `Host` field, in TLS (SNI) and in what the certificate must say; only where the connection goes is not
/// left to another look at the DNS.
final class PinnedConnections: Sendable {
    private struct Place: Hashable {
        var host: String
        var address: IPAddress
    }

    private struct State {
        var clients: [Place: (connections: HTTPConnections, lastUse: UInt64)] = [:]
        var uses: UInt64 = 0
    }

    private let options: HTTPClientOptions
    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: For how many hosts connections are kept; of more, those used longest ago are closed.
    init(options: HTTPClientOptions, capacity: Int) {
        self.options = options
        self.capacity = max(1, capacity)
    }

    /// The connections to a host at an address.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` if a trust root cannot be read.
    func connections(to host: String, at address: IPAddress) throws -> HTTPConnections {
        let place = Place(host: host, address: address)
        return try self.state.withLock { state in
            state.uses += 1
            if let known = state.clients[place] {
                state.clients[place]?.lastUse = state.uses
                return known.connections
            }
            if state.clients.count >= self.capacity,
                let oldest = state.clients.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
            {
                state.clients[oldest] = nil
            }
            let made = try HTTPConnections(self.options, dialling: [host: address.description])
            state.clients[place] = (made, state.uses)
            return made
        }
    }
}
