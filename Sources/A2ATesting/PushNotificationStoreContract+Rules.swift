import A2A
import A2AServer

extension PushNotificationStoreContract {
    private static func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        try TaskStoreContract.require(condition, problem())
    }

    private static func requireEqual<Value: Equatable>(_ value: Value, _ expected: Value, _ what: String) throws {
        try TaskStoreContract.requireEqual(value, expected, what)
    }

    static let keepingRules: [Rule] = [
        Rule("what was put is there, secrets included") { bench in
            let store = try await bench.store()
            var wanted = registration("a", delivered: 7)
            wanted.progress.needsSnapshot = true
            let put = try await store.put(wanted)
            wanted.revision = put.revision
            try requireEqual(put, wanted, "What put returned")
            try requireEqual(try await read(store, "a"), wanted, "What is there")
        },
        Rule("a configuration belongs to its task, tenant and principal") { bench in
            let store = try await bench.store()
            _ = try await store.put(registration("a"))
            let others = [
                registration("a", task: "other"), registration("a", scope: Scope(tenant: "tenant", principal: "bob")),
                registration("a", scope: Scope(tenant: "other", principal: "alice")), registration("a", scope: Scope()),
            ]
            for other in others {
                let none = try await store.registration(other.key)
                try require(none == nil, "\(other.key) is seen.")
                let page = try await store.list(
                    ofTask: other.key.taskID, in: other.scope, pageSize: 10, pageToken: nil)
                try require(page.registrations.isEmpty, "\(other.key) is listed.")
                let isRemoved = try await store.remove(other.key)
                try require(!isRemoved, "\(other.key) was removed.")
                let isNoted = try await store.record(
                    PushProgress(delivered: 99), for: other.key, revision: try await read(store, "a").revision)
                try require(!isNoted, "Progress of \(other.key) was noted.")
                _ = try await store.put(other)
            }
            try requireEqual(try await read(store, "a").progress.delivered, 1, "The progress")
            let all = try await store.scan(state: nil, pageSize: 100, pageToken: nil)
            try requireEqual(all.registrations.count, 5, "The number of registrations")
        },
        Rule("putting again replaces the configuration, not how far it has come") { bench in
            let store = try await bench.store()
            let first = try await store.put(registration("a", delivered: 3))
            var progress = first.progress
            progress.taken(5, isSnapshot: false, endsTask: false)
            progress.attempts = 4
            progress.lastFailure = "HTTP status 500"
            progress.nextAttempt = A2ATimestamp(milliseconds: 5)
            progress.failingSince = A2ATimestamp(milliseconds: 4)
            _ = try await store.record(progress, for: first.key, revision: first.revision)
            let second = try await store.put(registration("a", url: "https://example.org/new", delivered: 9))
            try require(second.revision != first.revision, "The revision did not change.")
            try requireEqual(second.configuration.url, "https://example.org/new", "The URL")
            try requireEqual(second.deliveryKey, first.deliveryKey, "The delivery key")
            try requireEqual(second.progress.delivered, 5, "The cursor")
            try requireEqual(second.progress.notifications, 1, "The count")
            try requireEqual(second.progress.attempts, 0, "The attempts")
            try require(second.progress.nextAttempt == nil && second.progress.failingSince == nil, "It still waits.")
            try requireEqual(try await read(store, "a"), second, "What is there")
        },
        Rule("putting again revives what was given up, and begins anew what was finished") { bench in
            let store = try await bench.store()
            for (state, delivered) in [(PushProgress.State.dead, Int64(2)), (.finished, 9)] {
                let id = state.rawValue
                let first = try await store.put(registration(id, delivered: 2))
                var progress = first.progress
                progress.state = state
                _ = try await store.record(progress, for: first.key, revision: first.revision)
                let again = try await store.put(registration(id, delivered: 9))
                try requireEqual(again.progress.state, .active, "The state after \(id)")
                try requireEqual(again.progress.delivered, delivered, "The cursor after \(id)")
            }
        },
        Rule("what was removed is gone, and can be put again") { bench in
            let store = try await bench.store()
            let first = try await store.put(registration("a", delivered: 5))
            let isRemoved = try await store.remove(first.key)
            let isRemovedAgain = try await store.remove(first.key)
            try require(isRemoved && !isRemovedAgain, "remove says \(isRemoved), then \(isRemovedAgain).")
            let none = try await store.registration(first.key)
            try require(none == nil, "It is still there.")
            let isNoted = try await store.record(first.progress, for: first.key, revision: first.revision)
            try require(!isNoted, "Its progress was noted.")
            let second = try await store.put(registration("a", delivered: 1))
            try requireEqual(second.progress.delivered, 1, "The cursor of a new one")
            let isLate = try await store.record(first.progress, for: first.key, revision: first.revision)
            try require(!isLate, "The progress of the removed one was noted for the new one.")
        },
    ]

    static let pageRules: [Rule] = [
        Rule("pages show everything once, in the order in which it was made") { bench in
            let store = try await bench.store()
            for index in 0..<7 {
                _ = try await store.put(registration("\(index)"))
                _ = try await store.put(registration("\(index)", task: "other"))
            }
            // Replacing moves nothing.
            _ = try await store.put(registration("3", url: "https://example.org/"))
            let wanted = (0..<7).map { "task/\($0)" }
            for size in [1, 2, 3, 7, 100] {
                let ids = try await pages(size: size) {
                    try await store.list(ofTask: "task", in: alice, pageSize: size, pageToken: $0)
                }
                try requireEqual(ids, wanted, "The pages of \(size)")
                let all = try await pages(size: size) {
                    try await store.scan(state: nil, pageSize: size, pageToken: $0)
                }
                try requireEqual(all, (0..<7).flatMap { ["task/\($0)", "other/\($0)"] }, "The scan by \(size)")
            }
        },
        Rule("pages stay right while configurations are removed and made") { bench in
            let store = try await bench.store()
            for index in 0..<6 { _ = try await store.put(registration("\(index)")) }
            let first = try await store.list(ofTask: "task", in: alice, pageSize: 3, pageToken: nil)
            for id in ["0", "2", "4"] { _ = try await store.remove(registration(id).key) }
            _ = try await store.put(registration("6"))
            let second = try await store.list(ofTask: "task", in: alice, pageSize: 3, pageToken: first.next)
            try requireEqual(second.registrations.map(\.configuration.id), ["3", "5", "6"], "The second page")
            try require(second.next == nil, "Another page follows.")
        },
        Rule("a token that the store did not give out is refused") { bench in
            let store = try await bench.store()
            for token in ["", "guess", "p1-", "p1-!", "0"] {
                for call in 0..<2 {
                    do {
                        if call == 0 {
                            _ = try await store.list(ofTask: "task", in: alice, pageSize: 1, pageToken: token)
                        } else {
                            _ = try await store.scan(state: nil, pageSize: 1, pageToken: token)
                        }
                    } catch let error as A2AError {
                        try requireEqual(error.code, .invalidParams, "The error")
                        continue
                    }
                    throw TaskStoreContract.Failure(problem: "The token '\(token)' was taken.")
                }
            }
        },
    ]

    static let progressRules: [Rule] = [
        Rule("progress is kept, all of it") { bench in
            let store = try await bench.store()
            let put = try await store.put(registration("a"))
            var progress = put.progress
            progress.taken(4, isSnapshot: true, endsTask: false)
            progress.attempts = 3
            progress.failingSince = A2ATimestamp(milliseconds: 1_234)
            progress.nextAttempt = A2ATimestamp(milliseconds: 5_678)
            progress.lastFailure = "HTTP status 503"
            let isNoted = try await store.record(progress, for: put.key, revision: put.revision)
            try require(isNoted, "It was not noted.")
            try requireEqual(try await read(store, "a").progress, progress, "The progress")
            try requireEqual(try await read(store, "a").revision, put.revision, "The revision")
        },
        Rule("progress of a configuration that was replaced is not its successor's") { bench in
            let store = try await bench.store()
            let first = try await store.put(registration("a", delivered: 1))
            _ = try await store.put(registration("a", url: "https://example.org/"))
            var progress = first.progress
            progress.delivered = 9
            let isNoted = try await store.record(progress, for: first.key, revision: first.revision)
            try require(!isNoted, "It was noted.")
            try requireEqual(try await read(store, "a").progress.delivered, 1, "The cursor")
        },
        Rule("what was given up is revived or removed, unless it is not that one any more, or not given up") { bench in
            let store = try await bench.store()
            for (id, revives) in [("a", true), ("b", false)] {
                /// Whether it was done, of the registration that was read.
                func act(_ read: PushRegistration) async throws -> Bool {
                    revives
                        ? try await store.reviveGivenUp(read.key, revision: read.revision) != nil
                        : try await store.removeGivenUp(read.key, revision: read.revision)
                }
                let first = try await store.put(registration(id, delivered: 3))
                for state in [PushProgress.State.active, .finished] {
                    var progress = first.progress
                    progress.state = state
                    _ = try await store.record(progress, for: first.key, revision: first.revision)
                    try require(!(try await act(first)), "One that is \(state) was touched.")
                }
                var progress = first.progress
                progress.attempts = 4
                progress.failingSince = A2ATimestamp(milliseconds: 4)
                progress.giveUp("HTTP status 500")
                _ = try await store.record(progress, for: first.key, revision: first.revision)
                // Its caller makes it anew, and that one is given up too.
                let second = try await store.put(registration(id, url: "https://example.org/new"))
                try require(!(try await act(first)), "One that was replaced was touched.")
                try requireEqual(try await read(store, id), second, "What is there")
                _ = try await store.record(progress, for: second.key, revision: second.revision)
                try require(!(try await act(first)), "The successor of one that was given up was touched.")
                guard revives else {
                    try require(try await act(second), "It was not removed.")
                    let none = try await store.registration(second.key)
                    try require(none == nil, "It is still there.")
                    try require(!(try await act(second)), "It was removed twice.")
                    continue
                }
                let revived = try await store.reviveGivenUp(second.key, revision: second.revision)
                var wanted = second
                wanted.revision = revived?.revision ?? 0
                try require(wanted.revision != second.revision, "The revision did not change.")
                try requireEqual(revived, wanted, "What came back")
                try requireEqual(try await read(store, id), wanted, "What is there")
                let claimed = try await store.claim(second.key)
                try requireEqual(claimed, wanted, "What is claimed")
                let isNoted = try await store.record(progress, for: second.key, revision: second.revision)
                try require(!isNoted, "Progress of before was noted.")
            }
        },
        Rule("a scan finds the states that it is asked for, over all callers") { bench in
            let store = try await bench.store()
            let states = PushProgress.State.allCases
            for (index, scope) in [alice, Scope(), Scope(tenant: "x", principal: "y")].enumerated() {
                for state in states {
                    let put = try await store.put(registration(state.rawValue, task: "\(index)", scope: scope))
                    var progress = put.progress
                    progress.state = state
                    _ = try await store.record(progress, for: put.key, revision: put.revision)
                }
            }
            for state in states {
                for size in [1, 2, 50] {
                    let ids = try await pages(size: size) {
                        try await store.scan(state: state, pageSize: size, pageToken: $0)
                    }
                    try requireEqual(ids, (0..<3).map { "\($0)/\(state.rawValue)" }, "The scan for \(state)")
                }
            }
        },
    ]

    private static func end(
        _ store: any PushNotificationStore, _ registration: PushRegistration, as state: PushProgress.State
    ) async throws {
        var progress = registration.progress
        progress.state = state
        _ = try await store.record(progress, for: registration.key, revision: registration.revision)
    }

    static let limitRules: [Rule] = [
        Rule("a task has no more configurations than allowed; replacing one is always possible") { bench in
            let store = try await bench.store { $0.maxPerTask = 2 }
            _ = try await store.put(registration("a"))
            _ = try await store.put(registration("b"))
            try await TaskStoreContract.requireExhausted("A third one") { _ = try await store.put(registration("c")) }
            _ = try await store.put(registration("b", url: "https://example.org/"))
            _ = try await store.put(registration("c", task: "other"))
            _ = try await store.remove(registration("a").key)
            _ = try await store.put(registration("c"))
        },
        Rule("a full store gives up what has ended, first ended first, and nothing else") { bench in
            let store = try await bench.store { $0.maxTotal = 3 }
            let puts = [
                try await store.put(registration("a")), try await store.put(registration("b")),
                try await store.put(registration("c")),
            ]
            try await TaskStoreContract.requireExhausted("A fourth one") { _ = try await store.put(registration("d")) }
            try await end(store, puts[1], as: .finished)
            try await end(store, puts[0], as: .dead)
            _ = try await store.put(registration("d"))
            let ids = try await store.list(ofTask: "task", in: alice, pageSize: 10, pageToken: nil)
            try requireEqual(ids.registrations.map(\.configuration.id), ["a", "c", "d"], "What is left")
        },
        Rule("what has ended goes when it is old; what has not, stays") { bench in
            let clock = ManualWallClock()
            let store = try await bench.store {
                $0.maxAge = .seconds(10)
                $0.wallClock = clock
            }
            let puts = [
                try await store.put(registration("finished")), try await store.put(registration("dead")),
                try await store.put(registration("revived")),
            ]
            _ = try await store.put(registration("active"))
            try await end(store, puts[0], as: .finished)
            try await end(store, puts[1], as: .dead)
            try await end(store, puts[2], as: .dead)
            _ = try await store.put(registration("revived"))
            clock.advance(milliseconds: 9_999)
            try await store.removeExpired()
            let young = try await store.list(ofTask: "task", in: alice, pageSize: 10, pageToken: nil)
            try requireEqual(young.registrations.count, 4, "The number before the age")
            clock.advance(milliseconds: 2)
            try await store.removeExpired()
            let old = try await store.list(ofTask: "task", in: alice, pageSize: 10, pageToken: nil)
            try requireEqual(old.registrations.map(\.configuration.id), ["revived", "active"], "What is left")
        },
        Rule("of concurrent callers none gets beyond the limit, and nothing is lost") { bench in
            let store = try await bench.store { $0.maxPerTask = 5 }
            let kept = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask { (try? await store.put(registration("\(index)"))) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireEqual(kept, 5, "How many were kept")
            let page = try await store.list(ofTask: "task", in: alice, pageSize: 100, pageToken: nil)
            try requireEqual(page.registrations.count, 5, "How many are there")
        },
    ]
}
