// The records beside the samples, with values of their own. They are few (a mapping, a thread, a
// loss), so these may allocate.

/// A decoded record.
public enum PerfRecord: Hashable, Sendable {
    case sample(SampleView)
    case mapping(MappingRecord)
    case comm(CommRecord)
    case fork(TaskRecord)
    case exit(TaskRecord)
    /// Records that found no room in the ring, of every type. `PERF_RECORD_LOST`.
    case lost(LossRecord)
    /// Samples that the hardware or the event lost. `PERF_RECORD_LOST_SAMPLES`.
    case lostSamples(LossRecord)
    case throttle(ThrottleRecord)
    case unthrottle(ThrottleRecord)
}

/// Where and when a record arose: the trailer that `sample_id_all` adds.
public struct RecordOrigin: Hashable, Sendable {
    public let processID: Int32
    public let threadID: Int32
    /// Nanoseconds of the event's clock.
    public let time: UInt64
    /// The event, as in `SampleView.identifier`.
    public let identifier: UInt64
}

/// A file was mapped executable. `PERF_RECORD_MMAP2`.
public struct MappingRecord: Hashable, Sendable {
    /// What identifies the file's contents.
    public enum File: Hashable, Sendable {
        case inode(major: UInt32, minor: UInt32, inode: UInt64, generation: UInt64)
        /// At most 20 bytes.
        case buildID([UInt8])
    }

    public let origin: RecordOrigin
    public let processID: Int32
    public let threadID: Int32
    /// The runtime address of the first byte.
    public let start: UInt64
    /// In bytes.
    public let length: UInt64
    public let fileOffset: UInt64
    public let file: File
    /// `PROT_*`.
    public let protection: UInt32
    /// `MAP_*`.
    public let flags: UInt32
    /// The path, or a name such as `[vdso]` or `//anon`.
    public let path: String
}

/// A thread's name changed. `PERF_RECORD_COMM`.
public struct CommRecord: Hashable, Sendable {
    public let origin: RecordOrigin
    public let processID: Int32
    public let threadID: Int32
    /// The change is an execve(2): every earlier mapping of the process is gone.
    public let isExec: Bool
    public let name: String
}

/// A task began or ended. `PERF_RECORD_FORK`, `PERF_RECORD_EXIT`.
public struct TaskRecord: Hashable, Sendable {
    public let origin: RecordOrigin
    public let processID: Int32
    public let parentProcessID: Int32
    public let threadID: Int32
    public let parentThreadID: Int32
    public let time: UInt64
}

/// Records or samples that are missing at this place.
public struct LossRecord: Hashable, Sendable {
    public let origin: RecordOrigin
    public let count: UInt64
}

/// The kernel stops an event that is too frequent until the next tick, or lets it run again.
/// `PERF_RECORD_THROTTLE`, `PERF_RECORD_UNTHROTTLE`.
public struct ThrottleRecord: Hashable, Sendable {
    public let origin: RecordOrigin
    public let time: UInt64
    /// The event, as in `SampleView.identifier`.
    public let identifier: UInt64
}
