// The recording's file: bytes are appended to it and become part of the recording by a commit.
//
// The order is what makes it survive its writer. Space is reserved first, so that a full disk is an
// error here and not a SIGBUS at a store. The bytes are copied to a shared mapping, which is the
// page cache: a killed process takes none of them back. Then `committed` is stored with release
// ordering; a reader that sees it sees the bytes before it. A machine that goes down may lose what
// the kernel had not written yet; `synchronize` bounds that.

internal import LinuxSystem

/// An append-only file with a commit point.
struct RecordingFile: ~Copyable {
    /// Reservations begin with the first and double up to the last; no window is larger. Those of a
    /// recording that forgets do not grow: what it keeps may be less than one.
    static let firstReservation = 64 << 10
    static let largestReservation = 1 << 20
    /// How much of the window is made present at a time.
    private static let populationStep = 64 << 10
    /// Kept free for the entries that close a recording, so that a full one can be sealed.
    static let closingRoom = 256

    let descriptor: OwnedDescriptor
    /// For those who read the recording. It has a lock (flock(2)), and so has every duplicate of it:
    /// nobody else writes the file or removes it before all of them are closed.
    private var readers: OwnedDescriptor?
    let header: Mapping
    private var window: Mapping
    private var windowStart = 0
    /// The window's pages below this file offset are present.
    private var populated = 0
    private var reserved: Int
    private var nextReservation: Int
    private let forgets: Bool
    /// How many bytes the recording may have, without those that it has forgotten.
    let limit: Int
    /// The offset of the first entry.
    private(set) var first: Int
    /// The space before it has been given back up to here, as far as the file system could.
    private var punched = RecordingHeader.size
    /// The offset after the last committed entry.
    private(set) var committed = RecordingHeader.size
    /// The header and the entries that there are, in bytes.
    var size: Int { RecordingHeader.size + committed - first }
    /// Where the limit is, in the file.
    private var end: Int { limit + first - RecordingHeader.size }
    /// Which of the header's two places for a continuation is written next.
    var nextContinuation = 0

    /// How large the recording could become now: its limit, or what the file system has left.
    var room: Int {
        guard let free = try? FileSystemRoom(of: descriptor).available else { return limit }
        return min(limit, Int(clamping: free.addingSaturated(UInt64(size))))
    }

    /// Takes an empty file and gives it a header.
    ///
    /// - Parameter forgets: It must be one that `forget` can be called of.
    init(
        _ descriptor: consuming OwnedDescriptor, limit: Int, forgets: Bool = false
    ) throws(RecordingWriterError) {
        let start = RecordingHeader.size
        try self.init(descriptor, first: start, from: start, limit: limit, forgets: forgets)
        writeHeader()
    }

    /// Takes a recording from `first` to `committed`, to append to it.
    init(
        continuing descriptor: consuming OwnedDescriptor, first: Int, at committed: Int, limit: Int,
        forgets: Bool
    ) throws(RecordingWriterError) {
        // In any case it can be closed.
        let size = RecordingHeader.size + committed - first
        try self.init(
            descriptor, first: first, from: committed, limit: max(limit, size + Self.closingRoom),
            forgets: forgets)
        // Its last writer may have died before it gave that back.
        giveBack()
        let state = UInt64(RecordingHeader.stateRecording).littleEndian
        header.storeRelease(state, at: RecordingHeader.stateOffset)
        header.storeRelease(UInt64(committed).littleEndian, at: RecordingHeader.committedOffset)
    }

    /// Locks the file, and has room after `committed`: on a full disk no more than to close it, which
    /// whoever wrote before has reserved.
    private init(
        _ descriptor: consuming OwnedDescriptor, first: Int, from committed: Int, limit: Int,
        forgets: Bool
    ) throws(RecordingWriterError) {
        let start = committed & ~(Self.firstReservation - 1)
        let wanted = min(Self.firstReservation, limit + first - RecordingHeader.size - start)
        do throws(SystemCallError) {
            let readers = try descriptor.reopenedForReading()
            guard try readers.tryLock() else {
                throw SystemCallError(
                    "flock", .resourceTemporarilyUnavailable, on: "what somebody else writes")
            }
            let count = try Self.reserve(descriptor, from: start, wanted, closing: committed)
            // Nothing is there yet: it fails where the file system cannot do it.
            if forgets { try descriptor.punchHole(offset: start + count, count: count) }
            let header = try Mapping(descriptor, count: RecordingHeader.size)
            let window = try Mapping(descriptor, offset: start, count: count)
            self.header = header
            self.window = window
            self.readers = consume readers
            reserved = start + count
        } catch {
            throw RecordingWriterError(error)
        }
        self.descriptor = descriptor
        self.limit = limit
        self.forgets = forgets
        nextReservation = (forgets ? 1 : 2) * Self.firstReservation
        self.first = first
        self.committed = committed
        windowStart = start
        populated = start
    }

