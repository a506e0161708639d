// The entries that keep a recording honest: what is missing from it, and why.

/// Samples that were taken and are not in the recording.
public struct Lost: Equatable, Sendable {
    public var time: UInt64
    public var cpu: UInt32
    /// Index of an `EventDefinition`.
    public var event: UInt32
    public var count: UInt64
    public var cause: LostCause

    public init(time: UInt64, cpu: UInt32, event: UInt32, count: UInt64, cause: LostCause) {
        self.time = time
        self.cpu = cpu
        self.event = event
        self.count = count
        self.cause = cause
    }
}

/// Where samples were lost.
public struct LostCause: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The ring was full (`PERF_RECORD_LOST`, and what `PERF_FORMAT_LOST` has beyond it).
    public static let ring = LostCause(rawValue: 1)
    /// The kernel dropped samples alone (`PERF_RECORD_LOST_SAMPLES`).
    public static let samples = LostCause(rawValue: 2)
    /// The daemon drained them and could not record them.
    public static let daemon = LostCause(rawValue: 3)
    /// Two events were open on the same thread and CPU; the second one's samples do not count,
    /// and are no loss.
    public static let duplicate = LostCause(rawValue: 4)
}

/// The kernel began or ended throttling an event (`PERF_RECORD_THROTTLE`, `_UNTHROTTLE`).
public struct Throttle: Equatable, Sendable {
    public var time: UInt64
    public var cpu: UInt32
    public var isThrottled: Bool
    /// Index of an `EventDefinition`.
    public var event: UInt32

    public init(time: UInt64, cpu: UInt32, isThrottled: Bool, event: UInt32) {
        self.time = time
        self.cpu = cpu
        self.isThrottled = isThrottled
        self.event = event
    }
}

/// A span of time in which nothing was recorded.
public struct Gap: Equatable, Sendable {
    public var start: UInt64
    public var end: UInt64
    public var cause: GapCause

    public init(start: UInt64, end: UInt64, cause: GapCause) {
        self.start = start
        self.end = end
        self.cause = cause
    }
}

/// Why nothing was recorded.
public struct GapCause: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let paused = GapCause(rawValue: 1)
    public static let daemonRestarted = GapCause(rawValue: 2)
}

extension Lost {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(cpu)
        body.append(event)
        body.append(count)
        body.append(cause.rawValue)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        cpu = try body.word()
        event = try body.word()
        count = try body.varint()
        cause = LostCause(rawValue: try body.word())
    }
}

extension Throttle {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(cpu)
        body.append(isThrottled)
        body.append(event)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        cpu = try body.word()
        isThrottled = try body.flag()
        event = try body.word()
    }
}

extension Gap {
    func encode(to body: inout Encoder) {
        body.append(start)
        body.append(end)
        body.append(cause.rawValue)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        start = try body.varint()
        end = try body.varint()
        cause = GapCause(rawValue: try body.word())
    }
}
