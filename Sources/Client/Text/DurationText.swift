// Durations on the command line: a whole number and its unit, `10s`, `500ms`, `2m`, `1h`.

/// A text that is not a duration.
public struct DurationTextError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String {
        "'\(text)' is not a duration: write a whole number above 0 and a unit, as in 500ms, 10s, "
            + "2m or 1h; at most 8760h."
    }
}

extension Duration {
    /// The longest duration: a year.
    private static let longestNanoseconds: UInt64 = 8760 * 3600 * 1_000_000_000

    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3600_000_000_000),
    ]

    /// Reads digits and a unit, with nothing before, between or behind them.
    public init(text: String) throws(DurationTextError) {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let unit = String(text.dropFirst(digits.count))
        guard let number = UInt64(String(Substring(digits))),
            let factor = Self.units.first(where: { $0.name == unit })?.nanoseconds
        else { throw DurationTextError(text: text) }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, nanoseconds > 0, nanoseconds <= Self.longestNanoseconds else {
            throw DurationTextError(text: text)
        }
        self = .nanoseconds(Int64(nanoseconds))
    }

    /// The duration in nanoseconds; not for negative ones.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}

/// A time that has passed, as people write it: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
func elapsedText(nanoseconds: UInt64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    switch seconds {
    case ..<10: return "\(seconds).\(nanoseconds / 100_000_000 % 10) s"
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min \(twoDigits(seconds % 60)) s"
    default: return "\(seconds / 3600) h \(twoDigits(seconds / 60 % 60)) min"
    }
}

private func twoDigits(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
