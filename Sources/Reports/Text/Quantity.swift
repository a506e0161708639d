// Numbers as people read them. Written by hand because Foundation's formatters follow a locale, and
// a report must not.

/// A count with thin groups of three, `1 234 567`.
func grouped(_ number: UInt64) -> String {
    var digits = Array(String(number))
    var position = digits.count - 3
    while position > 0 {
        digits.insert(" ", at: position)
        position -= 3
    }
    return String(digits)
}

/// `number` with `digits` decimals, rounded to the nearest.
func decimal(_ number: Double, digits: Int) -> String {
    guard number.isFinite, number.magnitude < 1e15 else { return "\(number)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int64((number.magnitude * scale).rounded())
    let whole = scaled / Int64(scale)
    let sign = number < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(scaled % Int64(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// A part of a whole in per cent, `12.3 %`; a part that is not nothing never reads `0.0 %`.
func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0.0 %" }
    let share = Double(part) / Double(whole) * 100
    return part > 0 && share < 0.05 ? "<0.1 %" : decimal(share, digits: 1) + " %"
}

/// A duration in the unit that suits it, `1.23 s`.
func duration(nanoseconds: UInt64) -> String {
    let value = Double(nanoseconds)
    switch nanoseconds {
    case 0: return "0 s"
    case ..<1_000: return "\(nanoseconds) ns"
    case ..<1_000_000: return decimal(value / 1e3, digits: 1) + " µs"
    case ..<1_000_000_000: return decimal(value / 1e6, digits: 1) + " ms"
    case ..<60_000_000_000: return decimal(value / 1e9, digits: 2) + " s"
    default:
        let seconds = nanoseconds / 1_000_000_000
        if seconds < 3_600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    }
}

/// A weight in its event's unit: time for nanoseconds, `1.23 G` for a count.
func quantity(_ weight: UInt64, unit: String) -> String {
    if unit == "nanoseconds" { return duration(nanoseconds: weight) }
    let value = Double(weight)
    switch weight {
    case ..<10_000: return "\(weight)"
    case ..<1_000_000: return decimal(value / 1e3, digits: 1) + " k"
    case ..<1_000_000_000: return decimal(value / 1e6, digits: 1) + " M"
    default: return decimal(value / 1e9, digits: 2) + " G"
    }
}
