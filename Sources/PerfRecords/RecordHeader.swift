// The first word of every record (struct perf_event_header of linux/perf_event.h): type in bits
// 0-31, misc in bits 32-47, size in bits 48-63, as a little-endian machine reads it. x86-64 and
// arm64 Linux, the platforms of this package, are little-endian; so is every word in this target.

/// A record's kind, open because kernels add kinds. `PERF_RECORD_*`.
public struct RecordType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let lost = RecordType(rawValue: 2)
    public static let comm = RecordType(rawValue: 3)
    public static let exit = RecordType(rawValue: 4)
    public static let throttle = RecordType(rawValue: 5)
    public static let unthrottle = RecordType(rawValue: 6)
    public static let fork = RecordType(rawValue: 7)
    @inlinable public static var sample: RecordType { RecordType(rawValue: 9) }
    public static let mmap2 = RecordType(rawValue: 10)
    public static let lostSamples = RecordType(rawValue: 13)
}

/// What the processor was doing. `PERF_RECORD_MISC_CPUMODE_MASK`, the low three bits of `misc`.
public struct CPUMode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16

    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let unknown = CPUMode(rawValue: 0)
    @inlinable public static var kernel: CPUMode { CPUMode(rawValue: 1) }
    public static let user = CPUMode(rawValue: 2)
    public static let hypervisor = CPUMode(rawValue: 3)
    public static let guestKernel = CPUMode(rawValue: 4)
    public static let guestUser = CPUMode(rawValue: 5)
}

/// A record's header. `struct perf_event_header`.
public struct RecordHeader: Hashable, Sendable {
    public let type: RecordType
    /// Bits whose meaning depends on the type, and the processor mode in the low three.
    public let misc: UInt16
    /// The record's size in bytes, header included, as the record states it: unchecked.
    public let size: UInt16

    @inlinable
    public init(_ word: UInt64) {
        type = RecordType(rawValue: UInt32(truncatingIfNeeded: word))
        misc = UInt16(truncatingIfNeeded: word >> 32)
        size = UInt16(truncatingIfNeeded: word >> 48)
    }

    @inlinable
    public init(type: RecordType, misc: UInt16 = 0, size: UInt16) {
        self.type = type
        self.misc = misc
        self.size = size
    }

    /// The header as the kernel writes it.
    public var word: UInt64 {
        UInt64(type.rawValue) | UInt64(misc) << 32 | UInt64(size) << 48
    }

    @inlinable public var cpuMode: CPUMode { CPUMode(rawValue: misc & 7) }

    /// The exec that a COMM record reports. `PERF_RECORD_MISC_COMM_EXEC`.
    var isExec: Bool { misc & 1 << 13 != 0 }

    /// An MMAP2 record has a build ID in place of device and inode.
    /// `PERF_RECORD_MISC_MMAP_BUILD_ID`.
    var hasBuildID: Bool { misc & 1 << 14 != 0 }

    /// The record's size in words; nil where it is 0, not a multiple of 8, or past `limit` words.
    @inlinable
    public func wordCount(limit: Int) -> Int? {
        let count = Int(size >> 3)
        return count > 0 && size & 7 == 0 && count <= limit ? count : nil
    }
}
