import A2A
import Testing

@testable import A2AServer

/// The state of a turn, in each of its situations.
@Suite("The state of a turn")
struct TurnStateTests {
    /// How a turn gets into a situation, and what each method answers there.
    struct Situation: Sendable, CustomStringConvertible {
        var description: String
        var state: TurnState
        var reply: TurnState.OnReply?
        var emit: TurnState.OnEmit?
        var force: Bool
        var offer: TurnState.OnOffer
        var returned: TurnState.OnReturn
        var failed: TurnState.OnReturn
        var stop: TurnState.OnStop
        var fenceOff: Bool

        init(
            _ description: String, _ state: TurnState, reply: TurnState.OnReply?, emit: TurnState.OnEmit?,
            force: Bool = false, offer: TurnState.OnOffer = .later, returned: TurnState.OnReturn,
            failed: TurnState.OnReturn, stop: TurnState.OnStop = .requested, fenceOff: Bool = false
        ) {
            self.description = description
            self.state = state
            self.reply = reply
            self.emit = emit
            self.force = force
            self.offer = offer
            self.returned = returned
            self.failed = failed
            self.stop = stop
            self.fenceOff = fenceOff
        }
    }

    static func appended(_ state: A2ATaskState, _ generation: Int64 = 2, fence: Int64 = 1) -> Appended {
        Appended(generation: generation, state: state, fence: fence)
    }

    static func make(_ steps: (inout TurnState) -> Void) -> TurnState {
        var state = TurnState()
        steps(&state)
        return state
    }

    static let situations: [Situation] = [
        Situation(
            "nothing answered", TurnState(), reply: .decide, emit: .create, force: true, returned: .unanswered,
            failed: .unanswered),
        Situation(
            "replied", make { _ = $0.reply() }, reply: nil, emit: nil, returned: .end, failed: .end),
        Situation(
            "being forced", make { _ = $0.force() }, reply: .completeTask, emit: .create,
            returned: .waitForMessage, failed: .waitForMessage),
        Situation(
            "forced in vain",
            make {
                _ = $0.force()
                $0.forceIsOver()
            }, reply: .decide, emit: .create, force: true, returned: .unanswered, failed: .unanswered),
        Situation(
            "forced",
            make {
                _ = $0.force()
                $0.recorded(appended(.submitted, 1))
                $0.forceIsOver()
            }, reply: .completeTask, emit: .append(fence: 1), offer: .accepted,
            returned: .append(.completed, fence: 1), failed: .append(.failed, fence: 1), fenceOff: true),
        Situation(
            "its task promised", make { $0.promiseTask() }, reply: nil, emit: .append(fence: 1), offer: .later,
            returned: .append(.completed, fence: 1), failed: .append(.failed, fence: 1), fenceOff: true),
        Situation(
            "forced, its task promised",
            make {
                _ = $0.force()
                $0.promiseTask()
                $0.forceIsOver()
            }, reply: .completeTask, emit: .append(fence: 1), offer: .later,
            returned: .append(.completed, fence: 1), failed: .append(.failed, fence: 1), fenceOff: true),
        Situation(
            "at work", make { $0.recorded(appended(.working)) }, reply: nil, emit: .append(fence: 1),
            offer: .accepted, returned: .append(.completed, fence: 1), failed: .append(.failed, fence: 1),
            fenceOff: true),
        Situation(
            "going on", TurnState(continuing: .working, fence: 7), reply: nil, emit: .append(fence: 7),
            offer: .accepted, returned: .append(.completed, fence: 7), failed: .append(.failed, fence: 7),
            fenceOff: true),
        Situation(
            "waiting for input", make { $0.recorded(appended(.inputRequired)) }, reply: nil,
            emit: .append(fence: 1), offer: .accepted, returned: .end, failed: .append(.failed, fence: 1),
            fenceOff: true),
        Situation(
            "ended by the agent", make { $0.recorded(appended(.rejected)) }, reply: nil,
            emit: .append(fence: 1), offer: .accepted, returned: .end, failed: .end),
        Situation(
            "asked to stop",
            make {
                $0.recorded(appended(.working))
                _ = $0.requestStop(.cancelled)
            }, reply: nil, emit: .append(fence: 1), offer: .accepted, returned: .append(.canceled, fence: 1),
            failed: .append(.canceled, fence: 1), stop: .alreadyRequested, fenceOff: true),
        Situation(
            "asked to stop for shutdown",
            make {
                $0.recorded(appended(.inputRequired))
                _ = $0.requestStop(.shutdown)
            }, reply: nil, emit: .append(fence: 1), offer: .accepted, returned: .append(.failed, fence: 1),
            failed: .append(.failed, fence: 1), stop: .alreadyRequested, fenceOff: true),
        Situation(
            "fenced off",
            make {
                $0.recorded(appended(.working))
                _ = $0.requestStop(.cancelled)
                _ = $0.fenceOff()
            }, reply: nil, emit: .stopped, returned: .append(.canceled, fence: 1),
            failed: .append(.canceled, fence: 1), stop: .alreadyRequested),
        Situation(
            "fenced off, and its task ended",
            make {
                $0.recorded(appended(.working))
                _ = $0.requestStop(.cancelled)
                _ = $0.fenceOff()
                $0.fencingIsOver()
            }, reply: nil, emit: .stopped, offer: .shutOut, returned: .append(.canceled, fence: 1),
            failed: .append(.canceled, fence: 1), stop: .alreadyRequested),
        Situation(
            "fenced off for another process",
            make {
                $0.recorded(appended(.working))
                _ = $0.requestStop(.released)
                _ = $0.fenceOff()
            }, reply: nil, emit: .stopped, offer: .shutOut, returned: .leave, failed: .leave, stop: .alreadyRequested),
        Situation(
            "ending",
            make {
                $0.recorded(appended(.working))
                _ = $0.agentReturned(failed: false)
            }, reply: nil, emit: .append(fence: 1), returned: .append(.completed, fence: 1),
            failed: .append(.failed, fence: 1), stop: .ended),
        Situation(
            "ended",
            make {
                $0.recorded(appended(.working))
                _ = $0.agentReturned(failed: false)
                $0.finished()
            }, reply: nil, emit: .stopped, returned: .end, failed: .end, stop: .ended),
        Situation(
            "gone",
            make {
                $0.recorded(appended(.working))
                _ = $0.agentReturned(failed: false)
                $0.finished()
                $0.leave()
            }, reply: nil, emit: .stopped, offer: .over, returned: .end, failed: .end,
            stop: .ended),
    ]

