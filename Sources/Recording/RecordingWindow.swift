// What a recording needs that keeps only its last time (Bucket.swift). Four buckets make up that time
// and one more is being filled: so it goes back as far as was asked for, and at most a quarter
// further. Everything is bounded: the file by its limit, or else by the rate of samples; the memory
// by what threads and code the target has.

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
    var state = CarriedState()
    /// Bytes that the last bucket began with, and that say nothing new.
    private(set) var restatedBytes = 0

    /// - Parameters:
    ///   - length: how much time is kept, in nanoseconds.
    ///   - time: when it begins, in nanoseconds of CLOCK_MONOTONIC.
    public init(length: UInt64, beginningAt time: UInt64) {
        self.length = length
        buckets = BucketTable(beginningAt: time)
    }

    /// Reads what another writer had left.
    init(
        of descriptor: borrowing OwnedDescriptor, _ buckets: BucketTable
    ) throws(RecordingError) {
        var reader = try RecordingReader(reading: descriptor)
        while let entry = try reader.next() { state.note(entry) }
        guard let bucket = reader.firstBucket else {
            throw .damaged(.valueOutOfRange, offset: buckets.starts[0].offset)
        }
        length = bucket.window
        self.buckets = buckets
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
    ///   - isWhole: nothing more is in the rings. Where something is, a bucket waits for a while: its
    ///     beginning would be newer than what comes next.
    /// - Throws: `RecordingWriterError`, as `commit`.
    public mutating func keepWindow(
        drained: UInt64, now: UInt64, isWhole: Bool = true
    ) throws(RecordingWriterError) {
        guard window != nil, !hasFailed else { return }
        while window?.isOldestOver(at: now) == true { try forgetOldestBucket() }
        guard window?.isLastOver(at: now, file, byFar: !isWhole) == true else { return }
        if window?.buckets.isFull == true { try forgetOldestBucket() }
        try beginBucket(drained: drained, now: now)
    }

    /// The first bucket, of a recording that is new.
    mutating func begin(_ window: RecordingWindow) {
        self.window = window
        window.buckets.storeLast(in: file.header)
        guard let time = window.buckets.starts.first?.time else { return }
        stageBucket(at: time, window.length)
    }

    private mutating func beginBucket(
        drained: UInt64, now: UInt64
    ) throws(RecordingWriterError) {
        guard let window else { return }
        let offset = file.committed
        stacks.restart()
        threads.restart()
        eventCount = 0
        previous = SampleState()
        stageBucket(at: drained, window.length)
        window.state.restate(at: drained, in: &self)
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
    mutating func forgetOldestBucket() throws(RecordingWriterError) -> Bool {
        guard let starts = window?.buckets.starts, starts.count > 1 else { return false }
        window?.buckets.removeFirst()
        do throws(SystemCallError) {
            try file.forget(before: starts[1].offset)
        } catch {
            throw RecordingWriterError(error)
        }
        return true
    }
}
