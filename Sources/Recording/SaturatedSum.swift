// Counts that come out of a ring may be forged by whoever else can map it: any number, any often.

extension UInt64 {
    /// The sum, or the greatest number if it does not fit.
    package func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
