// The numbers of the format; docs/recording-format.md has it byte by byte.

/// Where things are in a recording's first page.
enum RecordingHeader {
    /// "PROFREC\n"; the line feed shows a transfer that changed line ends.
    static let magic: [UInt8] = [0x50, 0x52, 0x4f, 0x46, 0x52, 0x45, 0x43, 0x0a]
    static let version: UInt32 = 1
    /// The header's size, and the offset of the first entry.
    static let size = 4096

    static let versionOffset = 8
    static let sizeOffset = 12
    static let committedOffset = 16
    static let stateOffset = 24
    /// Where the recording begins: 0 for right after the header, else the first bucket that is kept.
    static let firstOffset = 72

    static let stateRecording: UInt32 = 0
    static let stateSealed: UInt32 = 1
}

/// The first byte of an entry that carries its length.
enum EntryTag: UInt8 {
    case session = 1
    case event = 2
    case stack = 3
    case thread = 4
    case comm = 5
    case mapping = 6
    case fork = 7
    case exit = 8
    case lost = 9
    case throttle = 10
    case gap = 11
    case cpu = 12
    case end = 13
    case bucket = 14

    /// Reserved space that was never written: the system, not the writer, went down.
    static let unwritten: UInt8 = 0
}

/// The first byte of a sample. A field that is not flagged has the previous sample's value.
struct SampleFlags: OptionSet {
    let rawValue: UInt8

    static let sample = SampleFlags(rawValue: 0x80)
    static let kernelMode = SampleFlags(rawValue: 0x40)
    static let thread = SampleFlags(rawValue: 0x20)
    static let event = SampleFlags(rawValue: 0x10)
    static let weight = SampleFlags(rawValue: 0x08)
    static let stack = SampleFlags(rawValue: 0x04)
    /// Not assigned: a sample has no length, so a reader cannot skip what it does not know.
    static let reserved = SampleFlags(rawValue: 0x03)
}

/// What a sample inherits from the one before it; all zero before the first.
struct SampleState: Equatable, Sendable {
    var time: UInt64 = 0
    var thread: UInt32 = 0
    var event: UInt32 = 0
    var weight: UInt64 = 0
    var stack: UInt32 = 0
    var cpu: UInt32 = 0
}

/// Maps small magnitudes of either sign to small numbers: 0, -1, 1, -2 to 0, 1, 2, 3.
@inline(__always)
func zigzag(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
}

@inline(__always)
func unzigzag(_ value: UInt64) -> Int64 {
    Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
}
