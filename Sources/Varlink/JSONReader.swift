// A JSON text becomes a value (RFC 8259). The text is a stranger's, so this looks at each byte once,
// whatever it says. A decoder that tries one type after the other pays for each failed try, and
// the more the deeper it is: 64 KiB can keep it busy for minutes.

/// Reads one JSON text from its first byte to its last.
struct JSONReader {
    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The text's value, with nothing but white space around it.
    mutating func document() throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard offset == bytes.count else { throw fault }
        return value
    }

    private var fault: JSONError { JSONError(offset: offset) }

    /// The byte at hand; nil at the end.
    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// Goes past `character`, if that is what comes.
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            offset += 1
        }
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "{"): .object(try object())
        case UInt8(ascii: "["): .array(try array())
        case UInt8(ascii: "\""): .string(try string())
        case UInt8(ascii: "t"): try word("true", .bool(true))
        case UInt8(ascii: "f"): try word("false", .bool(false))
        case UInt8(ascii: "n"): try word("null", .null)
        default: try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for character in word.unicodeScalars where !skip(character) { throw fault }
        return value
    }
}

// MARK: - Arrays and objects

extension JSONReader {
    private mutating func array() throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        try list(until: "]") { reader throws(JSONError) in
            elements.append(try reader.value())
        }
        return elements
    }

    /// A name may be there once: else it would depend on the reader which of its values counts.
    private mutating func object() throws(JSONError) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        try list(until: "}") { reader throws(JSONError) in
            let start = reader.offset
            let name = try reader.string()
            reader.skipSpace()
            guard reader.skip(":") else { throw reader.fault }
            reader.skipSpace()
            guard fields.updateValue(try reader.value(), forKey: name) == nil else {
                throw JSONError(offset: start)
            }
        }
        return fields
    }

    /// Reads the bracket at hand, elements with commas between them, and the bracket `end`.
    private mutating func list(
        until end: Unicode.Scalar, element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard depth < JSONValue.maximumDepth else { throw fault }
        depth += 1
        offset += 1
        skipSpace()
        if !skip(end) {
            repeat {
                skipSpace()
                try element(&self)
                skipSpace()
            } while skip(",")
            guard skip(end) else { throw fault }
        }
        depth -= 1
    }
}

// MARK: - Numbers

extension JSONReader {
    /// An integer where it is one and fits 64 bits, as `1.0` and `1e2` are; else a double.
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        let isNegative = skip("-")
        var isInteger = true
        var integer: Int64? = 0
        let digits = try skipDigits { digit in
            integer = integer.flatMap { Self.append(digit, to: $0, isNegative: isNegative) }
        }
        if digits > 1, bytes[offset - digits] == UInt8(ascii: "0") {
            throw JSONError(offset: start)
        }
        if skip(".") {
            isInteger = false
            _ = try skipDigits()
        }
        if skip("e") || skip("E") {
            isInteger = false
            if !skip("+") { _ = skip("-") }
            _ = try skipDigits()
        }
        if isInteger, let integer { return .int(integer) }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let double = Double(text), double.isFinite else { throw JSONError(offset: start) }
        return Int64(exactly: double).map(JSONValue.int) ?? .double(double)
    }

    /// Goes past one digit or more; returns how many.
    private mutating func skipDigits(_ visit: (Int64) -> Void = { _ in }) throws(JSONError) -> Int {
        let start = offset
        while let byte = current, byte >= 0x30, byte <= 0x39 {
            visit(Int64(byte - 0x30))
            offset += 1
        }
        guard offset > start else { throw fault }
        return offset - start
    }

    private static func append(_ digit: Int64, to number: Int64, isNegative: Bool) -> Int64? {
        let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
        let (sum, overflow) =
            isNegative
            ? product.subtractingReportingOverflow(digit)
            : product.addingReportingOverflow(digit)
        return isTooLarge || overflow ? nil : sum
    }
}

// MARK: - Strings

extension JSONReader {
    private mutating func string() throws(JSONError) -> String {
        let start = offset
        guard skip("\"") else { throw fault }
        var content: [UInt8] = []
        var run = offset
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fault }
            if byte == UInt8(ascii: "\\") {
                content += bytes[run..<offset]
                offset += 1
                content += try escape().utf8
                run = offset
            } else {
                offset += 1
            }
        }
        content += bytes[run..<offset]
        guard skip("\"") else { throw fault }
        guard let text = String(validating: content, as: UTF8.self), Self.isStreamSafe(text) else {
            throw JSONError(offset: start)
        }
        return text
    }

    /// Whether no more than 30 combining marks follow each other (UAX #15, Stream-Safe Text). To
    /// compare two strings their marks are sorted, which for many takes the square of their number.
    private static func isStreamSafe(_ text: String) -> Bool {
        var marks = 0
        for scalar in text.unicodeScalars {
            let isMark =
                scalar.value >= 0x300
                && scalar.properties.canonicalCombiningClass != .notReordered
            marks = isMark ? marks + 1 : 0
            if marks > 30 { return false }
        }
        return true
    }

    /// What follows a backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = current else { throw fault }
        offset += 1
        switch Unicode.Scalar(byte) {
        case "\"", "\\", "/": return Unicode.Scalar(byte)
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try scalar()
        default: throw fault
        }
    }

    /// Four hexadecimal digits, or two times four that are a surrogate pair.
    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let first = try unit()
        var value = UInt32(first)
        if UTF16.isLeadSurrogate(first) {
            guard skip("\\"), skip("u") else { throw fault }
            let second = try unit()
            guard UTF16.isTrailSurrogate(second) else { throw fault }
            value = 0x10000 + (UInt32(first) & 0x3ff) << 10 + UInt32(second) & 0x3ff
        }
        guard let scalar = Unicode.Scalar(value) else { throw fault }
        return scalar
    }

    private mutating func unit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw fault }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }
}
