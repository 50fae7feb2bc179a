import A2A
import A2AServer
import A2ATesting
import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import A2AHTTP

/// A directory for one test, with a path short enough for sockets.
private func withDirectory(_ body: (_ path: String) async throws -> Void) async throws {
    let path = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
}

private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
}

/// A socket with a place in the file system, on which nobody listens yet; to be closed.
private func makeSocket(at path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    try #require(bound == 0)
    return descriptor
}

private func withAdmin(
    _ path: String, isRequired: Bool = true, push: Bool = true, first: String = "/s",
    _ body: (TaskRuntime) async throws -> Void
) async throws {
    let capabilities = A2AAgentCapabilities(streaming: true, pushNotifications: true)
    var options = HTTPPushNotificationSender.Options()
    options.egress.insecurelyAllowsLoopback = true
    var notifications = PushNotifications(senders: [HTTPPushNotificationSender(options: options)])
    notifications.limits.breakerThreshold = 1
    let runtime = TaskRuntime(
        agent: ClosureAgent { try await $0.complete() }, card: .testCard(capabilities: capabilities),
        push: push ? notifications : nil, logger: .silent)
    try await withAgentServer(
        runtime,
        bindings: [
            AdminSocket(
                path: path, runtime: runtime, isRequired: isRequired, retryInterval: .milliseconds(20), first: first)
        ], logger: .silent
    ) { _ in try await body(runtime) }
}

