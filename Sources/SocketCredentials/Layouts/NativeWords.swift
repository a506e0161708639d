extension ArraySlice<UInt8> {
    /// The whole 32-bit words, in the byte order of the machine.
    var nativeWords: [UInt32] {
        var cursor = ByteCursor(self)
        return (try? cursor.uint32s(count / 4)) ?? []
    }

    /// The whole C `int`s, in the byte order of the machine.
    var nativeInts: [Int32] {
        var cursor = ByteCursor(self)
        var ints: [Int32] = []
        ints.reserveCapacity(count / 4)
        while let int = try? cursor.int32() { ints.append(int) }
        return ints
    }

    /// One C `int`, in the byte order of the machine; nil unless the bytes are exactly one.
    var nativeInt: Int32? {
        guard count == 4 else { return nil }
        var cursor = ByteCursor(self)
        return try? cursor.int32()
    }
}
