// The entries that describe the session: what was recorded, under which events, how it ended.

/// A fact about the session: a key of `SessionKey` or another, and its text.
public struct SessionFact: Equatable, Sendable {
    public var key: String
    public var value: String

    public init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}

/// The keys that every recording of this version has.
public enum SessionKey {
    public static let session = "session"
    public static let profilerdVersion = "profilerd.version"
    public static let uid = "target.uid"
    /// Of a process; a cgroup has its place in the hierarchy instead, and whether processes of other
    /// users were recorded with it (`yes` or `no`).
    public static let pid = "target.pid"
    public static let cgroup = "target.cgroup"
    public static let mixedUIDs = "target.mixed-uids"
    public static let command = "target.command"
    public static let hostname = "host.name"
    /// As uname(2) has it, `x86_64`.
    public static let architecture = "host.architecture"
    public static let osRelease = "host.osrelease"
    /// CLOCK_REALTIME and CLOCK_MONOTONIC of one instant, in nanoseconds.
    public static let startRealtime = "start.realtime"
    public static let startMonotonic = "start.monotonic"
    /// `none`, `mode` (samples say kernel mode, no kernel address) or `addresses`.
    public static let kernelFrames = "kernel.frames"
    /// A sentence for whoever reads a report; there may be any number, also in later entries.
    public static let note = "note"
}

/// An event that samples name by its index.
public struct EventDefinition: Equatable, Sendable {
    public var index: UInt32
    /// The name that the event was asked for with, `cpu-clock`.
    public var name: String
    /// `perf_event_attr.type` and `.config`.
    public var type: UInt32
    public var config: UInt64
    /// Whether `periodOrFrequency` is samples a second (`perf_event_attr.freq`).
    public var isFrequency: Bool
    public var periodOrFrequency: UInt64
    /// What a sample's weight counts.
    public var unit: WeightUnit

    public init(
        index: UInt32, name: String, type: UInt32, config: UInt64, isFrequency: Bool,
        periodOrFrequency: UInt64, unit: WeightUnit
    ) {
        self.index = index
        self.name = name
        self.type = type
        self.config = config
        self.isFrequency = isFrequency
        self.periodOrFrequency = periodOrFrequency
        self.unit = unit
    }
}

/// The unit of a weight, by its name in the file.
public struct WeightUnit: RawRepresentable, Hashable, Sendable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let nanoseconds = WeightUnit(rawValue: "nanoseconds")
    public static let cycles = WeightUnit(rawValue: "cycles")
    public static let count = WeightUnit(rawValue: "count")
}

/// The recording's last entry; only a sealed recording has it.
public struct End: Equatable, Sendable {
    public var time: UInt64
    public var reason: EndReason
    /// Samples in the recording.
    public var samples: UInt64
    /// Samples that are not, as far as anyone counted them.
    public var lost: UInt64

    public init(time: UInt64, reason: EndReason, samples: UInt64, lost: UInt64) {
        self.time = time
        self.reason = reason
        self.samples = samples
        self.lost = lost
    }
}

/// Why a recording ended.
public struct EndReason: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Somebody asked for it.
    public static let stopped = EndReason(rawValue: 1)
    public static let targetExited = EndReason(rawValue: 2)
    public static let durationReached = EndReason(rawValue: 3)
    /// The recording's configured size.
    public static let sizeLimit = EndReason(rawValue: 4)
    /// A full disk, an exhausted quota, RLIMIT_FSIZE.
    public static let storageFull = EndReason(rawValue: 5)
    public static let daemonStopped = EndReason(rawValue: 6)
    public static let failure = EndReason(rawValue: 7)
}

// Whether one is another said again. By their bytes: texts that a hostile recording has may take a long
// time to compare as text.

extension SessionFact {
    func repeats(_ other: SessionFact) -> Bool {
        key.utf8.elementsEqual(other.key.utf8) && value.utf8.elementsEqual(other.value.utf8)
    }
}

extension EventDefinition {
    func repeats(_ other: EventDefinition) -> Bool {
        index == other.index && type == other.type && config == other.config
            && isFrequency == other.isFrequency && periodOrFrequency == other.periodOrFrequency
            && name.utf8.elementsEqual(other.name.utf8)
            && unit.rawValue.utf8.elementsEqual(other.unit.rawValue.utf8)
    }
}

extension SessionFact {
    func encode(to body: inout Encoder) {
        body.append(key)
        body.append(value)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        key = try body.string()
        value = try body.string()
    }
}

extension EventDefinition {
    func encode(to body: inout Encoder) {
        body.append(index)
        body.append(name)
        body.append(type)
        body.append(config)
        body.append(isFrequency)
        body.append(periodOrFrequency)
        body.append(unit.rawValue)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        index = try body.word()
        name = try body.string()
        type = try body.word()
        config = try body.varint()
        isFrequency = try body.flag()
        periodOrFrequency = try body.varint()
        unit = WeightUnit(rawValue: try body.string())
    }
}

extension End {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(reason.rawValue)
        body.append(samples)
        body.append(lost)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        reason = EndReason(rawValue: try body.word())
        samples = try body.varint()
        lost = try body.varint()
    }
}
