// The time that a report is of: from the session's start to the recording's end, or as much of its end
// as the recording keeps. Recordings keep somewhat more than they were asked for; a report does not
// show it.

internal import Recording

struct ReportedTime {
    /// When the session began, in nanoseconds of CLOCK_MONOTONIC; nil where the recording does not say.
    var sessionStart: UInt64?
    private var firstSample = UInt64.max
    private var last: UInt64 = 0
    /// When the last bucket began.
    private var lastBucket: UInt64 = 0

    mutating func see(_ time: UInt64) {
        firstSample = min(firstSample, time)
        last = max(last, time)
    }

    mutating func see(_ bucket: Bucket) { lastBucket = max(lastBucket, bucket.time) }

    private var beginning: UInt64 { sessionStart ?? firstSample }

    /// Where the report begins and ends.
    func range(of reader: RecordingReader) -> Range<UInt64> {
        guard let bucket = reader.firstBucket else { return beginning..<max(beginning, last) }
        // A target that rests takes no samples: the time goes on all the same.
        let end = max(last, lastBucket, reader.drainedAt)
        let start = max(end - min(bucket.window, end), beginning)
        return min(start, end)..<end
    }

    /// What is to be said where the recording keeps only its last time.
    func notes(on range: Range<UInt64>, of reader: RecordingReader) -> [String] {
        guard let bucket = reader.firstBucket else { return [] }
        var notes: [String] = []
        if beginning < range.lowerBound {
            let window = duration(nanoseconds: bucket.window)
            let whole = duration(nanoseconds: range.upperBound - beginning)
            notes.append(
                "Of the recording's \(whole) this is the last \(window): it keeps no more.")
        }
        if bucket.time > range.lowerBound {
            let back = duration(nanoseconds: range.upperBound - min(bucket.time, range.upperBound))
            notes.append(
                """
                There was no room for all of it: it goes back \(back) ('recording-size' in the \
                daemon's configuration, or a full file system).
                """)
        }
        return notes
    }
}

/// What a recording lacks, entry by entry, until it is known which time a report is of.
struct MissingEntries {
    private var lost: [Lost] = []
    private var throttles: [Throttle] = []
    private var gaps: [Gap] = []

    mutating func append(_ entry: Lost) { lost.append(entry) }
    mutating func append(_ entry: Throttle) { throttles.append(entry) }
    mutating func append(_ entry: Gap) { gaps.append(entry) }

    /// Adds up what belongs to the time from `start` on.
    func losses(since start: UInt64, eventCount: Int) -> ProfileLosses {
        var losses = ProfileLosses()
        for lost in lost where lost.time >= start {
            guard let cause = lost.cause.words else { continue }
            let isKnown = Int(lost.event) < eventCount
            losses.add(lost.count, cause: cause, event: isKnown ? Int(lost.event) : 0)
        }
        var totals = LossTotals()
        for throttle in throttles where throttle.time >= start { totals.count(throttle) }
        for var gap in gaps where gap.end >= start {
            gap.start = max(gap.start, start)
            totals.count(gap)
        }
        losses.throttleCount = totals.throttles
        losses.throttledNanoseconds = totals.throttledNanoseconds
        losses.gapNanoseconds = totals.gapNanoseconds
        return losses
    }
}

extension LostCause {
    /// Nil for what the recording has already: that is not missing.
    var words: String? {
        switch self {
        case .duplicate: nil
        case .ring: "ring full"
        case .samples: "dropped by the kernel"
        case .daemon: "not recorded by the daemon"
        default: "cause \(rawValue)"
        }
    }
}
