import A2A
import A2AConformance

extension Fault {
    /// Faults of streams.
    static let streams: [Fault] = [
        Fault("stream-begins-with-update", "STREAM-SEND-004", "The stream of a message does not begin with its task.")
            .streams { events, call in
                MappedEvents(events) { event in
                    call.operation == .sendStreamingMessage && event.isTask ? [] : [event]
                }
            },
        Fault("more-after-message", "STREAM-SEND-003", "A stream goes on after a direct answer.")
            .streams { events, _ in
                MappedEvents(events) { event in
                    guard case .message(let message) = event.response.payload else { return [event] }
                    var update = A2ATaskStatusUpdateEvent()
                    update.taskID = "none"
                    update.contextID = message.contextID
                    update.status = A2ATaskStatus(.working)
                    return [event, StreamEvent(.statusUpdate(update))]
                }
            },
        Fault("stream-stays-open", "STREAM-SEND-005", "A stream does not end with its task.")
            .streams { events, _ in
                ScriptedEvents(events) { base in
                    if let event = try await base.next() { return event }
                    try await Task.sleep(for: .seconds(60))
                    return nil
                }
            },
        Fault("stream-ends-early", "STREAM-SEND-004", "A stream ends after its third event.")
            .streams { events, _ in
                var count = 0
                return ScriptedEvents(events) { base in
                    count += 1
                    return count > 3 ? nil : try await base.next()
                }
            },
        Fault("events-at-the-end", "STREAM-SEND-006", "All events of a stream come when the task has ended.")
            .streams { events, call in
                var ready: [StreamEvent]?
                return ScriptedEvents(events) { base in
                    if ready == nil {
                        var all: [StreamEvent] = []
                        while let event = try await base.next() { all.append(event) }
                        ready = all.reversed()
                    }
                    return ready?.popLast()
                }
            },
        Fault("lost-event", "DM-EVENT-003", "One artifact update is lost on every stream.")
            .streams { events, _ in
                var count = 0
                return MappedEvents(events) { event in
                    if event.isArtifact { count += 1 }
                    return event.isArtifact && count == 2 ? [] : [event]
                }
            },
        Fault("doubled-event", "DM-EVENT-003", "One artifact update comes twice on every stream.")
            .streams { events, _ in
                var count = 0
                return MappedEvents(events) { event in
                    if event.isArtifact { count += 1 }
                    return event.isArtifact && count == 1 ? [event, event] : [event]
                }
            },
        Fault("reordered-events", "STREAM-ORDER-005", "Two artifact updates change places on every stream.")
            .streams { events, _ in ReorderedEvents.make(events) },
        Fault("state-goes-back", "STREAM-ORDER-001", "After the end of a task comes another status.")
            .streams { events, _ in
                MappedEvents(events) { event in
                    guard case .statusUpdate(let update) = event.response.payload, update.status.state.isTerminal
                    else { return [event] }
                    var after = update
                    after.status.state = .working
                    return [event, StreamEvent(.statusUpdate(after))]
                }
            },
        Fault("event-of-no-kind", "STREAM-EVENT-001", "A stream has an event with nothing in it.")
            .streams { events, _ in
                MappedEvents(events) { event in
                    event.isArtifact ? [StreamEvent(A2AStreamResponse()), event] : [event]
                }
            },
        Fault("two-payloads", "STREAM-EVENT-001", "An event is an update and a task at once.")
            .http(
                .payload { event in
                    if let update = event["statusUpdate"] {
                        event["task"] = ["id": update["taskId"] ?? "", "status": update["status"] ?? [:]]
                    }
                }),
        Fault("append-as-new", "DM-EVENT-003", "append is never set.")
            .event { $0.changeArtifact { $0.append = false } },
        Fault("last-chunk-missing", "DM-EVENT-004", "lastChunk is never set.")
            .event { $0.changeArtifact { $0.lastChunk = false } },
        Fault("update-without-context", "DM-EVENT-001", "A status update has no contextId.")
            .event { event in
                guard case .statusUpdate(var update) = event.payload else { return }
                update.clearContextID()
                event = .statusUpdate(update)
            },
        Fault("artifact-update-of-no-task", "DM-EVENT-002", "An artifact update has no taskId.")
            .event { $0.changeArtifact { $0.clearTaskID() } },
        Fault("streams-anyway", "CORE-CAP-002", "An agent whose card says that it does not stream does.")
            .http(.card { $0.setCapability("streaming", false) }).over(.jsonrpc, .rest, .grpc, .tcp),
    ]
}

/// The second and the third artifact update change places.
private enum ReorderedEvents {
    static func make(_ events: EventStream) -> any EventSource {
        var count = 0
        var held: StreamEvent?
        return MappedEvents(events) { event in
            if event.isArtifact { count += 1 }
            if event.isArtifact, count == 1 {
                held = event
                return []
            }
            defer { held = nil }
            return [event] + (held.map { [$0] } ?? [])
        }
    }
}

extension A2AStreamResponse {
    mutating func changeArtifact(_ change: (inout A2ATaskArtifactUpdateEvent) -> Void) {
        guard case .artifactUpdate(var update) = self.payload else { return }
        change(&update)
        self = .artifactUpdate(update)
    }
}
