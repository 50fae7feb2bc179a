import ArgumentParser

/// `benchmarks`: what the claims in the README rest on. Each prints ratios of one run on one machine.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures swift-a2a. Use a release build.",
        subcommands: [
            All.self, Chunks.self, StoreSize.self, Subscribers.self, Speed.self, GRPCSpeed.self, GatewaySpeed.self,
            TCPSpeed.self, StoreSpeed.self, StoreWaits.self, StoreTotals.self,
        ],
        defaultSubcommand: All.self
    )

    struct All: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Runs all benchmarks.")

        func run() async throws {
            try await Chunks.parse([]).run()
            try await StoreSize.parse([]).run()
            try await Subscribers.parse([]).run()
            try await Speed.parse([]).run()
            try await GRPCSpeed.parse([]).run()
            try await GatewaySpeed.parse([]).run()
            try await TCPSpeed.parse([]).run()
            try await StoreSpeed.parse([]).run()
        }
    }
}

/// Prints a figure beside its target.
func report(_ name: String, _ value: Double, unit: String = "", target: String = "") {
    let number = value >= 1000 ? String(Int(value)) : String((value * 100).rounded() / 100)
    print("  \(name): \(number)\(unit)\(target.isEmpty ? "" : "   (target \(target))")")
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = self.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

extension [Double] {
    var median: Double {
        guard !self.isEmpty else { return .nan }
        return self.sorted()[self.count / 2]
    }

    /// The median of the last tenth over that of the first.
    var lastTenthOverFirst: Double {
        let tenth = Swift.max(1, self.count / 10)
        return Array(self.suffix(tenth)).median / Array(self.prefix(tenth)).median
    }
}
