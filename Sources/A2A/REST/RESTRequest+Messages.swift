// Where each request has its path parameters.

extension A2ASendMessageRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
    }
}

extension A2AListTasksRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
    }
}

extension A2AGetExtendedAgentCardRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
    }
}

extension A2AGetTaskRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.id)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.id, "id") { self.id = id }
    }
}

extension A2ACancelTaskRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.id)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.id, "id") { self.id = id }
    }
}

extension A2ASubscribeToTaskRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.id)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.id, "id") { self.id = id }
    }
}

extension A2AGetTaskPushNotificationConfigRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.taskID, configID: self.id)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.taskID, "taskId") { self.taskID = id }
        if let id = binder.value(match.configID, over: self.id, "id") { self.id = id }
    }
}

extension A2ADeleteTaskPushNotificationConfigRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.taskID, configID: self.id)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.taskID, "taskId") { self.taskID = id }
        if let id = binder.value(match.configID, over: self.id, "id") { self.id = id }
    }
}

extension A2AListTaskPushNotificationConfigsRequest: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.taskID)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.taskID, "taskId") { self.taskID = id }
    }
}

extension A2ATaskPushNotificationConfig: RESTRequest {
    package var pathParameters: RESTPathParameters {
        RESTPathParameters(tenant: self.tenant, taskID: self.taskID)
    }

    package mutating func bind(_ match: RESTMatch, _ binder: inout RESTBinder) {
        if let tenant = binder.value(match.tenant, over: self.tenant, "tenant") { self.tenant = tenant }
        if let id = binder.value(match.taskID, over: self.taskID, "taskId") { self.taskID = id }
    }
}
