import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the addresses of hosts.
public protocol HostResolver: Sendable {
    /// The addresses of a host in numbers, best first; empty if there are none.
    ///
    /// - Throws: An error if that cannot be found out now.
    func addresses(of host: String) async throws -> [String]
}

/// Asks the system (`getaddrinfo`), on threads of its own.
///
/// The system's call cannot be interrupted; who is cancelled does not wait for it, but its thread is taken until it ends. So that names
/// whose servers never answer do not take all threads, a name is asked for once at a time, whoever wants it, and names that have not been
/// found yet have only ``maxUnknown`` threads.
public struct SystemHostResolver: HostResolver {
    /// How many names are asked for at a time: twice as many as notifications are on their way by default, so that names whose
    /// servers are slow do not keep others waiting.
    public static let threads = 128

    /// How many of them are names that have never been found; one more fails at once.
    public static let maxUnknown = 96

    private static let questions = Questions(threads: Self.threads, maxUnknown: Self.maxUnknown, ask: Self.ask)

    /// Why a name was not found.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    public init() {}

    public func addresses(of host: String) async throws -> [String] {
        try await Self.questions.addresses(of: host)
    }

    private static func ask(_ host: String) throws -> [String] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else { throw Failure(description: String(cString: gai_strerror(status))) }
        var addresses: [String] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                == 0
            {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}

/// The names that are asked for just now, each once, and who waits for them.
final class Questions: Sendable {
    private struct State {
        /// Who waits for a name; it is asked for until it is answered, though nobody may want it any more.
        var waiting: [String: [OneAnswer<[String]>]] = [:]
        /// Those among them that have not been found before.
        var unknown: Set<String> = []
        /// Names that were found, at most ``maxFound``.
        var found: Set<String> = []
    }

    private static let maxFound = 10_000

    private let pool: NIOThreadPool
    private let maxUnknown: Int
    private let ask: @Sendable (String) throws -> [String]
    private let state = Mutex(State())

    /// - Parameter ask: Finds the addresses of a name; takes a thread until it returns.
    init(threads: Int, maxUnknown: Int, ask: @escaping @Sendable (String) throws -> [String]) {
        self.pool = NIOThreadPool(numberOfThreads: threads)
        self.maxUnknown = maxUnknown
        self.ask = ask
        self.pool.start()
    }

    func addresses(of host: String) async throws -> [String] {
        let answer = OneAnswer<[String]>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.expect(continuation)
                self.enter(host.lowercased(), answer)
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }

    /// How many wait for a name.
    func waiting(for name: String) -> Int { self.state.withLock { $0.waiting[name]?.count ?? 0 } }

    private enum Entry {
        case asks, joins, isRefused
    }

    private func enter(_ name: String, _ answer: OneAnswer<[String]>) {
        let entry: Entry = self.state.withLock { state in
            if let others = state.waiting[name] {
                state.waiting[name] = others.filter(\.isWanted) + [answer]
                return .joins
            }
            if !state.found.contains(name) {
                guard state.unknown.count < self.maxUnknown else { return .isRefused }
                state.unknown.insert(name)
            }
            state.waiting[name] = [answer]
            return .asks
        }
        switch entry {
        case .joins: return
        case .isRefused:
            answer.give(
                .failure(SystemHostResolver.Failure(description: "too many other names have not been answered yet")))
        case .asks:
            self.pool.submit { work in
                guard case .active = work else { return self.end(name, .failure(CancellationError())) }
                self.end(name, Result { try self.ask(name) })
            }
        }
    }

    private func end(_ name: String, _ result: Result<[String], any Error>) {
        let waiting = self.state.withLock { state in
            state.unknown.remove(name)
            if case .success = result {
                if state.found.count >= Self.maxFound { state.found.removeFirst() }
                state.found.insert(name)
            }
            return state.waiting.removeValue(forKey: name) ?? []
        }
        for answer in waiting { answer.give(result) }
    }
}

/// One answer for one who waits; what comes after the first is dropped.
private final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value, any Error>)
        case answered(Result<Value, any Error>)
        case done
    }

    private let state = Mutex(State.open)

    func expect(_ continuation: CheckedContinuation<Value, any Error>) {
        let early: Result<Value, any Error>? = self.state.withLock { state in
            if case .answered(let result) = state {
                state = .done
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    /// Whether there is no answer yet.
    var isWanted: Bool {
        self.state.withLock { state in
            switch state {
            case .open, .waiting: true
            case .answered, .done: false
            }
        }
    }

    func give(_ result: Result<Value, any Error>) {
        let waiter: CheckedContinuation<Value, any Error>? = self.state.withLock { state in
            switch state {
            case .open:
                state = .answered(result)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .answered, .done: return nil
            }
        }
        waiter?.resume(with: result)
    }
}

/// How many names are looked up because callers make configurations. Beyond the limit they are looked up only when something is sent: names
/// whose servers are slow leave room to those that notifications go to.
final class LookUps: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) { self.limit = limit }

    func begin() -> Bool {
        self.count.withLock { count in
            guard count < self.limit else { return false }
            count += 1
            return true
        }
    }

    func end() { self.count.withLock { $0 -= 1 } }
}