    /// Reserves `count` bytes, or as many as it takes to close a recording that ends at `committed`.
    ///
    /// - Returns: how many there are now.
    private static func reserve(
        _ descriptor: borrowing OwnedDescriptor, from start: Int, _ count: Int,
        closing committed: Int
    ) throws(SystemCallError) -> Int {
        do throws(SystemCallError) {
            // The header of a new file is to be stored to as well. Nothing is written before the end of
            // another, and there may be a hole.
            let offset = committed == RecordingHeader.size ? 0 : committed
            try descriptor.reserve(offset: offset, count: start + count - offset)
            return count
        } catch {
            let least = committed + closingRoom - start
            guard error.isOutOfSpace, committed > RecordingHeader.size, least < count else {
                throw error
            }
            try descriptor.reserve(offset: committed, count: closingRoom)
            return least
        }
    }

    /// Gives away what holds the lock.
    mutating func takeReaders() -> OwnedDescriptor? { readers.take() }

    private borrowing func writeHeader() {
        let sizes = UInt64(RecordingHeader.version) | UInt64(RecordingHeader.size) << 32
        header.storeRelease(sizes.littleEndian, at: RecordingHeader.versionOffset)
        header.storeRelease(UInt64(committed).littleEndian, at: RecordingHeader.committedOffset)
        // Last: a file without the magic is not a recording yet.
        let magic = RecordingHeader.magic
        header.write(magic.span, at: 0)
    }

    /// Appends whole entries and commits them: all of them, or none.
    ///
    /// - Parameters:
    ///   - continuation: What another writer would go on with behind them.
    ///   - isClosing: The entries may use the closing room.
    mutating func append(
        _ entries: borrowing Encoder, continuation: Continuation? = nil, isClosing: Bool = false
    ) throws(RecordingWriterError) {
        let bytes = entries.storage.span.extracting(first: entries.count)
        let end = committed + bytes.count
        try reserve(upTo: isClosing ? end : end + Self.closingRoom)
        var done = 0
        while done < bytes.count {
            done += try copy(bytes.extracting(droppingFirst: done), to: committed + done)
        }
        committed = end
        if let continuation { keep(continuation, at: end) }
        header.storeRelease(UInt64(end).littleEndian, at: RecordingHeader.committedOffset)
    }

    /// Gives back the reserved space and marks the recording as complete.
    mutating func seal() throws(RecordingWriterError) {
        do throws(SystemCallError) {
            try descriptor.truncate(to: committed)
        } catch {
            throw RecordingWriterError(error)
        }
        reserved = committed
        let state = UInt64(RecordingHeader.stateSealed).littleEndian
        header.storeRelease(state, at: RecordingHeader.stateOffset)
    }

    /// Has the recording begin at `offset`, and gives the space before it back. A reader that has
    /// seen the header before finds zeros there; the header is stored first, so that it can tell.
    mutating func forget(before offset: Int) {
        first = offset
        header.storeRelease(UInt64(offset).littleEndian, at: RecordingHeader.firstOffset)
        giveBack()
    }

    /// What the file system does not take back now it is given the next time.
    private mutating func giveBack() {
        // Only whole blocks are given back: with what was forgotten before, a part becomes one.
        let start = max(punched & ~(Self.firstReservation - 1), RecordingHeader.size)
        guard first > start else { return }
        do throws(SystemCallError) {
            try descriptor.punchHole(offset: start, count: first - start)
            punched = first
        } catch {
            // Where that leaves no room, the next reservation says so.
        }
    }

    private mutating func reserve(upTo end: Int) throws(RecordingWriterError) {
        if end <= reserved { return }
        if end > self.end { throw .limitReached(bytes: limit) }
        while reserved < end {
            let size = min(nextReservation, self.end - reserved)
            do throws(SystemCallError) {
                try descriptor.reserve(offset: reserved, count: size)
                reserved += size
                nextReservation =
                    forgets
                    ? Self.firstReservation : min(2 * nextReservation, Self.largestReservation)
            } catch {
                // The last blocks of a file system are too few for a step, not for these entries.
                if !error.isOutOfSpace || end - reserved >= size {
                    throw RecordingWriterError(error)
                }
                nextReservation = end - reserved
            }
        }
    }

    /// Copies what fits the window at `offset`, and returns how much that was.
    private mutating func copy(
        _ bytes: Span<UInt8>, to offset: Int
    ) throws(RecordingWriterError) -> Int {
        if offset >= windowStart + window.count { try moveWindow(to: offset) }
        let place = offset - windowStart
        let count = min(bytes.count, window.count - place)
        if offset + count > populated { populateWindow(to: place + count) }
        window.write(bytes.extracting(first: count), at: place)
        return count
    }

    /// Makes the window's pages present to the end of the step that `end` lies in. A page costs
    /// several times as much when a store finds it missing.
    private mutating func populateWindow(to end: Int) {
        let start = populated - windowStart
        let steps = (end - start + Self.populationStep - 1) / Self.populationStep
        let end = min(start + steps * Self.populationStep, window.count)
        window.populateForWriting(start..<end)
        populated = windowStart + end
    }

    /// Maps the reserved space around `offset`. Windows begin at a multiple of every page size.
    private mutating func moveWindow(to offset: Int) throws(RecordingWriterError) {
        let start = offset & ~(Self.firstReservation - 1)
        let count = min(reserved - start, Self.largestReservation)
        do throws(SystemCallError) {
            window = try Mapping(descriptor, offset: start, count: count)
            windowStart = start
            populated = start
        } catch {
            throw RecordingWriterError(error)
        }
    }
}
