import A2A

extension Sequence<A2AAgentInterface> {
    /// Where these are, for people: the name of the binding and the address; once, in however many versions it is served.
    package var places: [(name: String, url: String)] {
        var places: [(name: String, url: String)] = []
        for interface in self {
            let place = (name: interface.binding.label, url: interface.url)
            if !places.contains(where: { $0 == place }) { places.append(place) }
        }
        return places
    }
}
