// Items and options as the tests against Ruby make them up: known shapes with right and with wrong
// lengths, and everything else. The seed is fixed, so that a failure is found again.

import SocketCredentials

/// An item of ancillary data, or an option, with the family of its socket.
struct GeneratedItem {
    enum Kind: String {
        case item
        case option
    }

    var kind: Kind
    var family: Int32
    var level: Int32
    var number: Int32
    var bytes: [UInt8]

    /// The line that inspect.rb reads.
    var line: String {
        let hexadecimal = bytes.map { String($0 / 16, radix: 16) + String($0 % 16, radix: 16) }
        let data = bytes.isEmpty ? "-" : hexadecimal.joined()
        return "\(kind.rawValue) \(family) \(level) \(number) \(data)"
    }

    func rubyInspect(interfaceName: (UInt32) -> String?) -> String {
        switch kind {
        case .item:
            AncillaryData(level: level, type: number, bytes: bytes, on: .linux)
                .rubyInspect(family: family, interfaceName: interfaceName)
        case .option:
            SocketOption(level: level, name: number, bytes: bytes, on: .linux)
                .rubyInspect(family: family, interfaceName: interfaceName)
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

/// A shape that Ruby knows: where it occurs, and the lengths that it has.
struct KnownShape {
    var kind: GeneratedItem.Kind
    var families: [Int32]
    var level: Int32
    var numbers: [Int32]
    var lengths: [Int]
    var content: GeneratedItem.Content = .words

    static let anyFamily: [Int32] = [1, 1, 1, 1, 0, 2, 10, 16, 99]
    static let internet: [Int32] = [2, 10]

    static let all: [KnownShape] = [
        KnownShape(.item, level: 1, [1], [4, 8, 12, 40]),
        KnownShape(.item, level: 1, [2], [12]),
        KnownShape(.item, level: 1, [2], [12]),
        KnownShape(.item, level: 1, [29, 35], [16], .time),
        KnownShape(.item, level: 1, [4, 3, 37, 41], [4, 8, 24]),
        KnownShape(.item, internet, level: 0, [8], [12]),
        KnownShape(.item, internet, level: 41, [50], [20], .address),
        KnownShape(.option, level: 1, [17], [12]),
        KnownShape(.option, level: 1, [17], [12]),
        KnownShape(.option, level: 1, [1, 2, 5, 6, 7, 8, 9, 10, 18, 19, 30], [4]),
        KnownShape(.option, level: 1, [16, 34, 59, 76, 77, 83, 11, 12, 15, 31], [4]),
        KnownShape(.option, level: 1, [3], [4], .small(-2...12)),
        KnownShape(.option, level: 1, [3], [4], .small(2047...2049)),
        KnownShape(.option, level: 1, [4], [4], .small(-2...140)),
        KnownShape(.option, level: 1, [13], [8], .small(-2...3)),
        KnownShape(.option, level: 1, [20, 21], [16], .time),
        KnownShape(.option, internet, level: 0, [32, 33, 34, 35, 36], [4, 8, 12]),
        KnownShape(.option, internet, level: 41, [16, 17, 18, 19, 26], [4]),
        KnownShape(.option, internet, level: 41, [20, 21], [20], .address),
        KnownShape(.option, internet, level: 6, [1], [4]),
        KnownShape(.option, internet, level: 6, [11], [104, 104, 105, 192], .smallBytes(0...12)),
        KnownShape(.option, internet, level: 6, [11], [104]),
    ]

    private init(
        _ kind: GeneratedItem.Kind, _ families: [Int32] = anyFamily, level: Int32,
        _ numbers: [Int32], _ lengths: [Int], _ content: GeneratedItem.Content = .words
    ) {
        self.kind = kind
        self.families = families
        self.level = level
        self.numbers = numbers
        self.lengths = lengths
        self.content = content
    }
}
