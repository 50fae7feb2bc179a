extension A2AMessage: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("messageId", self.messageID, isPresent: self.hasMessageID)
        fields.optionalID("contextId", self.contextID)
        fields.optionalID("taskId", self.taskID)
        switch (self.hasRole, self.role) {
        case (false, _): fields.report("role", "is required")
        case (true, .user), (true, .agent): break
        case (true, _): fields.report("role", "must be ROLE_USER or ROLE_AGENT")
        }
        fields.notEmpty("parts", self.parts)
        fields.each("parts", self.parts)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
        fields.extensionURIs("extensions", self.extensions)
        fields.texts(
            "referenceTaskIds", self.referenceTaskIds,
            maxCount: ValidationLimits.maxReferenceTaskIDs, maxBytes: ValidationLimits.maxIdentifierBytes)
    }
}

extension A2APart: Validatable {
    public func check(_ fields: inout FieldCheck) {
        switch self.content {
        case .text, .raw: break
        case .url(let url):
            fields.required("url", url, isPresent: true, maxBytes: ValidationLimits.maxURLBytes)
        case .data(let value): fields.value("data", value)
        case nil: fields.report("content", "is required: one of text, raw, url, data")
        }
        fields.bounded("mediaType", self.mediaType, maxBytes: ValidationLimits.maxMediaTypeBytes)
        fields.bounded("filename", self.filename, maxBytes: ValidationLimits.maxFilenameBytes)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
    }
}

extension A2AArtifact: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("artifactId", self.artifactID, isPresent: self.hasArtifactID)
        fields.notEmpty("parts", self.parts)
        fields.each("parts", self.parts)
        if self.hasMetadata { fields.value("metadata", self.metadata) }
        fields.extensionURIs("extensions", self.extensions)
    }
}

extension FieldCheck {
    /// Checks the URIs of a message's or artifact's extensions.
    mutating func extensionURIs(_ name: String, _ values: [String]) {
        self.texts(
            name, values, maxCount: ValidationLimits.maxExtensions, maxBytes: ValidationLimits.maxURLBytes)
    }
}
