// Durations and sizes as people write them in the configuration.

/// A number with a unit.
enum Quantity {
    private static let durationUnits: [String: Int64] = [
        "ms": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000,
        "d": 86_400_000_000_000,
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

    /// `2 %`, `0.25%` in millionths; nil for anything else.
    static func millionths(_ text: String) -> UInt64? {
        guard text.hasSuffix("%") else { return nil }
        let number = text.dropLast().reversed().drop { $0 == " " }.reversed()
        let sides = String(number).split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = sides.first, sides.count <= 2, isNumber(whole) else { return nil }
        let fraction = sides.count == 2 ? sides[1] : "0"
        guard isNumber(fraction), fraction.count <= 4 else { return nil }
        let digits = fraction + String(repeating: "0", count: 4 - fraction.count)
        guard let high = UInt64(whole), let low = UInt64(digits), high < 1 << 32 else {
            return nil
        }
        return high * 10_000 + low
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber }
    }

    private static func parts(_ text: String) -> (UInt64, String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits) else { return nil }
        return (number, String(text[digits.endIndex...].drop { $0 == " " }))
    }
}
