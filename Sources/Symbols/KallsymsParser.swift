/// One line of /proc/kallsyms; its names are ranges of the text.
struct KallsymsEntry: Equatable, Sendable {
    var address: UInt64
    /// The letter of nm(1): `T`, `t`, `W`, `w` are code.
    var type: UInt8
    var name: Range<UInt32>
    var module: Range<UInt32>?

    var isCode: Bool {
        [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "W"), UInt8(ascii: "w")].contains(type)
    }

    /// Which of several names at one address to show: the smallest. Code, then global.
    var rank: UInt32 {
        let order: UInt32 =
            switch type {
            case UInt8(ascii: "T"): 0
            case UInt8(ascii: "W"), UInt8(ascii: "w"): 1
            case UInt8(ascii: "t"): 2
            default: 3
            }
        return order
    }
}

/// A cursor over the lines of /proc/kallsyms.
struct KallsymsParser {
    private var position = 0
    private var line = 0

    mutating func parse(_ text: Span<UInt8>) throws(KernelSymbolsError) -> [KallsymsEntry] {
        var entries: [KallsymsEntry] = []
        // Lines of a real table have about 40 bytes.
        entries.reserveCapacity(text.count / 40)
        while position < text.count {
            line += 1
            entries.append(try entry(text))
        }
        return entries
    }

    private mutating func entry(_ text: Span<UInt8>) throws(KernelSymbolsError) -> KallsymsEntry {
        let address = try address(text)
        try expect(UInt8(ascii: " "), text)
        guard position < text.count else { throw .malformed(line: line) }
        let type = text[position]
        position += 1
        try expect(UInt8(ascii: " "), text)
        let name = word(text)
        var module: Range<UInt32>?
        while position < text.count, isSpace(text[position]) { position += 1 }
        if position < text.count, text[position] == UInt8(ascii: "[") {
            let word = word(text)
            guard word.count >= 2, text[Int(word.upperBound) - 1] == UInt8(ascii: "]") else {
                throw .malformed(line: line)
            }
            module = word.lowerBound + 1..<word.upperBound - 1
        }
        guard !name.isEmpty, position == text.count || text[position] == UInt8(ascii: "\n") else {
            throw .malformed(line: line)
        }
        position += 1
        return KallsymsEntry(address: address, type: type, name: name, module: module)
    }

    private mutating func address(_ text: Span<UInt8>) throws(KernelSymbolsError) -> UInt64 {
        var value: UInt64 = 0
        let start = position
        while position < text.count, let digit = hexadecimalDigit(text[position]) {
            value = value << 4 | UInt64(digit)
            position += 1
        }
        guard (1...16).contains(position - start) else { throw .malformed(line: line) }
        return value
    }

    private mutating func expect(_ byte: UInt8, _ text: Span<UInt8>) throws(KernelSymbolsError) {
        guard position < text.count, text[position] == byte else { throw .malformed(line: line) }
        position += 1
    }

    /// The bytes up to the next blank or the line's end.
    private mutating func word(_ text: Span<UInt8>) -> Range<UInt32> {
        let start = position
        while position < text.count, !isSpace(text[position]), text[position] != UInt8(ascii: "\n")
        {
            position += 1
        }
        return UInt32(start)..<UInt32(position)
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
