// Where in a recording its next writer goes on, as found in the file. The file is as strictly looked
// at as one that a stranger sent: what does not fit is refused, and nothing is changed.

internal import LinuxSystem

/// The last commit of a recording, before an `end` if there is one.
struct ContinuationPlace {
    /// The offset after the last entry that stays.
    let end: Int
    let continuation: Continuation
    /// Whether the last writer ended the recording.
    let isSealed: Bool
    /// Which of the two places in the header is free.
    let nextIndex: Int

    /// The first entry is within these bytes; it has a command line of at most 16 KiB.
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
        try Self.check(beginning, isOf: session)
        let committed = Int(header.committed)
        for (index, place) in Continuation.places.enumerated() {
            let (end, continuation) = Continuation.load(from: beginning, at: place)
            guard end <= UInt64(committed), end >= UInt64(RecordingHeader.size),
                continuation.isPlausible(end: end)
            else { continue }
            if Int(end) < committed {
                guard try Self.isEnd(Int(end)..<committed, of: descriptor) else { continue }
            }
            self.end = Int(end)
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
            bytes = try descriptor.read(count: min(size, longestBeginning), at: 0)
        } catch {
            throw .system(error)
        }
        guard isFile else { throw .notARecording }
        return (bytes, size)
    }

    /// The first entry says whose recording it is.
    private static func check(
        _ beginning: [UInt8], isOf session: String
    ) throws(RecordingError) {
        var reader = try RecordingReader(bytes: beginning)
        guard case .session(let facts)? = try reader.next(),
            facts.contains(SessionFact(SessionKey.session, session))
        else { throw .damaged(.valueOutOfRange, offset: RecordingHeader.size) }
    }

    /// Whether `range` is one `end` and nothing else.
    private static func isEnd(
        _ range: Range<Int>, of descriptor: borrowing OwnedDescriptor
    ) throws(RecordingError) -> Bool {
        guard range.count <= longestEnd else { return false }
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try descriptor.read(count: range.count, at: range.lowerBound)
        } catch {
            throw .system(error)
        }
        guard bytes.count == range.count, bytes.first == EntryTag.end.rawValue else { return false }
        var cursor = Cursor(bytes, offset: 1, end: bytes.count)
        let length = try cursor.varint()
        return UInt64(cursor.remaining) == length
    }
}
