// What a session lacks, and why: the part of its status that keeps the rest honest.

internal import Varlink

/// What is missing from a session's recording.
public struct SessionLosses: Hashable, Sendable {
    /// Records that found no room in a ring.
    public var ring: UInt64
    /// Samples that the kernel dropped alone.
    public var kernel: UInt64
    /// Samples that the service drained and could not record.
    public var service: UInt64
    /// How often the kernel throttled an event, and for how long.
    public var throttles: UInt64
    public var throttledNanoseconds: UInt64
    /// Spans of time in which nothing was recorded.
    public var gaps: UInt64
    public var gapNanoseconds: UInt64

    public init(
        ring: UInt64 = 0, kernel: UInt64 = 0, service: UInt64 = 0, throttles: UInt64 = 0,
        throttledNanoseconds: UInt64 = 0, gaps: UInt64 = 0, gapNanoseconds: UInt64 = 0
    ) {
        self.ring = ring
        self.kernel = kernel
        self.service = service
        self.throttles = throttles
        self.throttledNanoseconds = throttledNanoseconds
        self.gaps = gaps
        self.gapNanoseconds = gapNanoseconds
    }
}

extension SessionLosses {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        ring = try reader.int("ring")
        kernel = try reader.int("kernel")
        service = try reader.int("service")
        throttles = try reader.int("throttles")
        throttledNanoseconds = try reader.int("throttledNanoseconds")
        gaps = try reader.int("gaps")
        gapNanoseconds = try reader.int("gapNanoseconds")
    }

    var json: JSONValue {
        [
            "ring": .int(Int64(clamping: ring)), "kernel": .int(Int64(clamping: kernel)),
            "service": .int(Int64(clamping: service)),
            "throttles": .int(Int64(clamping: throttles)),
            "throttledNanoseconds": .int(Int64(clamping: throttledNanoseconds)),
            "gaps": .int(Int64(clamping: gaps)),
            "gapNanoseconds": .int(Int64(clamping: gapNanoseconds)),
        ]
    }
}
