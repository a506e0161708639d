// Bytes on their way to the recording. One array that is reused: it grows in `reserve` alone, and
// the writers below fill what was reserved.

/// A reusable buffer of encoded entries.
struct Encoder: Sendable {
    /// A varint's longest encoding.
    static let longestVarint = 10

    /// The encoded bytes are the first `count`.
    private(set) var storage: [UInt8]
    private(set) var count = 0

    init(capacity: Int = 0) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    var isEmpty: Bool { count == 0 }

    /// Forgets the bytes, and the memory past `capacity`.
    mutating func removeAll(keeping capacity: Int) {
        count = 0
        if storage.count > capacity { storage = [UInt8](repeating: 0, count: capacity) }
    }

    /// Makes room for `additional` bytes.
    @inline(__always)
    mutating func reserve(_ additional: Int) {
        if storage.count - count < additional { grow(by: additional) }
    }

    @inline(never)
    private mutating func grow(by additional: Int) {
        let wanted = max(count + additional, storage.count * 2, 64)
        storage.append(contentsOf: repeatElement(0, count: wanted - storage.count))
    }

    mutating func append(byte: UInt8) {
        reserve(1)
        storage[count] = byte
        count += 1
    }

    /// Appends `value` as LEB128.
    mutating func append(_ value: UInt64) {
        reserve(Self.longestVarint)
        let start = count
        var span = storage.mutableSpan
        // SAFETY: any bytes are valid elements of a span of bytes; stores are bounds-checked.
        var place = unsafe span.mutableBytes
        count = Self.write(value, to: &place, at: start)
    }

    mutating func append(_ value: UInt32) {
        append(UInt64(value))
    }

    mutating func append(_ value: Bool) {
        append(byte: value ? 1 : 0)
    }

    /// Appends the difference of `value` to `base`, zigzag, so that either sign is short.
    mutating func append(_ value: UInt64, after base: UInt64) {
        append(zigzag(Int64(bitPattern: value &- base)))
    }

    /// Appends the length and the bytes.
    mutating func append(_ bytes: [UInt8]) {
        append(UInt64(bytes.count))
        append(contentsOf: bytes.span)
    }

    /// Appends the length and the UTF-8 bytes.
    mutating func append(_ text: String) {
        append([UInt8](text.utf8))
    }

    /// Appends the bytes alone.
    mutating func append(contentsOf bytes: Span<UInt8>) {
        reserve(bytes.count)
        let start = count
        var place = storage.mutableSpan
        for index in bytes.indices { place[start + index] = bytes[index] }
        count = start + bytes.count
    }

    /// Appends an entry that carries its length: tag, length, body.
    mutating func append(_ tag: EntryTag, body: borrowing Encoder) {
        append(byte: tag.rawValue)
        append(UInt64(body.count))
        append(contentsOf: body.storage.span.extracting(first: body.count))
    }

    /// Writes `value` as LEB128 and returns the place after it. Up to `longestVarint` bytes from
    /// `place` on are overwritten, whatever the value.
    @inline(__always)
    private static func write(
        _ value: UInt64, to bytes: inout MutableRawSpan, at place: Int
    ) -> Int {
        if value >= 1 << 56 { return writeLong(value, to: &bytes, at: place) }
        // Seven bits to each byte, in three steps; no branch depends on the length, which varies
        // from sample to sample.
        var spread = value & 0xfff_ffff | (value & 0xff_ffff_f000_0000) << 4
        spread = spread & 0x3fff_0000_3fff | (spread & 0xfff_c000_0fff_c000) << 2
        spread = spread & 0x7f_007f_007f_007f | (spread & 0x3f80_3f80_3f80_3f80) << 1
        // The value's bits over 7, rounded up; 9/64 is close enough to 1/7 for 56 of them.
        let length = ((64 - (value | 1).leadingZeroBitCount) &* 9 &+ 64) >> 6
        let continued = (1 &<< (8 &* (length &- 1))) &- 1 as UInt64
        spread |= 0x8080_8080_8080_8080 & continued
        bytes.storeBytes(of: spread.littleEndian, toByteOffset: place, as: UInt64.self)
        return place &+ length
    }

    @inline(never)
    private static func writeLong(
        _ value: UInt64, to bytes: inout MutableRawSpan, at place: Int
    ) -> Int {
        var rest = value
        var place = place
        while rest >= 0x80 {
            bytes.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: place, as: UInt8.self)
            rest >>= 7
            place += 1
        }
        bytes.storeBytes(
            of: UInt8(truncatingIfNeeded: rest), toByteOffset: place, as: UInt8.self)
        return place + 1
    }
}

extension Encoder {
    /// Appends `sample` as its difference to `previous`: the hot path, one reservation a sample.
    @inline(__always)
    mutating func append(
        _ sample: SampleState, after previous: SampleState, isKernelMode: Bool
    ) {
        reserve(1 + 5 * Self.longestVarint)
        let start = count
        var span = storage.mutableSpan
        // SAFETY: any bytes are valid elements of a span of bytes; stores are bounds-checked.
        var place = unsafe span.mutableBytes
        var flags: SampleFlags = isKernelMode ? [.sample, .kernelMode] : [.sample]
        let delta = Int64(bitPattern: sample.time &- previous.time)
        var end = Self.write(zigzag(delta), to: &place, at: start + 1)
        if sample.thread != previous.thread {
            flags.insert(.thread)
            end = Self.write(UInt64(sample.thread), to: &place, at: end)
        }
        if sample.event != previous.event {
            flags.insert(.event)
            end = Self.write(UInt64(sample.event), to: &place, at: end)
        }
        if sample.weight != previous.weight {
            flags.insert(.weight)
            end = Self.write(sample.weight, to: &place, at: end)
        }
        if sample.stack != previous.stack {
            flags.insert(.stack)
            end = Self.write(UInt64(sample.stack), to: &place, at: end)
        }
        place.storeBytes(of: flags.rawValue, toByteOffset: start, as: UInt8.self)
        count = end
    }
}
