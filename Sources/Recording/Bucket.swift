// A recording that keeps only its last time, say thirty seconds, is made of time buckets. Each begins
// with a `bucket` entry, and what follows needs nothing from before it: numbers of threads, events
// and stack nodes begin anew, and what was true of the target is said again. So the oldest bucket can
// go as a whole, when all in it is older than the time that is kept.

internal import LinuxSystem

/// Where a bucket begins, and what came before it in the session.
public struct Bucket: Equatable, Sendable {
    /// Nanoseconds of CLOCK_MONOTONIC. All that was taken before it and found in a ring by then is
    /// in the buckets before.
    public var time: UInt64
    /// How much time the recording keeps, in nanoseconds.
    public var window: UInt64
    /// Samples of earlier buckets, kept or not.
    public var earlierSamples: UInt64
    /// Samples that were lost before.
    public var earlierLost: UInt64

    public init(time: UInt64, window: UInt64, earlierSamples: UInt64, earlierLost: UInt64) {
        self.time = time
        self.window = window
        self.earlierSamples = earlierSamples
        self.earlierLost = earlierLost
    }
}

extension Bucket {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(window)
        body.append(earlierSamples)
        body.append(earlierLost)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        window = try body.varint()
        earlierSamples = try body.varint()
        earlierLost = try body.varint()
    }
}

/// Where the buckets of a recording are, as its header has it for the next writer.
struct BucketTable: Equatable, Sendable {
    struct Start: Equatable, Sendable {
        var offset: Int
        var time: UInt64
    }

    /// Those that are kept, the oldest first; never empty.
    private(set) var starts: [Start]
    /// How many there have been.
    private var count: UInt64

    /// The header has as many places, which take turns.
    static let most = 16
    static let countOffset = 80
    private static let placesOffset = 640
    private static let placeSize = 16

    /// Of a recording without an entry.
    init(beginningAt time: UInt64) {
        starts = [Start(offset: RecordingHeader.size, time: time)]
        count = 1
    }

    /// The place of the next one must not be one that is kept.
    var isFull: Bool { starts.count == Self.most - 1 }

    mutating func append(_ start: Start) {
        starts.append(start)
        count &+= 1
    }

    mutating func removeFirst() { starts.removeFirst() }
}

extension BucketTable {
    /// Stores the last one. Until the count has moved the header does not have it.
    func storeLast(in header: borrowing Mapping) {
        guard let last = starts.last else { return }
        let place = Self.place(of: count &- 1)
        header.storeRelease(UInt64(last.offset).littleEndian, at: place)
        header.storeRelease(last.time.littleEndian, at: place + 8)
        header.storeRelease(count.littleEndian, at: Self.countOffset)
    }

    /// Finds those that lie between `first` and `end`; nil where the recording has none.
    init?(from header: [UInt8], first: Int, end: Int) {
        count = CheckedHeader.number(header, at: Self.countOffset)
        guard Self.isIn(header), count <= UInt64(Int64.max) else { return nil }
        starts = []
        for number in (count - min(count, UInt64(Self.most - 1)))..<count {
            let place = Self.place(of: number)
            let offset = Int(clamping: CheckedHeader.number(header, at: place))
            let time = CheckedHeader.number(header, at: place + 8)
            guard offset >= starts.last.map({ $0.offset + 1 }) ?? first, offset < end else {
                continue
            }
            starts.append(Start(offset: offset, time: time))
        }
        guard starts.first?.offset == first else { return nil }
    }

    /// Whether the recording of this header is made of buckets.
    static func isIn(_ header: [UInt8]) -> Bool {
        CheckedHeader.number(header, at: countOffset) > 0
    }

    private static func place(of number: UInt64) -> Int {
        placesOffset + Int(number % UInt64(most)) * placeSize
    }
}
