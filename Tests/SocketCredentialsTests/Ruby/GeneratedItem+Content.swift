import SocketCredentials

extension GeneratedItem {
    /// What the bytes of a made-up item are.
    enum Content {
        /// Words of 32 bits: ids at the edges of their range, and any others.
        case words
        /// Seconds within the range of localtime(3), then any fraction.
        case time
        /// Words from a range.
        case small(ClosedRange<Int32>)
        /// Bytes from a range.
        case smallBytes(ClosedRange<UInt8>)
        /// An IPv6 address of runs of zeros, then a word.
        case address
        /// Any bytes.
        case bytes
        /// Printable characters, most of them those that Ruby escapes.
        case text
    }

    /// Ids of interest: zero, the ends of both 31 and 32 bits, the overflow id, an interface.
    static let words: [UInt32] = [
        0, 1, 2, 1000, 65534, 2_147_483_647, 2_147_483_648, 4_000_000_000, 4_294_967_294,
        4_294_967_295,
    ]

    static func contents(
        _ content: Content, count: Int, using generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += chunk(content, at: bytes.count, using: &generator)
        }
        return Array(bytes.prefix(count))
    }

    private static func chunk(
        _ content: Content, at offset: Int, using generator: inout SeededGenerator
    ) -> [UInt8] {
        switch content {
        case .words: return native(word(using: &generator))
        case .small(let range):
            return native(UInt32(bitPattern: .random(in: range, using: &generator)))
        case .smallBytes(let range): return [.random(in: range, using: &generator)]
        case .bytes: return [.random(in: 0...255, using: &generator)]
        case .text: return text(using: &generator)
        case .address: return offset < 16 ? group(using: &generator) : [1, 2, 0, 0]
        case .time:
            let number = offset == 0 ? seconds(using: &generator) : fraction(using: &generator)
            return native(UInt32(truncatingIfNeeded: number))
                + native(UInt32(truncatingIfNeeded: number >> 32))
        }
    }

    private static func word(using generator: inout SeededGenerator) -> UInt32 {
        Bool.random(using: &generator)
            ? words[Int.random(in: words.indices, using: &generator)]
            : .random(in: 0...(.max), using: &generator)
    }

    /// Half of the groups are zero.
    private static func group(using generator: inout SeededGenerator) -> [UInt8] {
        let number = UInt16.random(in: 0...(.max), using: &generator)
        let shift = Int.random(in: 0...16, using: &generator)
        let group = Bool.random(using: &generator) ? 0 : shift == 16 ? 0xffff : number >> shift
        return [UInt8(group >> 8), UInt8(truncatingIfNeeded: group)]
    }

    private static func seconds(using generator: inout SeededGenerator) -> Int64 {
        let ranges: [ClosedRange<Int64>] = [
            0...4_000_000_000, -99_999_999_999...99_999_999_999, -1...1,
            -67_768_040_609_740_800...67_768_036_191_676_799,
        ]
        return .random(in: ranges[Int.random(in: 0..<4, using: &generator)], using: &generator)
    }

    private static func fraction(using generator: inout SeededGenerator) -> Int64 {
        let ranges: [ClosedRange<Int64>] = [0...999_999, -1_000_000...1_000_000, .min ... .max]
        return .random(in: ranges[Int.random(in: 0..<3, using: &generator)], using: &generator)
    }

    private static func text(using generator: inout SeededGenerator) -> [UInt8] {
        let special = Array("\"\\#$@{}\u{07}\u{08}\t\n\u{0b}\u{0c}\r\u{1b}\u{7f}".utf8)
        return Bool.random(using: &generator)
            ? [special[Int.random(in: special.indices, using: &generator)]]
            : [.random(in: 0x20...0x7e, using: &generator)]
    }

    private static func native(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word.littleEndian >> ($0 * 8)) }
    }
}

// MARK: - All of them

extension GeneratedItem {
    /// `rounds` times every known shape: with a right length, with a wrong one, and another thing.
    static func all(rounds: Int, seed: UInt64) -> [GeneratedItem] {
        var generator = SeededGenerator(state: seed)
        var items: [GeneratedItem] = []
        for _ in 0..<rounds {
            for shape in KnownShape.all {
                items.append(known(shape, using: &generator))
                items.append(cut(shape, using: &generator))
                items.append(other(using: &generator))
            }
        }
        return items
    }

    private static func known(
        _ shape: KnownShape, using generator: inout SeededGenerator
    ) -> GeneratedItem {
        let length = shape.lengths[Int.random(in: shape.lengths.indices, using: &generator)]
        return item(
            shape, contents(shape.content, count: length, using: &generator), using: &generator)
    }

    private static func cut(
        _ shape: KnownShape, using generator: inout SeededGenerator
    ) -> GeneratedItem {
        let length = Int.random(in: 0...130, using: &generator)
        let isText = Bool.random(using: &generator)
        // Seconds out of range end in whatever was on Ruby's stack.
        let content: Content = length == 16 ? shape.content : isText ? .text : .bytes
        return item(
            shape, contents(content, count: length, using: &generator), using: &generator)
    }

    private static func item(
        _ shape: KnownShape, _ bytes: [UInt8], using generator: inout SeededGenerator
    ) -> GeneratedItem {
        GeneratedItem(
            kind: shape.kind,
            family: shape.families[Int.random(in: shape.families.indices, using: &generator)],
            level: shape.level,
            number: shape.numbers[Int.random(in: shape.numbers.indices, using: &generator)],
            bytes: bytes)
    }

    /// Any family, level and number, but for the times.
    private static func other(using generator: inout SeededGenerator) -> GeneratedItem {
        let levels: [Int32] = [
            0, 1, 6, 17, 41, 58, 255, 300, .max, .min,
            .random(in: -2...270, using: &generator),
        ]
        var other = GeneratedItem(
            kind: Bool.random(using: &generator) ? .item : .option,
            family: .random(in: -1...48, using: &generator),
            level: levels[Int.random(in: levels.indices, using: &generator)],
            number: Bool.random(using: &generator)
                ? .random(in: -2...90, using: &generator)
                : .random(in: (.min)...(.max), using: &generator),
            bytes: [])
        if Bool.random(using: &generator) {
            other.family = KnownShape.internet[Int.random(in: 0..<2, using: &generator)]
        }
        let length = Int.random(in: 0...40, using: &generator)
        other.bytes = contents(.bytes, count: length == 16 ? 15 : length, using: &generator)
        return other
    }
}

extension GeneratedItem {
    /// Every family, level, option, type of item and errno from -2 to what Linux has no more of.
    static var everyName: [GeneratedItem] {
        let ids: ClosedRange<Int32> = -2...150
        let levels: [Int32] = [0, 1, 6, 17, 41]
        let numbers = [Kind.item, .option].flatMap { kind in
            [1, 2, 10].flatMap { family in
                levels.flatMap { level in
                    ids.map { GeneratedItem(kind, family: family, level: level, number: $0) }
                }
            }
        }
        let families = ids.map { GeneratedItem(.item, family: $0, level: 1, number: 0) }
        let everyLevel = (-2...300).map { GeneratedItem(.item, family: 2, level: $0, number: 0) }
        let errors = ids.map {
            GeneratedItem(
                .option, family: 1, level: 1, number: 4, native(UInt32(bitPattern: $0)))
        }
        return numbers + families + everyLevel + errors
    }

    private init(
        _ kind: Kind, family: Int32, level: Int32, number: Int32, _ bytes: [UInt8] = []
    ) {
        self.init(kind: kind, family: family, level: level, number: number, bytes: bytes)
    }
}
