// A perf ring: one control page (struct perf_event_mmap_page) and 2^n data pages, in which the
// kernel is the writer and we are the one reader. Whoever else holds the descriptor can map it and
// write the control page. So the size is that of our own mapping, the tail is our own variable,
// data_head is loaded once a round and bounded, and records are copied before they are looked at.
// The tail is given back only after the caller has put the records in safety. The kernel believes
// the data_tail of the page: where it is not ours, it may have written over what we were copying.

internal import CLinux
public import LinuxSystem
internal import PerfRecords

/// The reader's end of a perf ring.
public struct Ring: ~Copyable {
    private let mapping: Mapping
    private let pageSize: Int
    /// The data pages' size in bytes, a power of two.
    public let dataSize: Int
    /// Where the next unread record is; counts bytes for ever, as `data_head` does.
    private var tail: UInt64
    /// The end of what `copyOut` has given out.
    private var copied: UInt64
    /// The last `data_head` seen.
    private var head: UInt64
    /// Whether the kernel had written to it before it was mapped here: somebody else had it mapped.
    public let isFound: Bool

    /// Words of the longest record there can be, 65,528 bytes.
    public static let longestRecord = 8191

    // Byte offsets in struct perf_event_mmap_page, fixed by the kernel's ABI.
    private static let headOffset = 1024
    private static let tailOffset = 1032
    private static let dataOffsetOffset = 1040
    private static let dataSizeOffset = 1048

    /// Maps the ring of `event`, with the number of data pages that the client mapped it with.
    ///
    /// - Throws: `RingError`; EINVAL of `mmap` where the client's size was another.
    public init(mapping event: borrowing OwnedDescriptor, dataPages: Int) throws(RingError) {
        guard dataPages > 0, dataPages <= 1 << 16, dataPages.nonzeroBitCount == 1 else {
            throw .pageCount(dataPages)
        }
        let pageSize = systemPageSize
        let mapping = try Self.map(event, size: (1 + dataPages) * pageSize)
        let tail = mapping.loadAcquire(at: Self.tailOffset)
        guard tail % 8 == 0 else { throw .violation(.unaligned(tail)) }
        isFound = mapping.loadAcquire(at: Self.headOffset) != 0
        self.mapping = mapping
        self.pageSize = pageSize
        self.dataSize = dataPages * pageSize
        self.tail = tail
        copied = tail
        head = tail
    }

    private static func map(
        _ event: borrowing OwnedDescriptor, size: Int
    ) throws(RingError) -> Mapping {
        let kind: String
        do { kind = try event.kindLink() } catch { throw .system(error) }
        // Of anything else a mapping could raise SIGBUS, or a read of it wait for ever.
        guard kind == PerfEvent.kind else { throw .notAPerfEvent(kind: kind) }
        do { return try Mapping(event, count: size) } catch { throw .system(error) }
    }

    /// Copies the unread records into `buffer`, whole ones only, at most `maximumWords` words.
    ///
    /// Continues after what it has copied before, whether or not that was released. `buffer`
    /// grows to fit and keeps its size; the words past the result are left over.
    ///
    /// - Parameter maximumWords: at least `Ring.longestRecord`.
    /// - Returns: how many words at the start of `buffer` are records; 0 where none is unread.
    /// - Throws: `RingViolation`; the ring must not be read any more.
    public mutating func copyOut(
        into buffer: inout [UInt64], maximumWords: Int
    ) throws(RingViolation) -> Int {
        precondition(maximumWords >= Self.longestRecord, "room for any record")
        try observeHead()
        let unread = Int(head - copied) / 8
        let count = min(unread, maximumWords)
        if count == 0 { return 0 }
        if buffer.count < count {
            buffer += repeatElement(0, count: count - buffer.count)
        }
        copy(words: count, into: &buffer)
        try checkControlPage()
        let whole = try wholeRecords(
            in: buffer.span.extracting(first: count), isCut: count < unread)
        copied += UInt64(whole) * 8
        return whole
    }

    /// Gives what has been copied out back to the kernel: `data_tail` moves.
    public mutating func release() {
        if tail == copied { return }
        tail = copied
        mapping.storeRelease(tail, at: Self.tailOffset)
    }

    /// Bytes that wait to be copied out, as of the last `copyOut`.
    public var unreadSize: Int { Int(head - copied) }
}

extension Ring {
    /// Loads `data_head`, and refuses one that the kernel cannot have written.
    private mutating func observeHead() throws(RingViolation) {
        let now = mapping.loadAcquire(at: Self.headOffset)
        guard now >= head else { throw .headRanBackwards(from: head, to: now) }
        guard now % 8 == 0 else { throw .unaligned(now) }
        let unread = now - tail
        guard unread <= UInt64(dataSize) else {
            throw .headBeyondRing(unread: unread, ringSize: dataSize)
        }
        head = now
    }

    /// Refuses what only somebody else can have written since: the reader's words are ours, and
    /// the kernel writes where the data are once, when the ring is first mapped.
    private func checkControlPage() throws(RingViolation) {
        let found = mapping.loadAcquire(at: Self.tailOffset)
        guard found == tail else { throw .tailMoved(from: tail, to: found) }
        let offset = mapping.loadAcquire(at: Self.dataOffsetOffset)
        let size = mapping.loadAcquire(at: Self.dataSizeOffset)
        guard offset == UInt64(pageSize), size == UInt64(dataSize) else {
            throw .dataMoved(offset: offset, size: size)
        }
    }

    /// Copies `count` words from `copied` on, in two pieces where they wrap.
    private func copy(words count: Int, into buffer: inout [UInt64]) {
        let offset = Int(copied & UInt64(dataSize - 1))
        let size = count * 8
        let first = min(size, dataSize - offset)
        let data = unsafe mapping.start + pageSize
        unsafe buffer.withUnsafeMutableBytes { bytes in
            precondition(size <= bytes.count && size <= dataSize, "outside the ring or the copy")
            guard let start = bytes.baseAddress else { return }
            // SAFETY: both pieces lie inside the data pages, which are ours, and inside the
            // buffer. The kernel may overwrite them if data_tail was forged; torn words are only
            // wrong numbers, for the copy is private.
            unsafe memcpy(start, data + offset, first)
            unsafe memcpy(start + first, data, size - first)
        }
    }

    /// How many words of `words` are whole records.
    private func wholeRecords(
        in words: Span<UInt64>, isCut: Bool
    ) throws(RingViolation) -> Int {
        var position = 0
        while position < words.count {
            let header = RecordHeader(words[position])
            let count = Int(header.size / 8)
            let isWhole = count <= words.count - position
            guard header.size % 8 == 0, count > 0, isWhole || isCut else {
                throw .recordSize(header.size, position: copied + UInt64(position) * 8)
            }
            if !isWhole { break }
            position += count
        }
        return position
    }
}

/// The size of a page of memory in bytes.
var systemPageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }
