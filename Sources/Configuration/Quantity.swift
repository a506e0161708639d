// Durations and sizes as people write them in the configuration.

/// A number with a unit.
enum Quantity {
    private static let durationUnits: [String: Int64] = [
        "ms": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000,
    ]
    private static let sizeUnits: [String: UInt64] = [
        "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]

    /// `60s`, `500ms`, `5min`, `1h`; nil for anything else.
    static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = parts(text), let scale = durationUnits[unit],
            let value = Int64(exactly: number)
        else { return nil }
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: scale)
        return overflow ? nil : .nanoseconds(nanoseconds)
    }

    /// `64 MiB`, `1GiB`, `4096 B`; nil for anything else.
    static func size(_ text: String) -> UInt64? {
        guard let (number, unit) = parts(text), let scale = sizeUnits[unit] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : bytes
    }

    private static func parts(_ text: String) -> (UInt64, String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits) else { return nil }
        return (number, String(text[digits.endIndex...].drop { $0 == " " }))
    }
}
