extension A2ASendMessageRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.required("message", self.message, isPresent: self.hasMessage)
        if self.hasConfiguration { fields.nested("configuration", self.configuration) }
        if self.hasMetadata { fields.value("metadata", self.metadata) }
    }
}

extension A2ASendMessageConfiguration: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.texts(
            "acceptedOutputModes", self.acceptedOutputModes,
            maxCount: ValidationLimits.maxAcceptedOutputModes, maxBytes: ValidationLimits.maxMediaTypeBytes)
        // The task may not exist yet, so the configuration names none.
        if self.hasTaskPushNotificationConfig {
            fields.at("taskPushNotificationConfig") { self.taskPushNotificationConfig.checkWithoutTask(&$0) }
        }
        if self.hasHistoryLength { fields.notNegative("historyLength", self.historyLength) }
        if self.hasIfGenerationMatch { fields.notNegative("ifGenerationMatch", self.ifGenerationMatch) }
    }
}

extension A2AGetTaskRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.requiredID("id", self.id, isPresent: self.hasID)
        if self.hasHistoryLength { fields.notNegative("historyLength", self.historyLength) }
        if self.hasCurrentGeneration { fields.notNegative("currentGeneration", self.currentGeneration) }
    }
}

extension A2AListTasksRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.optionalID("contextId", self.contextID)
        // Unspecified means any state; a number that we do not know means a state that no task is in.
        if case .UNRECOGNIZED = self.status { fields.report("status", "must be a known task state") }
        if self.hasPageSize, !(1...ValidationLimits.maxPageSize).contains(self.pageSize) {
            fields.report("pageSize", "must be from 1 to \(ValidationLimits.maxPageSize)")
        }
        fields.bounded("pageToken", self.pageToken, maxBytes: ValidationLimits.maxPageTokenBytes)
        if self.hasHistoryLength { fields.notNegative("historyLength", self.historyLength) }
        if self.hasStatusTimestampAfter { fields.timestamp("statusTimestampAfter", self.statusTimestampAfter) }
    }
}

extension A2ACancelTaskRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.requiredID("id", self.id, isPresent: self.hasID)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
    }
}

extension A2ASubscribeToTaskRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.requiredID("id", self.id, isPresent: self.hasID)
    }
}

extension A2AGetExtendedAgentCardRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
    }
}
