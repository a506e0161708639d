// What a recording needs that keeps only its last time (Bucket.swift). Four buckets make up that time
// and one more is being filled: so it goes back as far as was asked for and a quarter further, or a half
// where the rings are never empty. Everything is bounded: the file by its limit, or else by the rate of
// samples; the memory by that of what a bucket says again.

internal import LinuxSystem

/// How much of its time a recording keeps, and what is needed for that.
public struct RecordingWindow: Sendable {
    /// How many buckets make up the time.
    private static let bucketsInWindow: UInt64 = 4
    /// A bucket is over when it has this part of the room there is: what is forgotten for want of it
    /// is not more than that.
    private static let bucketsInRoom = 8

    /// Nanoseconds.
    let length: UInt64
    var buckets: BucketTable
    var state = CarriedState(limit: 0)
    /// Bytes that the last bucket began with, and that say nothing new.
    private(set) var restatedBytes = 0

    /// - Parameters:
    ///   - length: how much time is kept, in nanoseconds.
    ///   - time: when it begins, in nanoseconds of CLOCK_MONOTONIC.
    public init(length: UInt64, beginningAt time: UInt64) {
        self.length = length
        buckets = BucketTable(beginningAt: time)
    }

    /// How much of a recording's limit a bucket may begin with.
    private static let restatedShare = 8

    /// What it may say again in a recording of so many bytes.
    mutating func bound(by limits: RecordingWriter.Limits) {
        state = CarriedState(limit: limits.bytes / Self.restatedShare)
    }

    /// Reads what another writer had left: its last bucket needs nothing from before it.
    init(
        of descriptor: borrowing OwnedDescriptor, _ place: ContinuationPlace,
        _ buckets: BucketTable, _ limits: RecordingWriter.Limits
    ) throws(RecordingError) {
        let start = buckets.starts.last?.offset ?? place.first
        var reader = try RecordingReader(
            place.page, entries: RecordingBytes.read(descriptor, UInt64(start)..<UInt64(place.end)))
        self.buckets = buckets
        state = CarriedState(limit: limits.bytes / Self.restatedShare)
        while let entry = try reader.next() { state.take(entry) }
        state.settle(before: .max)
        guard let bucket = reader.firstBucket,
            state.events.count == Int(place.continuation.eventCount)
        else { throw .damaged(.valueOutOfRange, offset: start) }
        length = bucket.window
    }

    /// Whether all that is in the oldest bucket is too old at `time`.
    func isOldestOver(at time: UInt64) -> Bool {
        guard buckets.starts.count > 1 else { return false }
        let (end, isBeyond) = buckets.starts[1].time.addingReportingOverflow(length)
        return !isBeyond && end <= time
    }

    /// Whether the last bucket is full, or so much more than full that another one must not wait.
    func isLastOver(at time: UInt64, _ file: borrowing RecordingFile, byFar: Bool) -> Bool {
        guard let last = buckets.starts.last else { return true }
        let times = byFar ? 2 : 1
        let bytes = file.committed - last.offset
        return time - min(last.time, time) >= length / Self.bucketsInWindow * UInt64(times)
            || bytes > max(file.room / Self.bucketsInRoom * times, 2 * restatedBytes)
    }

    mutating func append(_ start: BucketTable.Start, restatedBytes: Int) {
        buckets.append(start)
        self.restatedBytes = restatedBytes
    }
}

extension RecordingWriter {
    /// How much of its time the recording keeps, in nanoseconds; nil where it keeps everything.
    public var windowLength: UInt64? { window?.length }

    /// Forgets what is older than the recording keeps, and begins a bucket where it is time for one.
    /// To be called whenever the rings have been emptied, with nothing staged.
    ///
    /// - Parameters:
    ///   - drained: what was taken before this time and is not lost has been committed.
    ///   - now: nanoseconds of CLOCK_MONOTONIC, as `drained`.
    ///   - isWhole: that is so. Else more is in the rings, and a bucket waits for a while: it can begin
    ///     only as of the last time that was whole (`noteDrained`).
    ///   - isAlive: whether there is a process of a number; asked where they are many.
    /// - Throws: `RecordingWriterError`, as `commit`.
    public mutating func keepWindow(
        drained: UInt64, now: UInt64, isWhole: Bool = true,
        isAlive: (UInt32) -> Bool = { _ in true }
    ) throws(RecordingWriterError) {
        guard window != nil, !hasFailed else { return }
        if isWhole { window?.state.settle(before: drained) }
        // By the time that reports go by.
        while window?.isOldestOver(at: drained) == true { forgetOldestBucket() }
        guard window?.isLastOver(at: now, file, byFar: !isWhole) == true else { return }
        if window?.buckets.isFull == true { forgetOldestBucket() }
        window?.state.removeGone(isAlive)
        try beginBucket(asOf: isWhole ? drained : min(drained, notes.drainedAt), now: now)
    }

    /// The first bucket, of a recording that is new.
    mutating func begin(_ window: RecordingWindow, _ limits: Limits) {
        self.window = window
        self.window?.bound(by: limits)
        window.buckets.storeLast(in: file.header)
        guard let time = window.buckets.starts.first?.time else { return }
        stageBucket(at: time, window.length)
    }

    private mutating func beginBucket(
        asOf time: UInt64, now: UInt64
    ) throws(RecordingWriterError) {
        guard let window else { return }
        let offset = file.committed
        stacks.restart()
        threads.restart()
        eventCount = 0
        previous = SampleState()
        stageBucket(at: time, window.length)
        window.state.restate(at: time, in: &self)
        try commit()
        self.window?.append(
            BucketTable.Start(offset: offset, time: now), restatedBytes: file.committed - offset)
        self.window?.buckets.storeLast(in: file.header)
    }

    private mutating func stageBucket(at time: UInt64, _ length: UInt64) {
        let bucket = Bucket(
            time: time, window: length, earlierSamples: committedSamples, earlierLost: lostSamples)
        append(.bucket) { bucket.encode(to: &$0) }
    }

    /// Gives the space of the oldest bucket back.
    ///
    /// - Returns: whether there was one beside the last.
    @discardableResult
    mutating func forgetOldestBucket() -> Bool {
        guard let starts = window?.buckets.starts, starts.count > 1 else { return false }
        window?.buckets.removeFirst()
        file.forget(before: starts[1].offset)
        return true
    }
}
