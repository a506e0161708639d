// What a recording lacks, added up: the writer counts what it is given, the reader what it finds,
// and the two must agree.

/// Everything that is known to be missing from a recording.
public struct LossTotals: Equatable, Sendable {
    /// Records that found no room in a ring (`LostCause.ring`).
    public internal(set) var ring: UInt64 = 0
    /// Samples that the kernel dropped alone (`LostCause.samples`).
    public internal(set) var kernel: UInt64 = 0
    /// Samples that the daemon drained and could not record (`LostCause.daemon`).
    public internal(set) var daemon: UInt64 = 0
    /// Samples lost by causes that this version does not know.
    public internal(set) var other: UInt64 = 0
    /// Samples left out because the recording has them already: not lost.
    public internal(set) var duplicates: UInt64 = 0
    /// How often the kernel began to throttle an event.
    public internal(set) var throttles: UInt64 = 0
    /// Nanoseconds from throttles to their ends, summed over CPUs and events.
    public internal(set) var throttledNanoseconds: UInt64 = 0
    /// Spans of time in which nothing was recorded.
    public internal(set) var gaps: UInt64 = 0
    public internal(set) var gapNanoseconds: UInt64 = 0
    /// When each event that is throttled became so, by CPU and event.
    private var throttledSince: [UInt64: UInt64] = [:]

    public init() {}

    /// Lost samples of all causes.
    public var lost: UInt64 {
        ring.addingSaturated(kernel).addingSaturated(daemon).addingSaturated(other)
    }

    /// Counts `lost` by its cause.
    public mutating func count(_ lost: Lost) {
        switch lost.cause {
        case .ring: ring = ring.addingSaturated(lost.count)
        case .samples: kernel = kernel.addingSaturated(lost.count)
        case .daemon: daemon = daemon.addingSaturated(lost.count)
        case .duplicate: duplicates = duplicates.addingSaturated(lost.count)
        default: other = other.addingSaturated(lost.count)
        }
    }

    /// Counts samples that could not be recorded, and of which no entry tells.
    mutating func count(unrecorded: UInt64) {
        daemon = daemon.addingSaturated(unrecorded)
    }

    public mutating func count(_ throttle: Throttle) {
        let key = UInt64(throttle.cpu) << 32 | UInt64(throttle.event)
        if throttle.isThrottled {
            throttles = throttles.addingSaturated(1)
            if throttledSince[key] == nil { throttledSince[key] = throttle.time }
        } else if let start = throttledSince.removeValue(forKey: key), start < throttle.time {
            throttledNanoseconds = throttledNanoseconds.addingSaturated(throttle.time - start)
        }
    }

    public mutating func count(_ gap: Gap) {
        gaps = gaps.addingSaturated(1)
        if gap.end > gap.start {
            gapNanoseconds = gapNanoseconds.addingSaturated(gap.end - gap.start)
        }
    }
}

extension LossTotals {
    /// How many `words` there are.
    public static let wordCount = 9

    /// The sums, for whoever goes on with the recording; not the throttles that have not ended.
    public var words: [UInt64] {
        [
            ring, kernel, daemon, other, duplicates, throttles, throttledNanoseconds, gaps,
            gapNanoseconds,
        ]
    }

    /// Takes the sums up again; nil where they are not as many.
    public init?(words: [UInt64]) {
        guard words.count == Self.wordCount else { return nil }
        self.init()
        (ring, kernel, daemon) = (words[0], words[1], words[2])
        (other, duplicates, throttles) = (words[3], words[4], words[5])
        (throttledNanoseconds, gaps, gapNanoseconds) = (words[6], words[7], words[8])
    }
}
