package import A2A
import SwiftProtobuf

extension A2ATimestamp {
    /// Milliseconds since 1970; saturates.
    package var milliseconds: Int64 {
        let (product, overflow) = self.seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return self.seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(Int64(self.nanos) / 1_000_000)
        return overflowed ? .max : sum
    }
}

extension Duration {
    /// Whole milliseconds; saturates.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
