// Reading a recording's bytes. The bounds check is in `byte()` and `take(_:)`, and nowhere else.

/// A place in a recording's bytes, and how far it may go.
struct Cursor: Sendable {
    private let bytes: [UInt8]
    /// The next byte's offset in the file.
    private(set) var offset: Int
    /// The first offset that may not be read.
    private(set) var end: Int
    /// Whether `end` is a body's end; else it is the recording's.
    private var isInBody = false

    /// - Precondition: `end` is not past the bytes.
    init(_ bytes: [UInt8], offset: Int, end: Int) {
        precondition(offset <= end && end <= bytes.count)
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }

    var remaining: Int { end - offset }

    @inline(__always)
    mutating func byte() throws(RecordingError) -> UInt8 {
        guard offset < end else { throw outOfBytes(at: offset) }
        let byte = bytes[offset]
        offset += 1
        return byte
    }

    /// A LEB128 number: at most ten bytes, the tenth 0 or 1.
    @inline(__always)
    mutating func varint() throws(RecordingError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            if shift == 63, byte > 1 { throw .damaged(.varintTooLarge, offset: start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A number that fits 32 bits.
    mutating func word() throws(RecordingError) -> UInt32 {
        let start = offset
        guard let value = UInt32(exactly: try varint()) else {
            throw .damaged(.valueOutOfRange, offset: start)
        }
        return value
    }

    mutating func flag() throws(RecordingError) -> Bool {
        let start = offset
        let value = try byte()
        guard value <= 1 else { throw .damaged(.valueOutOfRange, offset: start) }
        return value == 1
    }

    /// A number that was written as its difference to `base`.
    @inline(__always)
    mutating func varint(after base: UInt64) throws(RecordingError) -> UInt64 {
        base &+ UInt64(bitPattern: unzigzag(try varint()))
    }

    /// How many of something follow; each takes `bytesEach` or more of the bytes that are left.
    mutating func count(bytesEach: Int = 1) throws(RecordingError) -> Int {
        let start = offset
        let count = try varint()
        guard count <= UInt64(remaining / bytesEach) else {
            throw isInBody ? .damaged(.countTooLarge, offset: start) : outOfBytes(at: start)
        }
        return Int(count)
    }

    /// A length and that many bytes.
    mutating func byteString() throws(RecordingError) -> [UInt8] {
        Array(try take(try count()))
    }

    /// A length and that many bytes of text; what is not UTF-8 is repaired.
    mutating func string() throws(RecordingError) -> String {
        String(decoding: try take(try count()), as: UTF8.self)
    }

    private mutating func take(_ count: Int) throws(RecordingError) -> ArraySlice<UInt8> {
        guard count <= remaining else { throw outOfBytes(at: offset) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Narrows the cursor to the entry body whose length comes next; returns the end from before.
    mutating func enterBody() throws(RecordingError) -> Int {
        let length = try count()
        let outerEnd = end
        end = offset + length
        isInBody = true
        return outerEnd
    }

    /// Goes past the body, whatever of it was read, and back to the outer bounds.
    mutating func leaveBody(outerEnd: Int) {
        offset = end
        end = outerEnd
        isInBody = false
    }

    /// Back to the start of an entry that could not be read.
    mutating func rewind(to offset: Int, end: Int) {
        self.offset = offset
        self.end = end
        isInBody = false
    }

    private func outOfBytes(at offset: Int) -> RecordingError {
        .damaged(isInBody ? .bodyTooShort : .incomplete, offset: offset)
    }
}
