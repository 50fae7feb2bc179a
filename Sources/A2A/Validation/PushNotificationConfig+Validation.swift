extension A2ATaskPushNotificationConfig: Validatable {
    /// Checks a configuration on its own, as in CreateTaskPushNotificationConfig and in answers.
    ///
    /// The data model leaves `taskId` open for configurations inside of SendMessage; everywhere else a configuration
    /// without a task means nothing (§3.1.7).
    public func check(_ fields: inout FieldCheck) {
        if self.taskID.isEmpty { fields.report("taskId", "is required") }
        self.checkWithoutTask(&fields)
    }

    func checkWithoutTask(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.optionalID("id", self.id)
        fields.optionalID("taskId", self.taskID)
        if !self.hasURL {
            fields.report("url", "is required")
        } else {
            fields.notificationURL("url", self.url)
        }
        fields.bounded("token", self.token, maxBytes: ValidationLimits.maxCredentialBytes)
        if self.hasAuthentication { fields.nested("authentication", self.authentication) }
    }
}

extension A2AAuthenticationInfo: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("scheme", self.scheme, isPresent: self.hasScheme)
        fields.bounded("credentials", self.credentials, maxBytes: ValidationLimits.maxCredentialBytes)
    }
}

extension A2AGetTaskPushNotificationConfigRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.requiredID("taskId", self.taskID, isPresent: self.hasTaskID)
        fields.requiredID("id", self.id, isPresent: self.hasID)
    }
}

extension A2ADeleteTaskPushNotificationConfigRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.requiredID("taskId", self.taskID, isPresent: self.hasTaskID)
        fields.requiredID("id", self.id, isPresent: self.hasID)
    }
}

extension A2AListTaskPushNotificationConfigsRequest: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.optionalID("tenant", self.tenant)
        fields.requiredID("taskId", self.taskID, isPresent: self.hasTaskID)
        // Zero is what an absent size looks like: the field has no presence.
        if !(0...ValidationLimits.maxPageSize).contains(self.pageSize) {
            fields.report("pageSize", "must be from 1 to \(ValidationLimits.maxPageSize), or 0 for the default")
        }
        fields.bounded("pageToken", self.pageToken, maxBytes: ValidationLimits.maxPageTokenBytes)
    }
}

extension A2AListTaskPushNotificationConfigsResponse: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.each("configs", self.configs)
    }
}
