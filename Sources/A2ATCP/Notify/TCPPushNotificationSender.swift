public import A2A
import A2AClient
public import A2AServer
import NIOCore
import SwiftProtobuf
import Synchronization

/// Sends push notifications in band, over connections that their receivers have dialled (spec/bindings/tcp.md §8.7).
///
/// It is given to the runtime as a sender and to the TCP server (``TCPServerConfiguration/notifier``), which tells it of the
/// connections. A notification goes only to a connection whose endpoint id is that of the configuration, and on which the
/// principal that made the configuration has authenticated: by its certificate, or by a call.
public final class TCPPushNotificationSender: PushNotificationSender {
    /// The scheme of URLs that name a receiver by its endpoint id.
    static let scheme = "a2a+peer"
    /// How long a receiver may take to acknowledge a notification.
    private static let timeout: Duration = .seconds(30)
    /// The most principals that count on one connection; of more, the first ones do.
    private static let maxPrincipals = 64

    private struct Peer {
        var link: TCPChannelHandler
        var principals: Set<String>
    }

    private struct State {
        /// By endpoint id, oldest first.
        var peers: [String: [Peer]] = [:]
        /// The endpoint ids of the connections.
        var ids: [ObjectIdentifier: String] = [:]
        var wake: (@Sendable (String) -> Void)?
    }

    private let state = Mutex(State())

    public init() {}

    public let schemes: Set<String> = [TCPPushNotificationSender.scheme]

    public func admit(_ configuration: A2ATaskPushNotificationConfig, for scope: Scope) async throws {
        guard Self.endpointID(configuration) != nil else {
            throw A2AError.invalidParams(field: "url", "must be 'a2a+peer:' and an endpoint id")
        }
        guard !configuration.hasAuthentication else {
            throw A2AError.invalidParams(
                field: "authentication", "has no meaning for an a2a+peer URL: the connection is the receiver's own")
        }
    }

    public func destination(of configuration: A2ATaskPushNotificationConfig) -> String {
        "\(Self.scheme):\(Self.endpointID(configuration) ?? "")"
    }

    public func begin(whenReachable: @escaping @Sendable (_ destination: String) -> Void) {
        self.state.withLock { $0.wake = whenReachable }
    }

    private static func endpointID(_ configuration: A2ATaskPushNotificationConfig) -> String? {
        let url = configuration.url
        guard let colon = url.firstIndex(of: ":"), url[..<colon].lowercased() == Self.scheme else { return nil }
        let id = String(url[url.index(after: colon)...])
        return TCPEndpointID.isValid(id) ? id : nil
    }

    // MARK: Connections

    /// A connection is ready. On its event loop.
    func connected(_ link: TCPChannelHandler, _ hello: TCPHello) {
        guard link.options.isSecure, hello.settings.acceptsNotify, hello.settings.callCredit > 0,
            let id = hello.parameters[TCPEndpointID.parameter], TCPEndpointID.isValid(id)
        else { return }
        let principal = link.principal
        self.state.withLock { state in
            state.ids[ObjectIdentifier(link)] = id
            state.peers[id, default: []].append(
                Peer(link: link, principals: principal.isAnonymous ? [] : [principal.id]))
        }
        link.submit(
            .watch { [weak self, weak link] in
                if let link { self?.disconnected(link, id) }
            })
        if !principal.isAnonymous { self.wake(id) }
    }

    private func disconnected(_ link: TCPChannelHandler, _ id: String) {
        self.state.withLock { state in
            state.ids[ObjectIdentifier(link)] = nil
            state.peers[id]?.removeAll { $0.link === link }
            if state.peers[id]?.isEmpty == true { state.peers[id] = nil }
        }
    }

    /// A call was let in on a connection: its principal counts there from now on.
    public func noteCaller(_ context: CallContext) {
        guard let link = TCPCaller.link else { return }
        let news = self.state.withLock { state -> String? in
            guard let id = state.ids[ObjectIdentifier(link)],
                let index = state.peers[id]?.firstIndex(where: { $0.link === link }),
                let known = state.peers[id]?[index].principals, !known.contains(context.principal.id),
                known.count < Self.maxPrincipals
            else { return nil }
            state.peers[id]?[index].principals.insert(context.principal.id)
            return id
        }
        if let news { self.wake(news) }
    }

    private func wake(_ id: String) { self.state.withLock { $0.wake }?("\(Self.scheme):\(id)") }

    private func newest(_ id: String, for principal: String) -> TCPChannelHandler? {
        self.state.withLock { state in
            state.peers[id]?.last { $0.principals.contains(principal) && $0.link.isUsable }?.link
        }
    }

    // MARK: Delivery

    public func send(_ notification: PushNotification) async -> PushOutcome {
        guard let id = Self.endpointID(notification.configuration),
            let link = self.newest(id, for: notification.scope.principal)
        else { return .failed(reason: "its receiver is not connected") }
        do {
            let context = CallContext(version: notification.version, deadline: .now + Self.timeout)
            var (frame, _) = try TCPCall.make(.notify, encoding: .protobuf, context: context, keyNames: [])
            frame.parameters[TCPEndpointID.taskEpochParameter] = TCPCursor.hex(link.options.epoch)
            frame.parameters[TCPEndpointID.deliveryParameter] = notification.deliveryID
            if !notification.configuration.token.isEmpty {
                frame.parameters[TCPEndpointID.tokenParameter] = notification.configuration.token
            }
            if let problem = frame.parameters.problem { return .refused(reason: "cannot be sent: \(problem)") }
            let call = TCPClientCall(encoding: .protobuf, deadline: context.deadline, link: link)
            link.submit(
                .open(
                    TCPOpening(
                        call: call, frame: frame, credentials: [], identity: nil,
                        request: try TCPEncoding.protobuf.encode(notification.response), deadline: context.deadline,
                        sequence: UInt64(clamping: notification.generation))))
            _ = try await TCPTransport.answer(call, await call.next(), context)
            return .delivered
        } catch let error as A2AError {
            return .failed(
                reason: "the receiver answered \(error.code.name)", retryAfter: error.retryDelay,
                isDestinationAtFault: error.code == .unavailable || error.code == .deadlineExceeded)
        } catch {
            return .failed(reason: "could not be sent")
        }
    }
}

/// The connection over which the current call came, for those that need to know.
enum TCPCaller {
    @TaskLocal static var link: TCPChannelHandler?
}
