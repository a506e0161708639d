// What every driver has.

/// Stops the process, with a message also in an optimized build.
func check(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fatalError(message()) }
}

/// The bytes that libFuzzer passes.
func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    // SAFETY: `count` bytes are readable until the driver returns.
    unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

/// Takes an input apart from its front; what is not there is 0.
struct InputReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// A little-endian number of 64 bits.
    mutating func word() -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(byte()) << UInt64(8 * $1) }
    }

    /// Up to `count` bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
