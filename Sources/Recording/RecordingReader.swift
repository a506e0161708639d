// Reads a recording from memory. The file is read with pread(2) and not mapped: whoever may write
// it could cut it under a mapping. Nothing in it is trusted: what an entry refers to must have been
// defined before it, and every refusal names its offset.

public import LinuxSystem

/// The entries of a recording, one by one.
public struct RecordingReader: Sendable {
    /// The largest recording that `init(reading:)` takes unless told otherwise.
    public static let defaultLimit = 4 << 30

    private var cursor: Cursor
    private var state = SampleState()
    private var stacks = StackNodes()
    /// The file is shorter than its header says.
    private let isCut: Bool
    /// The first thread of the bucket at hand, and how many events it has defined.
    private var firstThread: UInt32 = 0
    private var bucketEvents = 0
    /// What the first session entry has, to know it where a bucket repeats it.
    private var facts: [SessionFact] = []

    /// Whether the writer ended the recording itself; else it is still writing, or it died.
    public let isSealed: Bool
    /// Whether bytes that were committed are missing: the file was cut, or the machine went down
    /// before it wrote them. Known for sure once `next` has returned nil.
    public private(set) var isTruncated: Bool
    /// Entries of kinds that this version does not know.
    public private(set) var skippedEntries = 0
    /// The threads defined so far, by index.
    public private(set) var threads: [ThreadDefinition] = []
    /// The events defined so far, by index.
    public private(set) var events: [EventDefinition] = []
    /// Samples read so far.
    public private(set) var sampleCount: UInt64 = 0
    /// What the entries read so far say is missing.
    public private(set) var losses = LossTotals()
    /// The oldest bucket that is kept; nil in a recording that keeps everything.
    public private(set) var firstBucket: Bucket?
    /// When every ring had last been emptied, in nanoseconds of CLOCK_MONOTONIC; 0 where the recording
    /// does not say.
    public let drainedAt: UInt64
    /// What the writer counted; nil until its entry was read, and where there is none.
    public private(set) var end: End?

    /// Reads a recording up to its last commit. It may still be written meanwhile.
    ///
    /// - Throws: `RecordingError` of the header, of the system, or `tooLarge` past `limit` bytes.
    public init(
        reading descriptor: borrowing OwnedDescriptor, limit: Int = Self.defaultLimit
    ) throws(RecordingError) {
        try self.init(bytes: RecordingBytes.read(descriptor, limit: limit))
    }

    /// Reads a recording that is in memory, from its first byte.
    public init(bytes: [UInt8]) throws(RecordingError) {
        let header = try CheckedHeader(bytes)
        isSealed = header.isSealed
        drainedAt = header.drainedAt
        isCut = header.committed > UInt64(bytes.count)
        isTruncated = isCut
        let end = isCut ? bytes.count : Int(header.committed)
        cursor = Cursor(bytes, offset: min(Int(clamping: header.first), end), end: end)
    }

    /// Reads the first `entries` of a recording whose header is `page`.
    init(_ page: [UInt8], entries: [UInt8]) throws(RecordingError) {
        let header = try CheckedHeader(page)
        try self.init(
            bytes: RecordingBytes.compact(page, header, entries, forgotten: 0))
    }
}

extension RecordingReader {
    /// The next entry, or nil after the last one.
    ///
    /// - Throws: `RecordingError.damaged`; the entries before it stand, there is no way past it.
    public mutating func next() throws(RecordingError) -> Entry? {
        while cursor.remaining > 0 {
            let start = cursor.offset
            let end = cursor.end
            do throws(RecordingError) {
                if let entry = try decode() { return entry }
            } catch {
                if isCut, case .damaged(.incomplete, _) = error {
                    cursor.rewind(to: start, end: start)
                    return nil
                }
                cursor.rewind(to: start, end: end)
                throw error
            }
        }
        return nil
    }

    /// Whether the writer counted as many samples as there are, and no fewer losses than the
    /// entries tell of. A recording without an end has nothing to compare with.
    ///
    /// - Precondition: `next` has returned nil.
    public var isConsistent: Bool {
        guard let end else { return true }
        let earlierSamples = firstBucket?.earlierSamples ?? 0
        let earlierLost = firstBucket?.earlierLost ?? 0
        return end.samples == earlierSamples.addingSaturated(sampleCount)
            && end.lost >= earlierLost.addingSaturated(losses.lost)
    }

    /// Every entry that is left.
    public mutating func readAll() throws(RecordingError) -> [Entry] {
        var entries: [Entry] = []
        while let entry = try next() { entries.append(entry) }
        return entries
    }

    /// The caller's node of a stack node; the root, 0, is its own.
    ///
    /// - Precondition: `node` is one that a returned entry defined or named.
    public func parent(of node: UInt32) -> UInt32 { stacks.parent(of: node) }

    /// The runtime address of a stack node; bit 63 set: a kernel address.
    ///
    /// - Precondition: as for `parent(of:)`.
    public func address(of node: UInt32) -> UInt64 { stacks.address(of: node) }

    /// How many stack nodes are defined so far, with the root.
    public var stackNodeCount: Int { stacks.count }

    /// The runtime addresses of a stack, innermost first.
    ///
    /// - Precondition: as for `parent(of:)`.
    public func callchain(of node: UInt32) -> [UInt64] { stacks.callchain(of: node) }
}

