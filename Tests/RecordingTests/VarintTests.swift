import Testing

@testable import Recording

struct VarintTests {
    /// Every power of two and its neighbours.
    static let values: [UInt64] = (0..<64 as Range<UInt64>).flatMap { shift in
        let power: UInt64 = 1 << shift
        return [power - 1, power, power + 1, ~power]
    }

    @Test(arguments: values)
    func `a number comes back in as few bytes as LEB128 has`(value: UInt64) throws {
        var encoder = Encoder()
        encoder.append(value)
        #expect(encoder.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
        var cursor = Cursor(Array(encoder.storage), offset: 0, end: encoder.count)
        #expect(try cursor.varint() == value)
        #expect(cursor.remaining == 0)
    }

    @Test(arguments: values)
    func `a difference of either sign comes back`(value: UInt64) throws {
        for base in [0, 1, value, ~value, 1 << 63, .max] {
            var encoder = Encoder()
            encoder.append(value, after: base)
            var cursor = Cursor(encoder.storage, offset: 0, end: encoder.count)
            #expect(try cursor.varint(after: base) == value)
        }
    }

    @Test func `a number padded with zeros is read`() throws {
        var cursor = Cursor([0x81, 0x80, 0x00], offset: 0, end: 3)
        #expect(try cursor.varint() == 1)
    }

    @Test(arguments: [
        [UInt8](repeating: 0x80, count: 10) + [0x00],
        [UInt8](repeating: 0xff, count: 10) + [0x01],
        [UInt8](repeating: 0xff, count: 9) + [0x02],
        [UInt8](repeating: 0x80, count: 9) + [0x7f],
        [UInt8](repeating: 0x80, count: 9) + [0x81],
    ])
    func `a number of more than 64 bits is refused`(bytes: [UInt8]) {
        var cursor = Cursor(bytes, offset: 0, end: bytes.count)
        #expect(throws: RecordingError.damaged(.varintTooLarge, offset: 0)) {
            try cursor.varint()
        }
    }

    @Test func `a number that does not end is incomplete`() {
        for count in 0...9 {
            var cursor = Cursor([UInt8](repeating: 0x80, count: count), offset: 0, end: count)
            #expect(throws: RecordingError.damaged(.incomplete, offset: count)) {
                try cursor.varint()
            }
        }
    }

    @Test func `a number of 33 bits is no word`() {
        var cursor = Cursor([0x80, 0x80, 0x80, 0x80, 0x10], offset: 0, end: 5)
        #expect(throws: RecordingError.damaged(.valueOutOfRange, offset: 0)) {
            try cursor.word()
        }
    }
}
