extension TestExecution {
    /// Does the actions of a step on its connection, and judges what comes.
    func perform(_ frames: FrameStep, _ step: Step, _ state: inout State, _ trace: WireTrace) async -> Verdict {
        guard self.peer.binding == .tcp else { return .skip("frames are those of TCP") }
        let session = state.sessions[frames.connection] ?? FrameSession()
        state.sessions[frames.connection] = session
        let setting = FrameSession.Setting(
            url: self.peer.url, tenant: self.peer.tenant,
            authorization: self.configuration.headers.first { $0.name.lowercased() == "authorization" }?.value,
            acceptsAnyCertificate: self.configuration.acceptsAnyCertificate,
            trustRootsPEM: self.configuration.trustRootsPEM,
            variables: state.variables, trace: trace, deadline: self.deadline, limit: self.configuration.callTimeout)
        var expected: [JSONValue] = []
        for action in frames.actions {
            do {
                expected += try await session.perform(action, setting)
            } catch FrameSession.Trouble.failed(let wanted, let actual) {
                guard ContinuousClock.now < self.deadline else { return .error("the time limit of the run was over") }
                return .fail(
                    Failure(
                        "expected \(wanted), got \(actual)", stepID: step.id, expected: wanted, actual: actual,
                        line: action.line))
            } catch FrameSession.Trouble.unreachable(let reason) {
                return .error(reason)
            } catch FrameSession.Trouble.inexpressible(let reason) {
                return .skip(reason)
            } catch {
                return .fail(Failure("\(error)", stepID: step.id, line: action.line))
            }
        }
        let hello = await session.hello
        state.variables.steps[step.id] = StepRecord(response: ["frames": .array(expected), "hello": hello])
        if case .fail(let failure) = self.capture(step, nil, &state) { return .fail(failure) }
        return self.check(step.assertions, state, step: step.id)
    }
}
