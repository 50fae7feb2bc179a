/// What reports look requirements up in.
package struct Reference: Sendable {
    package var requirements: RequirementList?
    package var links: SpecificationLinks

    package init(_ requirements: RequirementList? = nil, _ links: SpecificationLinks = SpecificationLinks()) {
        self.requirements = requirements
        self.links = links
    }
}
