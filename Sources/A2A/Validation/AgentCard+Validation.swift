extension A2AAgentCard: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("name", self.name, isPresent: self.hasName)
        fields.required("description", self.description_p, isPresent: self.hasDescription_p)
        fields.notEmpty("supportedInterfaces", self.supportedInterfaces)
        fields.each("supportedInterfaces", self.supportedInterfaces)
        if self.hasProvider { fields.nested("provider", self.provider) }
        fields.required("version", self.version, isPresent: self.hasVersion)
        if self.hasDocumentationURL { fields.webURL("documentationUrl", self.documentationURL) }
        fields.required("capabilities", self.capabilities, isPresent: self.hasCapabilities)
        fields.each("securitySchemes", self.securitySchemes) { $1.check(&$0) }
        self.check("securityRequirements", self.securityRequirements, &fields)
        fields.notEmpty("defaultInputModes", self.defaultInputModes)
        fields.mediaTypes("defaultInputModes", self.defaultInputModes)
        fields.notEmpty("defaultOutputModes", self.defaultOutputModes)
        fields.mediaTypes("defaultOutputModes", self.defaultOutputModes)
        self.checkSkills(&fields)
        fields.each("signatures", self.signatures)
    }

    private func checkSkills(_ fields: inout FieldCheck) {
        fields.notEmpty("skills", self.skills)
        fields.each("skills", self.skills)
        var seen: Set<String> = []
        for (index, skill) in self.skills.enumerated() where !fields.isFull {
            if !skill.id.isEmpty, !seen.insert(skill.id).inserted {
                fields.report("skills[\(index)].id", "must be unique in the card")
            }
            if !skill.securityRequirements.isEmpty {
                self.check("skills[\(index)].securityRequirements", skill.securityRequirements, &fields)
            }
        }
    }

    /// A requirement that names a scheme which the card does not declare can be met by nobody.
    private func check(_ name: String, _ requirements: [A2ASecurityRequirement], _ fields: inout FieldCheck) {
        for (index, requirement) in requirements.enumerated() where !fields.isFull {
            for scheme in requirement.schemes.keys.sorted() where self.securitySchemes[scheme] == nil {
                fields.report(
                    "\(name)[\(index)]",
                    "names the scheme '\(scheme.prefix(FieldCheck.maxKeyLength))', which is not in securitySchemes")
            }
        }
    }
}

extension A2AAgentInterface: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("url", self.url, isPresent: self.hasURL, maxBytes: ValidationLimits.maxURLBytes)
        // What an address looks like for other bindings, those bindings say.
        if !self.url.isEmpty, self.binding == .jsonRPC || self.binding == .httpJSON {
            fields.webURL("url", self.url)
        }
        fields.required("protocolBinding", self.protocolBinding, isPresent: self.hasProtocolBinding)
        fields.required("protocolVersion", self.protocolVersion, isPresent: self.hasProtocolVersion)
        if !self.protocolVersion.isEmpty, ProtocolVersion(self.protocolVersion) == nil {
            fields.report("protocolVersion", "must be a version such as 1.0")
        }
        fields.optionalID("tenant", self.tenant)
    }
}

extension A2AAgentProvider: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("url", self.url, isPresent: self.hasURL)
        fields.required("organization", self.organization, isPresent: self.hasOrganization)
    }
}

extension A2AAgentCapabilities: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.each("extensions", self.extensions)
    }
}

extension A2AAgentExtension: Validatable {
    /// The data model does not mark the URI as required, but an extension without one cannot be named (§4.6).
    public func check(_ fields: inout FieldCheck) {
        fields.required("uri", self.uri, isPresent: !self.uri.isEmpty, maxBytes: ValidationLimits.maxURLBytes)
        if self.hasParams { fields.value("params", self.params) }
    }
}

extension A2AAgentSkill: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.requiredID("id", self.id, isPresent: self.hasID)
        fields.required("name", self.name, isPresent: self.hasName)
        fields.required("description", self.description_p, isPresent: self.hasDescription_p)
        fields.notEmpty("tags", self.tags)
        fields.mediaTypes("inputModes", self.inputModes)
        fields.mediaTypes("outputModes", self.outputModes)
    }
}

extension A2AAgentCardSignature: Validatable {
    public func check(_ fields: inout FieldCheck) {
        fields.required("protected", self.protected, isPresent: self.hasProtected)
        fields.required("signature", self.signature, isPresent: self.hasSignature)
        if self.hasHeader { fields.value("header", self.header) }
    }
}

extension FieldCheck {
    /// Checks a list of media types or patterns.
    mutating func mediaTypes(_ name: String, _ values: [String]) {
        self.texts(name, values, maxBytes: ValidationLimits.maxMediaTypeBytes)
    }
}
