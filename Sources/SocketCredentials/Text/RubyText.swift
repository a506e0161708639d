// The pieces that Ruby's texts are put together from: what rb_str_dump, rb_str_catf and
// inet_ntop(3) write.

/// Writes bytes, numbers, addresses and times as Ruby does.
enum RubyText {
    /// Bytes as `String#dump` writes them: printable ASCII as it is, C's escapes, `\e`, and two
    /// hexadecimal digits for all others. `#` is escaped where interpolation would begin.
    static func dump(_ bytes: [UInt8]) -> String {
        var text = "\""
        for (index, byte) in bytes.enumerated() {
            text += escaped(byte, next: index + 1 < bytes.count ? bytes[index + 1] : nil)
        }
        return text + "\""
    }

    private static func escaped(_ byte: UInt8, next: UInt8?) -> String {
        switch byte {
        case 0x22: "\\\""
        case 0x5c: "\\\\"
        case 0x07: "\\a"
        case 0x08: "\\b"
        case 0x09: "\\t"
        case 0x0a: "\\n"
        case 0x0b: "\\v"
        case 0x0c: "\\f"
        case 0x0d: "\\r"
        case 0x1b: "\\e"
        case 0x23:
            // "#$", "#@" and "#{".
            next == 0x24 || next == 0x40 || next == 0x7b ? "\\#" : "#"
        case 0x20...0x7e: String(UnicodeScalar(byte))
        default: "\\x" + hexadecimal(UInt32(byte), digits: 2).uppercased()
        }
    }

    private static func hexadecimal(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// A number as printf(3) writes it for `%0Nd`: the sign counts as one of the digits.
    static func padded(_ number: some BinaryInteger, to width: Int) -> String {
        let digits = "\(number.magnitude)"
        let sign = number < 0 ? "-" : ""
        let zeros = max(0, width - digits.count - sign.count)
        return sign + String(repeating: "0", count: zeros) + digits
    }

    /// A time in seconds since 1970 as UTC: `2009-02-24 17:35:46`. Years are neither padded nor
    /// cut, and are counted in 32 bits; nil where even those do not hold the years since 1900, for
    /// which localtime(3) has no answer.
    static func time(_ seconds: Int64) -> String? {
        let (days, second) = quotient(of: seconds, by: 86400)
        let (year, month, day) = date(ofDay: days)
        guard Int32(exactly: year - 1900) != nil else { return nil }
        let clock = [second / 3600, second / 60 % 60, second % 60].map { padded($0, to: 2) }
        return "\(Int32(truncatingIfNeeded: year))-\(padded(month, to: 2))-\(padded(day, to: 2)) "
            + clock.joined(separator: ":")
    }

    /// The quotient rounded down, and what remains.
    private static func quotient(of number: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The Gregorian date of a day since 1970-01-01, by eras of 400 years that begin in March.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = quotient(of: day + 719_468, by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }

    /// An IPv4 address as inet_ntop(3) writes it.
    static func ipv4(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { "\($0)" }.joined(separator: ".")
    }

    /// An IPv6 address as inet_ntop(3) writes it: the first longest run of two or more zero words
    /// is `::`, and an address that holds an IPv4 one ends like that.
    static func ipv6(_ bytes: [UInt8]) -> String {
        let words = (0..<8).map { UInt32(bytes[$0 * 2]) << 8 | UInt32(bytes[$0 * 2 + 1]) }
        let run = longestZeros(in: words)
        let holdsIPv4 =
            run.startIndex == 0
            && (run.count == 6 || run.count == 5 && words[5] == 0xffff)
        let end = holdsIPv4 ? 6 : 8
        var tail = words[min(run.endIndex, end)..<end].map { hexadecimal($0, digits: 1) }
        if holdsIPv4 { tail.append(ipv4(bytes[12...])) }
        guard !run.isEmpty else { return tail.joined(separator: ":") }
        let head = words[..<run.startIndex].map { hexadecimal($0, digits: 1) }
        return head.joined(separator: ":") + "::" + tail.joined(separator: ":")
    }

    /// The first of the longest runs of zeros; an empty one at the start where none has two words.
    private static func longestZeros(in words: [UInt32]) -> ArraySlice<UInt32> {
        var longest = words[0..<0]
        var start = 0
        while start < words.count {
            let end = words[start...].firstIndex { $0 != 0 } ?? words.count
            if end - start > max(longest.count, 1) { longest = words[start..<end] }
            start = end + 1
        }
        return longest
    }
}
