// A sample as a view: its numbers are copied out, its callchain stays where it is, as a range of
// the words that were decoded. So a sample costs no allocation and no reference count.

/// One sample. `PERF_RECORD_SAMPLE`.
public struct SampleView: Hashable, Sendable {
    /// Which event took it: the number that `PERF_EVENT_IOC_ID` gives for the event, also where
    /// a child that inherited the event took the sample.
    public let identifier: UInt64
    /// Process and thread, in the pid namespace of whoever opened the event; -1 past its end.
    public let processID: Int32
    public let threadID: Int32
    /// Nanoseconds of the event's clock, `CLOCK_MONOTONIC`.
    public let time: UInt64
    /// How much of the event this sample stands for: nanoseconds of a clock, else a count.
    public let period: UInt64
    public let mode: CPUMode
    /// The callchain's place in the decoded words: innermost first, with context markers.
    public let callchain: Range<Int>

    @inlinable
    init(
        identifier: UInt64, ids: UInt64, time: UInt64, period: UInt64, mode: CPUMode,
        callchain: Range<Int>
    ) {
        self.identifier = identifier
        processID = Int32(truncatingIfNeeded: ids)
        threadID = Int32(truncatingIfNeeded: ids >> 32)
        self.time = time
        self.period = period
        self.mode = mode
        self.callchain = callchain
    }

    /// The sample was taken in kernel mode.
    @inlinable public var isKernelMode: Bool { mode.rawValue == CPUMode.kernel.rawValue }
}

/// A marker in a callchain: the frames after it, up to the next one, are of this context.
/// `enum perf_callchain_context`.
public struct CallchainContext: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable public static var kernel: CallchainContext {
        CallchainContext(rawValue: UInt64(bitPattern: -128))
    }
    @inlinable public static var user: CallchainContext {
        CallchainContext(rawValue: UInt64(bitPattern: -512))
    }

    /// Whether an entry of a callchain is a marker, not an address: at least
    /// `PERF_CONTEXT_MAX`, -4095.
    @inlinable
    public static func isMarker(_ entry: UInt64) -> Bool {
        entry >= UInt64(bitPattern: -4095)
    }
}

extension SampleView {
    /// The frames that follow the first marker of `context`, up to the next marker, innermost
    /// first; empty where the callchain has none of that context.
    ///
    /// - Parameter words: the words that the sample was decoded from.
    @inlinable @inline(__always)
    public func frames(of context: CallchainContext, in words: Span<UInt64>) -> Range<Int> {
        // A span of its own: its count is what both loops compare with anyway, so they need no
        // other check of bounds.
        let chain = words.extracting(callchain)
        var start = 0
        while start < chain.count, chain[start] != context.rawValue { start &+= 1 }
        if start == chain.count { return callchain.upperBound..<callchain.upperBound }
        start &+= 1
        var end = start
        while end < chain.count, !CallchainContext.isMarker(chain[end]) { end &+= 1 }
        return callchain.lowerBound &+ start..<callchain.lowerBound &+ end
    }
}
