extension A2ATask: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("id", self.id, isPresent: self.hasID)
        fields.optionalID("contextId", self.contextID)
        fields.required("status", self.status, isPresent: self.hasStatus)
        fields.each("artifacts", self.artifacts)
        fields.each("history", self.history)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
        fields.notNegative("generation", self.generation)
    }
}

extension A2ATaskStatus: Validatable {
    public func check(_ fields: inout FieldCheck) {
        switch (self.hasState, self.state) {
        case (false, _): fields.report("state", "is required")
        case (true, .unspecified): fields.report("state", "must not be TASK_STATE_UNSPECIFIED")
        case (true, .UNRECOGNIZED): fields.report("state", "must be a known task state")
        case (true, _): break
        }
        if self.hasMessage { fields.nested("message", self.message) }
        if self.hasTimestamp { fields.timestamp("timestamp", self.timestamp) }
    }
}

extension A2ATaskStatusUpdateEvent: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("taskId", self.taskID, isPresent: self.hasTaskID)
        fields.requiredID("contextId", self.contextID, isPresent: self.hasContextID)
        fields.required("status", self.status, isPresent: self.hasStatus)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
        fields.notNegative("generation", self.generation)
    }
}

extension A2ATaskArtifactUpdateEvent: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("taskId", self.taskID, isPresent: self.hasTaskID)
        fields.requiredID("contextId", self.contextID, isPresent: self.hasContextID)
        fields.required("artifact", self.artifact, isPresent: self.hasArtifact)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
        fields.notNegative("generation", self.generation)
    }
}

extension A2ASendMessageResponse: Validatable {
    public func check(_ fields: inout FieldCheck) {
        switch self.payload {
        case .task(let task): fields.nested("task", task)
        case .message(let message): fields.nested("message", message)
        case nil: fields.report("payload", "is required: one of task, message")
        }
    }
}

extension A2AStreamResponse: Validatable {
    public func check(_ fields: inout FieldCheck) {
        switch self.payload {
        case .task(let task): fields.nested("task", task)
        case .message(let message): fields.nested("message", message)
        case .statusUpdate(let update): fields.nested("statusUpdate", update)
        case .artifactUpdate(let update): fields.nested("artifactUpdate", update)
        case nil:
            fields.report("payload", "is required: one of task, message, statusUpdate, artifactUpdate")
        }
    }
}

extension A2AListTasksResponse: Validatable {
    /// An empty page is legal, although `tasks` is a required list (§3.1.4).
    public func check(_ fields: inout FieldCheck) {
        fields.each("tasks", self.tasks)
        if !self.hasNextPageToken { fields.report("nextPageToken", "is required, empty on the last page") }
        for (name, value, isPresent) in [
            ("pageSize", self.pageSize, self.hasPageSize), ("totalSize", self.totalSize, self.hasTotalSize),
        ] {
            guard isPresent else {
                fields.report(name, "is required")
                continue
            }
            fields.notNegative(name, value)
        }
    }
}

extension FieldCheck {
    /// Checks a point in time.
    mutating func timestamp(_ name: String, _ value: A2ATimestamp) {
        if !value.isValid {
            self.report(name, "must be a time in the years 1 to 9999 with nanoseconds from 0 to 999999999")
        }
    }
}
