// JSON that may stand inside an HTML script element: `<`, `>`, `&` and the line separators are
// written as escapes, so no text of the profile can end the element or the line (HTML Standard,
// "Restrictions for contents of script elements").

/// Builds one JSON object; the caller keeps keys apart.
struct JSONText {
    private(set) var buffer = ReportBuffer()
    private var needsComma = false

    mutating func object(_ body: (inout JSONText) -> Void) { nest("{", "}", body) }

    mutating func array(_ body: (inout JSONText) -> Void) { nest("[", "]", body) }

    mutating func key(_ key: String) {
        string(key)
        buffer.append(byte: UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func number(_ number: some FixedWidthInteger) {
        separate()
        buffer.append(String(number))
    }

    mutating func bool(_ value: Bool) {
        separate()
        buffer.append(value ? "true" : "false")
    }

    mutating func string(_ text: String) {
        separate()
        buffer.append(byte: UInt8(ascii: "\""))
        for scalar in text.unicodeScalars { append(scalar) }
        buffer.append(byte: UInt8(ascii: "\""))
    }

    mutating func field(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    mutating func field(_ name: String, _ value: some FixedWidthInteger) {
        key(name)
        number(value)
    }

    private mutating func nest(
        _ open: String, _ close: String, _ body: (inout JSONText) -> Void
    ) {
        separate()
        buffer.append(open)
        needsComma = false
        body(&self)
        buffer.append(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.append(byte: UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"", "\\", "<", ">", "&", "'": escape(UInt16(scalar.value))
        case "\u{20}"..."\u{7E}": buffer.append(byte: UInt8(scalar.value))
        case "\u{A0}"..."\u{FFFF}" where scalar != "\u{2028}" && scalar != "\u{2029}":
            buffer.append(String(scalar))
        default:
            for unit in UTF16.encode(scalar) ?? .init() { escape(unit) }
        }
    }

    private mutating func escape(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        buffer.append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