extension RecordingReader {
    /// Decodes the entry at the cursor; nil for one that is skipped.
    private mutating func decode() throws(RecordingError) -> Entry? {
        let start = cursor.offset
        let tag = try cursor.byte()
        if tag & SampleFlags.sample.rawValue != 0 {
            return .sample(try decodeSample(SampleFlags(rawValue: tag), at: start))
        }
        if tag == EntryTag.unwritten {
            isTruncated = true
            cursor.rewind(to: start, end: start)
            return nil
        }
        let outerEnd = try cursor.enterBody()
        let entry = try decodeBody(tag)
        cursor.leaveBody(outerEnd: outerEnd)
        if EntryTag(rawValue: tag) == nil { skippedEntries += 1 }
        return entry
    }

    private mutating func decodeSample(
        _ flags: SampleFlags, at start: Int
    ) throws(RecordingError) -> Sample {
        guard flags.isDisjoint(with: .reserved) else {
            throw .damaged(.reservedSampleFlags, offset: start)
        }
        var sample = state
        sample.time = try cursor.varint(after: state.time)
        if flags.contains(.thread) {
            let (index, isBeyond) = firstThread.addingReportingOverflow(try cursor.word())
            sample.thread = isBeyond ? .max : index
        }
        if flags.contains(.event) { sample.event = try cursor.word() }
        if flags.contains(.weight) { sample.weight = try cursor.varint() }
        if flags.contains(.stack) {
            guard let node = stacks.node(try cursor.word()) else {
                throw .damaged(.unknownStack, offset: start)
            }
            sample.stack = node
        }
        guard sample.thread < threads.count else { throw .damaged(.unknownThread, offset: start) }
        guard sample.event < bucketEvents else { throw .damaged(.unknownEvent, offset: start) }
        state = sample
        sampleCount &+= 1
        return Sample(
            time: sample.time, thread: sample.thread, event: sample.event, weight: sample.weight,
            stack: sample.stack, isKernelMode: flags.contains(.kernelMode), cpu: sample.cpu)
    }

    private mutating func decodeBody(_ tag: UInt8) throws(RecordingError) -> Entry? {
        switch EntryTag(rawValue: tag) {
        case .session: try decodeSession().map(Entry.session)
        case .event: try decodeEvent().map(Entry.event)
        case .stack: .stack(try stacks.insert(from: &cursor))
        case .thread: .thread(try decodeThread())
        case .comm: .comm(try Comm(from: &cursor))
        case .mapping: .mapping(try MemoryMapping(from: &cursor))
        case .fork: .fork(try TaskChange(from: &cursor))
        case .exit: .exit(try TaskChange(from: &cursor))
        case .lost: .lost(try decodeLost())
        case .throttle: .throttle(try decodeThrottle())
        case .gap: .gap(try decodeGap())
        case .cpu: .cpu(try decodeCPU())
        case .end: .end(try decodeEnd())
        case .bucket: .bucket(try decodeBucket())
        case nil: nil
        }
    }

    /// Nil where a bucket only repeats the facts.
    private mutating func decodeSession() throws(RecordingError) -> [SessionFact]? {
        // A key and a value are a length each at least.
        let count = try cursor.count(bytesEach: 2)
        var facts: [SessionFact] = []
        for _ in 0..<count { facts.append(try SessionFact(from: &cursor)) }
        if self.facts.isEmpty {
            self.facts = facts
        } else if firstBucket != nil, facts.elementsEqual(self.facts, by: { $0.repeats($1) }) {
            return nil
        }
        return facts
    }

    /// Nil where a bucket only repeats the definition: the events are the same throughout.
    private mutating func decodeEvent() throws(RecordingError) -> EventDefinition? {
        let start = cursor.offset
        let event = try EventDefinition(from: &cursor)
        let isRepeated = bucketEvents < events.count
        guard event.index == bucketEvents, !isRepeated || event.repeats(events[bucketEvents]) else {
            throw .damaged(.indexOutOfOrder, offset: start)
        }
        bucketEvents += 1
        if isRepeated { return nil }
        events.append(event)
        return event
    }

    private mutating func decodeBucket() throws(RecordingError) -> Bucket {
        let bucket = try Bucket(from: &cursor)
        if firstBucket == nil { firstBucket = bucket }
        firstThread = UInt32(threads.count)
        bucketEvents = 0
        stacks.beginBucket()
        state = SampleState()
        state.thread = firstThread
        return bucket
    }

    private mutating func decodeThread() throws(RecordingError) -> ThreadDefinition {
        let start = cursor.offset
        var thread = try ThreadDefinition(from: &cursor)
        let (index, isBeyond) = firstThread.addingReportingOverflow(thread.index)
        guard !isBeyond, index == threads.count else {
            throw .damaged(.indexOutOfOrder, offset: start)
        }
        thread.index = index
        threads.append(thread)
        return thread
    }

    private mutating func decodeLost() throws(RecordingError) -> Lost {
        let lost = try Lost(from: &cursor)
        losses.count(lost)
        return lost
    }

    private mutating func decodeThrottle() throws(RecordingError) -> Throttle {
        let throttle = try Throttle(from: &cursor)
        losses.count(throttle)
        return throttle
    }

    private mutating func decodeGap() throws(RecordingError) -> Gap {
        let gap = try Gap(from: &cursor)
        losses.count(gap)
        return gap
    }

    private mutating func decodeEnd() throws(RecordingError) -> End {
        let end = try End(from: &cursor)
        self.end = end
        return end
    }

    private mutating func decodeCPU() throws(RecordingError) -> UInt32 {
        state.cpu = try cursor.word()
        return state.cpu
    }
}