@Suite("The admin socket", .timeLimit(.minutes(1)))
struct AdminSocketTests {
    @Test("says how push notifications fare, without secrets, to the agent's user only")
    func status() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/made/admin.sock"
            try await withAdmin(path) { runtime in
                #expect(try mode(path) == 0o600)
                #expect(try mode("\(directory)/made") == 0o700)
                // Nothing is left of the place where it began.
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: "\(directory)/made").sorted()
                        == ["admin.sock", "admin.sock.lock"])
                #expect(try mode("\(path).lock") == 0o600)
                var request = A2ASendMessageRequest()
                request.message = .user("go")
                request.configuration.taskPushNotificationConfig =
                    notification(to: "http://127.0.0.1:9/s3cret") {
                        $0.token = "s3cret"
                        $0.authentication.scheme = "Bearer"
                        $0.authentication.credentials = "s3cret"
                    }.configuration
                let task = try await runtime.sendMessage(request, context: CallContext()).taskID
                let client = AdminClient(path: path)
                try await eventually {
                    try await client.pushNotificationStatus(state: .active).statuses.first?.progress.attempts == 1
                }
                let status = try #require(try await client.pushNotificationStatus().statuses.first)
                #expect(status.taskID == task && status.id == "config" && status.destination == "127.0.0.1:9")
                #expect(status.progress.delivered == 0 && status.generation == 2)
                #expect(status.progress.nextAttempt != nil)
                guard case .open? = status.breaker else {
                    Issue.record("\(status)")
                    return
                }
                let url = try #require(URL(httpURLWithSocketPath: path, uri: "/push"))
                let raw = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: url.absoluteString), timeout: .seconds(30))
                let text = String(buffer: try await raw.body.collect(upTo: 1 << 20))
                #expect(text.contains("nextAttempt") && !text.contains("s3cret"))
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("pages, and refuses what it does not know by the name of the parameter")
    func pages() async throws {
        try await withDirectory { directory in
            try await withAdmin("\(directory)/sock") { runtime in
                for _ in 0..<3 {
                    var request = A2ASendMessageRequest()
                    request.message = .user("go")
                    request.configuration.taskPushNotificationConfig =
                        notification(to: "http://127.0.0.1:9/").configuration
                    _ = try await runtime.sendMessage(request, context: CallContext())
                }
                let client = AdminClient(path: "\(directory)/sock")
                let first = try await client.pushNotificationStatus(pageSize: 2)
                let second = try await client.pushNotificationStatus(pageSize: 2, pageToken: first.next)
                #expect(first.statuses.count == 2 && second.statuses.count == 1 && second.next == nil)
                let refusal = await #expect(throws: A2AError.self) {
                    try await client.pushNotificationStatus(pageToken: "guess")
                }
                #expect(refusal?.code == .invalidParams)
                let tooMany = await #expect(throws: A2AError.self) {
                    try await client.pushNotificationStatus(pageSize: 5_000)
                }
                #expect(tooMany?.message.contains("pageSize") == true)
            }
        }
    }

    @Test("one that was left over is replaced; another agent's and a file are not touched")
    func places() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/sock"
            try await withAdmin(path) { _ in
                // Somebody listens: who needs a socket does not start, who does not goes without.
                await #expect(throws: A2AError.self) { try await withAdmin(path) { _ in } }
                try await withAdmin(path, isRequired: false) { _ in }
                _ = try await AdminClient(path: path).pushNotificationStatus()
            }
            // What a killed process leaves: a socket that nobody listens on.
            close(try makeSocket(at: path))
            let refused = await #expect(throws: A2AError.self) {
                try await AdminClient(path: path).pushNotificationStatus()
            }
            #expect(refused?.code == .unavailable)
            try await withAdmin(path) { _ in _ = try await AdminClient(path: path).pushNotificationStatus() }
            try "precious".write(toFile: path, atomically: false, encoding: .utf8)
            await #expect(throws: A2AError.self) { try await withAdmin(path) { _ in } }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
            let long = String(repeating: "x", count: 200)
            let tooLong = await #expect(throws: A2AError.self) { try await withAdmin("\(directory)/\(long)") { _ in } }
            #expect(tooLong?.message.contains("longer than 103 bytes") == true)
            #expect(AdminSocket.path(beside: "\(directory)/\(long)") == nil)
            #expect(AdminSocket.path(beside: path) == path + ".admin")
            try await withAdmin("\(directory)/\(long)", isRequired: false) { _ in }
        }
    }

    @Test("is had by one of many that begin at once")
    func race() async throws {
        try await withDirectory { directory in
            let (path, count) = ("\(directory)/sock", 8)
            for _ in 0..<5 {
                let (ends, end) = AsyncStream<Void>.makeStream()
                let refused = Count()
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for _ in 0..<count {
                        group.addTask {
                            do {
                                try await withAdmin(path) { _ in for await _ in ends { break } }
                                return true
                            } catch let error as A2AError where error.code == .unavailable {
                                // The last one but the one that has it.
                                if refused.next() == count - 1 { end.finish() }
                                return false
                            }
                        }
                    }
                    let served = try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                    #expect(served == 1)
                }
                #expect(!FileManager.default.fileExists(atPath: path))
            }
        }
    }

    @Test("is not taken by who does not get the lock, and is when the lock is free")
    func locked() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/sock"
            let descriptor = open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            #expect(flock(descriptor, LOCK_EX) == 0)
            let error = await #expect(throws: A2AError.self) { try await withAdmin(path) { _ in } }
            #expect(error?.code == .unavailable)
            try await withAdmin(path, isRequired: false) { _ in
                #expect(!FileManager.default.fileExists(atPath: path))
                close(descriptor)
                try await eventually { FileManager.default.fileExists(atPath: path) }
                _ = try await AdminClient(path: path).pushNotificationStatus()
            }
        }
    }

    @Test("is not taken from who listens there without the lock, not even while that one takes no more connections")
    func withoutLock() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/sock"
            let descriptor = try makeSocket(at: path)
            defer { close(descriptor) }
            // There is room for one who waits: the first agent that looks.
            #expect(listen(descriptor, 0) == 0)
            for _ in 0..<3 {
                let error = await #expect(throws: A2AError.self) { try await withAdmin(path) { _ in } }
                #expect(error?.code == .unavailable)
            }
            try await withAdmin(path, isRequired: false) { _ in }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["sock", "sock.lock"])
        }
    }

    @Test("that has come into its place is left there when the agent ends")
    func replaced() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/sock"
            var descriptor: Int32 = -1
            defer { close(descriptor) }
            try await withAdmin(path) { _ in
                try FileManager.default.removeItem(atPath: path)
                descriptor = try makeSocket(at: path)
            }
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("keeps no agent that can go without from running, whatever is wrong with its place, and comes when it can")
    func optional() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/sub/sock"
            try "".write(toFile: "\(directory)/sub", atomically: false, encoding: .utf8)
            try await withAdmin(path, isRequired: false) { _ in
                try FileManager.default.removeItem(atPath: "\(directory)/sub")
                try await eventually { FileManager.default.fileExists(atPath: path) }
                _ = try await AdminClient(path: path).pushNotificationStatus()
            }
            // There is room for it, but it cannot be bound; who needs it does not start.
            try await withAdmin(path, isRequired: false, first: "/none/s") { runtime in
                let statuses = try await runtime.pushNotificationStatus().statuses
                #expect(statuses.isEmpty && !FileManager.default.fileExists(atPath: path))
            }
            await #expect(throws: (any Error).self) { try await withAdmin(path, first: "/none/s") { _ in } }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/sub") == ["sock.lock"])
        }
    }

    @Test("is taken over by the next agent when the one that had it ends")
    func takenOver() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/sock"
            let (ends, end) = AsyncStream<Void>.makeStream()
            let (starts, started) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await withAdmin(path) { _ in
                        started.yield()
                        for await _ in ends { break }
                    }
                }
                for await _ in starts { break }
                try await withAdmin(path, isRequired: false, push: false) { _ in
                    _ = try await AdminClient(path: path).pushNotificationStatus()
                    end.yield()
                    try await group.waitForAll()
                    // The one that answers now is another one: it has no push notifications.
                    try await eventually {
                        do {
                            _ = try await AdminClient(path: path).pushNotificationStatus()
                            return false
                        } catch let error as A2AError {
                            return error.code == .pushNotificationNotSupported
                        }
                    }
                }
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("is closed to others from its first moment, whatever new files are open to")
    func neverOpen() async throws {
        try await withDirectory { directory in
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory)
            let watch = Watch()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Everything that another user could connect to while sockets come and go.
                    while !watch.isOver {
                        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
                            guard let mode = try? mode("\(directory)/\(name)"), mode & 0o077 != 0 else { continue }
                            watch.note("\(name) \(String(mode, radix: 8))")
                        }
                        await Task.yield()
                    }
                }
                for _ in 0..<20 {
                    try await withAdmin("\(directory)/sock") { _ in
                        _ = try await AdminClient(path: "\(directory)/sock").pushNotificationStatus()
                    }
                }
                watch.end()
                try await group.waitForAll()
            }
            #expect(watch.found == [])
        }
    }

    @Test("an agent without push notifications says so")
    func none() async throws {
        try await withDirectory { directory in
            try await withAdmin("\(directory)/sock", push: false) { _ in
                let error = await #expect(throws: A2AError.self) {
                    try await AdminClient(path: "\(directory)/sock").pushNotificationStatus()
                }
                #expect(error?.code == .pushNotificationNotSupported)
            }
        }
    }
}

private final class Count: Sendable {
    private let value = Atomic(0)

    func next() -> Int { self.value.add(1, ordering: .relaxed).newValue }
}

/// What somebody sees who looks again and again.
private final class Watch: Sendable {
    private let state = Mutex((isOver: false, found: Set<String>()))

    var isOver: Bool { self.state.withLock { $0.isOver } }
    var found: Set<String> { self.state.withLock { $0.found } }

    func end() { self.state.withLock { $0.isOver = true } }

    func note(_ text: String) { self.state.withLock { _ = $0.found.insert(text) } }
}