    @Test("answers every question", arguments: situations)
    func table(situation: Situation) {
        func ask<Answer>(_ question: (inout TurnState) -> Answer) -> Answer {
            var state = situation.state
            return question(&state)
        }
        let reply = ask { $0.reply() }
        if let expected = situation.reply {
            #expect(reply == expected)
        } else if case .refuse = reply {
        } else {
            Issue.record("a reply is not refused: \(reply)")
        }
        let emit = ask { $0.emit() }
        if let expected = situation.emit {
            #expect(emit == expected)
        } else if case .refuse = emit {
        } else {
            Issue.record("a change is not refused: \(emit)")
        }
        #expect(ask { $0.force() } == situation.force)
        #expect(ask { $0.offer() } == situation.offer)
        #expect(situation.state.isInBetween == (situation.offer == .later))
        #expect(ask { $0.agentReturned(failed: false) } == situation.returned)
        #expect(ask { $0.agentReturned(failed: true) } == situation.failed)
        #expect(ask { $0.requestStop(.silent) } == situation.stop)
        #expect(ask { $0.fenceOff() } == situation.fenceOff)
    }

    @Test("messages come out in the order in which they were delivered; the turn runs again for each")
    func inbox() {
        var state = TurnState(continuing: .inputRequired, fence: 1)
        for _ in 0..<3 {
            let offer = state.offer()
            #expect(offer == .accepted)
        }
        #expect(state.agentReturned(failed: false) == .waitForMessage)
        #expect(state.hasPromises)
        let messages = ["1", "2"].map { A2AMessage.user($0) }
        for message in messages { state.deliver(message) }
        #expect(!state.hasPromises)
        state.withdraw()
        #expect(state.takeMessage() == messages[0])
        #expect(state.agentReturned(failed: false) == .runAgain(messages[1]))
        #expect(state.agentReturned(failed: false) == .end)
        #expect(state.offer() == .later)
        state.leave()
        #expect(state.offer() == .over)
    }

    @Test("a turn takes no messages before it has begun, and none at all if it cannot begin")
    func notBegun() {
        var state = TurnState(continuing: .working, fence: 0)
        #expect(state.offer() == .later && state.isInBetween && !state.hasBegun)
        var failing = state
        failing.leave()
        #expect(failing.offer() == .over && !failing.isInBetween)
        state.recorded(Self.appended(.working))
        #expect(state.offer() == .accepted && !state.isInBetween && state.hasBegun)
    }

    @Test("a turn that has not begun is not asked to cancel its task, which it may never get; anything else stops it")
    func stopBeforeBeginning() {
        var state = TurnState(continuing: .working, fence: 0)
        #expect(state.requestStop(.cancelled) == .later)
        #expect(state.stop == nil)
        #expect(state.requestStop(.shutdown) == .requested)
        var begun = TurnState(continuing: .working, fence: 0)
        begun.recorded(Self.appended(.working))
        #expect(begun.requestStop(.cancelled) == .requested)
        // One without a task is at work all the same.
        var undecided = TurnState()
        #expect(undecided.requestStop(.cancelled) == .requested)
    }

