// What one event is to do, as a value: the part of struct perf_event_attr that profilerd uses.
// Everything else stays zero. What never changes is written once, in `kernelValue`.

internal import CLinux
public import PerfRecords

/// How often an event samples.
public enum SamplingRate: Hashable, Sendable {
    /// Samples a second, at least 1.
    case frequency(UInt64)
    /// One sample every so many events (nanoseconds for a clock), at least 1.
    case period(UInt64)
}

/// The attributes of an event. `struct perf_event_attr`.
public struct PerfEventAttributes: Hashable, Sendable {
    /// `PERF_TYPE_*` or a number of /sys/bus/event_source/devices.
    public var type: UInt32
    public var config: UInt64
    public var rate: SamplingRate
    /// Leaves out what happens in kernel mode. `exclude_kernel`.
    public var excludesKernel = false
    /// Leaves kernel addresses out of the callchain. `exclude_callchain_kernel`.
    public var excludesKernelCallchain = true
    /// Also follows new processes, not only new threads. `inherit` without `inherit_thread`.
    public var followsChildren = false
    /// The threads that are born of the event's thread have it, too. `inherit`. What is of a
    /// cgroup, and so of no thread, has nothing to inherit from.
    public var isInherited = true
    /// `enable_on_exec`.
    public var enablesOnExec = false
    /// Reports mappings, names, forks and exits.
    public var reportsTasks = false
    /// Has mappings carry build IDs (Linux 5.12). `build_id`.
    public var reportsBuildIDs = false
    /// Has the kernel tell, when the event is read, how many of its records found no room in the
    /// ring (Linux 6.0). `PERF_FORMAT_LOST`, and `PERF_FORMAT_ID`, by which whoever gets the
    /// descriptor recognises it.
    public var countsLost = true
    /// How many unread bytes wake a reader. `wakeup_watermark`.
    public var wakeupWatermark: UInt32

    /// The fields of each sample; the other records end with them too.
    public static let sampleFields = SampleFields.profile

    // `PERF_FORMAT_ID`, and `PERF_FORMAT_LOST`, which older headers lack.
    private static let identifierFormat: UInt64 = 1 << 2
    private static let lostFormat: UInt64 = 1 << 4

    public init(type: UInt32, config: UInt64, rate: SamplingRate, wakeupWatermark: UInt32) {
        self.type = type
        self.config = config
        self.rate = rate
        self.wakeupWatermark = wakeupWatermark
    }

    var kernelValue: perf_event_attr {
        var value = perf_event_attr()
        value.size = UInt32(MemoryLayout<perf_event_attr>.size)
        value.type = type
        value.config = config
        switch rate {
        case .frequency(let frequency):
            value.freq = 1
            value.sample_freq = frequency
        case .period(let period):
            value.sample_period = period
        }
        value.sample_type = Self.sampleFields.rawValue
        if countsLost { value.read_format = Self.identifierFormat | Self.lostFormat }
        value.sample_id_all = 1
        value.use_clockid = 1
        value.clockid = clinux_clock_monotonic()
        value.disabled = 1
        value.inherit = isInherited ? 1 : 0
        value.inherit_thread = isInherited && !followsChildren ? 1 : 0
        value.enable_on_exec = enablesOnExec ? 1 : 0
        value.exclude_kernel = excludesKernel ? 1 : 0
        value.exclude_callchain_kernel = excludesKernelCallchain ? 1 : 0
        value.exclude_hv = 1
        value.watermark = 1
        value.wakeup_watermark = wakeupWatermark
        if reportsTasks {
            value.mmap = 1
            value.mmap2 = 1
            value.comm = 1
            value.comm_exec = 1
            value.task = 1
            value.build_id = reportsBuildIDs ? 1 : 0
        }
        return value
    }
}
