// JSON text to a value (RFC 8259). Whoever may connect can have the daemon parse 64 KiB, so what
// counts is what the worst text costs: each byte is looked at once, nothing is tried and undone,
// and neither depth nor the length of a number is without limit. A key that comes twice is refused:
// two readers of one text must not see two different requests.

struct JSONParser {
    /// Objects and arrays inside each other.
    static let depthLimit = 64
    /// Bytes of one number. The longest that a Double is written with has 25.
    static let numberLimit = 64

    private let bytes: [UInt8]
    private var position = 0

    /// - Throws: `JSONError` where `bytes` are not one complete value.
    static func value(of bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value(depth: 0)
        guard parser.position == bytes.count else { throw JSONError() }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The next byte; nil at the end.
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            position += 1
        }
    }

    /// Takes `byte` if it is the next one.
    private mutating func takes(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func demand(_ byte: Unicode.Scalar) throws(JSONError) {
        guard takes(byte) else { throw JSONError() }
    }

    /// A value with the space around it.
    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        defer { skipSpace() }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let text = word.description.utf8
        guard bytes[position...].starts(with: text) else { throw JSONError() }
        position += text.count
        return value
    }
}

// MARK: - Arrays and objects

extension JSONParser {
    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.depthLimit else { throw JSONError() }
        try demand("[")
        skipSpace()
        var values: [JSONValue] = []
        if takes("]") { return .array(values) }
        repeat { values.append(try value(depth: depth)) } while takes(",")
        try demand("]")
        return .array(values)
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.depthLimit else { throw JSONError() }
        try demand("{")
        skipSpace()
        var fields: [String: JSONValue] = [:]
        if takes("}") { return .object(fields) }
        repeat {
            skipSpace()
            let key = try string()
            skipSpace()
            try demand(":")
            let value = try value(depth: depth)
            guard fields.updateValue(value, forKey: key) == nil else { throw JSONError() }
        } while takes(",")
        try demand("}")
        return .object(fields)
    }
}

// MARK: - Strings

extension JSONParser {
    private mutating func string() throws(JSONError) -> String {
        try demand("\"")
        let start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try Self.text(bytes[start..<position])
            case UInt8(ascii: "\\"): return try escapedString(bytes[start..<position])
            case 0..<0x20: throw JSONError()
            default: position += 1
            }
        }
        throw JSONError()
    }

    /// The rest of a string from its first escape on.
    private mutating func escapedString(
        _ beginning: ArraySlice<UInt8>
    ) throws(JSONError) -> String {
        var unescaped = Array(beginning)
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try Self.text(unescaped[...])
            case UInt8(ascii: "\\"): unescaped += String(try escape()).utf8
            case 0..<0x20: throw JSONError()
            default: unescaped.append(byte)
            }
        }
        throw JSONError()
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw JSONError() }
        return text
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = next else { throw JSONError() }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return .init(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw JSONError()
        }
    }

    /// One unit of UTF-16, or the two of a pair.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, takes("\\"), takes("u") else { throw JSONError() }
        let second = try hexadecimal()
        guard 0xdc00..<0xe000 ~= second,
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw JSONError() }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw JSONError()
            }
            position += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}

// MARK: - Numbers

extension JSONParser {
    /// An integer where it is one, and fits; `1.0` and `1e2` are.
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = takes("-")
        // No zero in front of other digits.
        if !takes("0") { try digits() }
        let integerEnd = position
        if takes(".") { try digits() }
        if takes("e") || takes("E") {
            if !takes("+") { _ = takes("-") }
            try digits()
        }
        guard position - start <= Self.numberLimit else { throw JSONError() }
        if integerEnd == position, let value = integer(from: start, isNegative) {
            return .int(value)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let double = Double(text), double.isFinite else { throw JSONError() }
        return Int64(exactly: double).map(JSONValue.int) ?? .double(double)
    }

    /// The digits up to here; nil where they are too many for 64 bits.
    private func integer(from start: Int, _ isNegative: Bool) -> Int64? {
        var value: Int64 = 0
        for byte in bytes[(isNegative ? start + 1 : start)..<position] {
            let digit = Int64(byte &- 0x30)
            let (shifted, isWide) = value.multipliedReportingOverflow(by: 10)
            let (sum, isOver) =
                isNegative
                ? shifted.subtractingReportingOverflow(digit)
                : shifted.addingReportingOverflow(digit)
            if isWide || isOver { return nil }
            value = sum
        }
        return value
    }

    /// One digit or more.
    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, 0x30...0x39 ~= byte { position += 1 }
        if position == start { throw JSONError() }
    }
}