    @Test("a turn takes no more messages than fit, counting those that are promised")
    func fullInbox() {
        var state = TurnState(continuing: .working, fence: 1)
        for index in 0..<TurnState.maxInbox {
            #expect(state.offer() == .accepted)
            if index % 2 == 0 { state.deliver(.user("\(index)")) }
        }
        #expect(state.offer() == .full)
        state.withdraw()
        #expect(state.offer() == .accepted)
        #expect(state.takeMessage() != nil)
        #expect(state.offer() == .accepted)
        #expect(state.offer() == .full)
    }

    @Test("what was recorded last in the log counts, in whatever order calls tell of it")
    func recordedOrder() {
        var state = TurnState()
        state.recorded(Self.appended(.inputRequired, 5))
        state.recorded(Self.appended(.working, 4))
        #expect(state.agentReturned(failed: false) == .end)

        var other = TurnState()
        other.recorded(Self.appended(.inputRequired, 2))
        other.madeElsewhere()
        #expect(other.agentReturned(failed: false) == .end)
    }

    @Test("a task that another call makes is open until that call says more")
    func madeElsewhere() {
        var state = TurnState()
        state.madeElsewhere()
        #expect(state.emit() == .append(fence: 1))
        #expect(state.agentReturned(failed: false) == .append(.completed, fence: 1))
    }

    @Test("the first reason to stop counts")
    func stopReasons() {
        var state = TurnState(continuing: .working, fence: 1)
        #expect(state.requestStop(.silent) == .requested)
        #expect(state.requestStop(.cancelled) == .alreadyRequested)
        #expect(state.stop == .silent)
        #expect(state.agentReturned(failed: false) == .append(.failed, fence: 1))
    }

    @Test("nobody fences twice, nor a task that has ended")
    func fencing() {
        var state = TurnState(continuing: .working, fence: 1)
        let (first, second) = (state.fenceOff(), state.fenceOff())
        #expect(first && !second)
        var ended = TurnState()
        ended.recorded(Self.appended(.completed))
        let hasToEnd = ended.fenceOff()
        #expect(!hasToEnd)
        #expect(ended.emit() == .stopped)
    }
}

@Suite("A turn that another process goes on with")
struct ReleasedTurnStateTests {
    @Test("leaves its task as it is, whatever the agent did")
    func leaves() {
        for failed in [false, true] {
            var state = TurnState(continuing: .working, fence: 3)
            let (stop, end) = (state.requestStop(.released), state.agentReturned(failed: failed))
            let (offer, emit) = (state.offer(), state.emit())
            #expect(stop == .requested && end == .leave && offer == .later && emit == .stopped)
        }
    }

    @Test("leaves no message to itself, and nothing to end when it is fenced off")
    func fencedOff() {
        var state = TurnState(resuming: .working, fence: 3, hasAnswered: true, messages: [.user("more")])
        _ = state.requestStop(.released)
        let (mustEnd, emit, end) = (state.fenceOff(), state.emit(), state.agentReturned(failed: false))
        #expect(!mustEnd && emit == .stopped && end == .leave)
    }

    @Test("ends its task if its agent was done before; a shutdown changes nothing then either, a caller may")
    func finishing() {
        for reason: TurnState.StopReason in [.released, .shutdown, .silent, .cancelled] {
            var state = TurnState(continuing: .working, fence: 3)
            let end = state.agentReturned(failed: false)
            let (stop, noted) = (state.requestStop(reason), state.stop)
            #expect(end == .append(.completed, fence: 3))
            #expect(stop == (reason == .cancelled ? .requested : .ended))
            #expect(noted == (reason == .cancelled ? .cancelled : nil))
        }
    }

    @Test("ends well if the task has ended, and is unanswered if there is none")
    func ended() {
        var ended = TurnState(continuing: .working, fence: 3)
        ended.recorded(Appended(generation: 9, state: .completed, fence: 3))
        _ = ended.requestStop(.released)
        let end = ended.agentReturned(failed: false)
        #expect(end == .end)
        var undecided = TurnState()
        _ = undecided.requestStop(.released)
        let unanswered = undecided.agentReturned(failed: true)
        #expect(unanswered == .unanswered)
    }

    @Test("a resumed turn gets the messages since, and may reply only if it had not answered")
    func resumed() {
        var state = TurnState(resuming: .submitted, fence: 2, hasAnswered: false, messages: [.user("a"), .user("b")])
        let (reply, first) = (state.reply(), state.takeMessage())
        #expect(reply == .completeTask && first?.text == "a")
        guard case .runAgain(let message) = state.agentReturned(failed: false) else {
            Issue.record("should run again")
            return
        }
        #expect(message.text == "b")
        var answered = TurnState(resuming: .working, fence: 2, hasAnswered: true, messages: [])
        guard case .refuse = answered.reply() else {
            Issue.record("should refuse")
            return
        }
    }
}
