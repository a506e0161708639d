/// Reads fixed-width numbers in the byte order of the machine, and never past the end.
struct ByteCursor {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// How many bytes have not been read.
    var remaining: Int { bytes.endIndex - position }

    /// Moves on by `count` bytes; the index of the first of them. The one bounds check.
    private mutating func take(_ count: Int) throws(Malformation) -> Int {
        guard count >= 0, count <= remaining else {
            throw .tooShort(found: bytes.count, minimum: position - bytes.startIndex + count)
        }
        defer { position += count }
        return position
    }

    mutating func skip(_ count: Int) throws(Malformation) {
        _ = try take(count)
    }

    mutating func uint16() throws(Malformation) -> UInt16 {
        let start = try take(2)
        return UInt16(littleEndian: UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8)
    }

    mutating func uint32() throws(Malformation) -> UInt32 {
        let start = try take(4)
        let low = UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8
        let high = UInt32(bytes[start + 2]) | UInt32(bytes[start + 3]) << 8
        return UInt32(littleEndian: low | high << 16)
    }

    mutating func uint64() throws(Malformation) -> UInt64 {
        // Two words in the order of the machine.
        let first = UInt64(try uint32())
        let second = UInt64(try uint32())
        return UInt64(littleEndian: 1) == 1 ? first | second << 32 : first << 32 | second
    }

    mutating func int32() throws(Malformation) -> Int32 {
        Int32(bitPattern: try uint32())
    }

    /// The next `count` words.
    mutating func uint32s(_ count: Int) throws(Malformation) -> [UInt32] {
        guard count >= 0, count <= remaining / 4 else {
            throw .tooShort(found: bytes.count, minimum: bytes.count + 1)
        }
        var words: [UInt32] = []
        words.reserveCapacity(count)
        for _ in 0..<count { words.append(try uint32()) }
        return words
    }
}

extension [UInt8] {
    /// Appends a number in the byte order of the machine.
    mutating func append(native value: UInt16) {
        let value = value.littleEndian
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    /// Appends a number in the byte order of the machine.
    mutating func append(native value: UInt32) {
        let value = value.littleEndian
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 24))
    }

    /// Appends a number in the byte order of the machine.
    mutating func append(native value: UInt64) {
        let value = value.littleEndian
        for shift in 0..<8 { append(UInt8(truncatingIfNeeded: value >> (shift * 8))) }
    }

    /// Appends `count` zero bytes.
    mutating func append(zeros count: Int) {
        for _ in 0..<count { append(0) }
    }
}
