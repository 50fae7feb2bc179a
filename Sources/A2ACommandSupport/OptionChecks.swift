import A2A
package import ArgumentParser

extension ParsableArguments {
    /// Checks that limits are limits.
    ///
    /// - Parameter values: The values by the names of their options; `nil` for one that was not given.
    /// - Throws: `ValidationError` that names the first that is not positive.
    package func requirePositive(_ values: KeyValuePairs<String, Int?>) throws {
        for (name, value) in values {
            guard let value, value <= 0 else { continue }
            throw ValidationError("\(name) takes a positive number, not \(value).")
        }
    }
    /// Checks that an address is host:port.
    ///
    /// - Throws: `ValidationError` that names the option and shows one that would be right.
    package func requireHostAndPort(_ address: String?, _ name: String, such example: String) throws {
        guard let address else { return }
        do {
            _ = try HostAndPort(address[...])
        } catch {
            throw ValidationError("\(name) is host:port, such as \(example); '\(address)' \(error.problem).")
        }
    }
}
