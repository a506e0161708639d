// Where in a recording its next writer goes on, as found in the file. The file is as strictly looked
// at as one that a stranger sent: what does not fit is refused, and nothing is changed.

internal import LinuxSystem

/// The last commit of a recording, before an `end` if there is one.
struct ContinuationPlace {
    /// The offset after the last entry that stays.
    let end: Int
    /// The offset of the first entry.
    let first: Int
    /// The header.
    let page: [UInt8]
    /// Of a recording that keeps only its last time.
    let buckets: BucketTable?
    let continuation: Continuation
    /// Whether the last writer ended the recording.
    let isSealed: Bool
    /// Which of the two places in the header is free.
    let nextIndex: Int

    /// The first entries are within these bytes; it has a command line of at most 16 KiB.
    private static let longestBeginning = 64 << 10
    /// An `end` has at most these bytes.
    private static let longestEnd = 64

    init(
        finding descriptor: borrowing OwnedDescriptor, _ session: String
    ) throws(RecordingError) {
        let (beginning, size) = try Self.read(descriptor)
        let header = try CheckedHeader(beginning)
        guard header.committed <= UInt64(size) else {
            throw .damaged(.incomplete, offset: size)
        }
        // Room for what is appended.
        guard header.committed < 1 << 62 else {
            throw .invalidHeader(field: "committed", value: header.committed)
        }
        let committed = Int(header.committed)
        let first = Int(header.first)
        try Self.check(beginning, Self.read(descriptor, first..<committed), isOf: session)
        for (index, place) in Continuation.places.enumerated() {
            let (end, continuation) = Continuation.load(from: beginning, at: place)
            guard end <= UInt64(committed), end >= UInt64(first),
                continuation.isPlausible(
                    size: end - UInt64(first) + UInt64(RecordingHeader.size), end: end)
            else { continue }
            if Int(end) < committed {
                guard try Self.isEnd(Int(end)..<committed, of: descriptor) else { continue }
            }
            self.end = Int(end)
            self.first = first
            page = beginning
            buckets = BucketTable(from: beginning, first: first, end: self.end)
            guard buckets != nil || !BucketTable.isIn(beginning) else {
                throw .invalidHeader(field: "first", value: header.first)
            }
            self.continuation = continuation
            nextIndex = 1 - index
            isSealed = header.isSealed
            return
        }
        throw .invalidHeader(field: "continuation", value: header.committed)
    }

    private static func read(
        _ descriptor: borrowing OwnedDescriptor
    ) throws(RecordingError) -> (beginning: [UInt8], size: Int) {
        let isFile: Bool
        let size: Int
        let bytes: [UInt8]
        do throws(SystemCallError) {
            isFile = try descriptor.isRegularFile()
            size = isFile ? try descriptor.fileSize() : 0
            bytes = try descriptor.read(count: min(size, RecordingHeader.size), at: 0)
        } catch {
            throw .system(error)
        }
        guard isFile else { throw .notARecording }
        return (bytes, size)
    }

    private static func read(
        _ descriptor: borrowing OwnedDescriptor, _ range: Range<Int>
    ) throws(RecordingError) -> [UInt8] {
        do throws(SystemCallError) {
            return try descriptor.read(
                count: min(range.count, longestBeginning), at: range.lowerBound)
        } catch {
            throw .system(error)
        }
    }

    /// The first entry that is not a bucket's beginning says whose recording it is.
    private static func check(
        _ page: [UInt8], _ entries: [UInt8], isOf session: String
    ) throws(RecordingError) {
        var reader = try RecordingReader(page, entries: entries)
        var entry = try reader.next()
        if case .bucket? = entry { entry = try reader.next() }
        guard case .session(let facts)? = entry,
            facts.contains(SessionFact(SessionKey.session, session))
        else { throw .damaged(.valueOutOfRange, offset: RecordingHeader.size) }
    }

    /// Whether `range` is one `end` and nothing else.
    private static func isEnd(
        _ range: Range<Int>, of descriptor: borrowing OwnedDescriptor
    ) throws(RecordingError) -> Bool {
        guard range.count <= longestEnd else { return false }
        let bytes = try read(descriptor, range)
        guard bytes.count == range.count, bytes.first == EntryTag.end.rawValue else { return false }
        var cursor = Cursor(bytes, offset: 1, end: bytes.count)
        let length = try cursor.varint()
        return UInt64(cursor.remaining) == length
    }
}
