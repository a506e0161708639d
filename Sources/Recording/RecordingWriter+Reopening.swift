// Going on with a recording whose writer has gone: killed, or ended with the recording sealed. What it
// had committed stays, byte by byte; an `end` that it wrote is taken back, for the recording goes on.
// Nothing but the header and the first and the last entry is read, however long the recording is; of
// one that keeps only its last time all that is kept, for it says again what is true of the target.

public import LinuxSystem

/// What a recording says about itself between its writers: in its header, where a store is enough.
public struct RecordingNotes: Equatable, Sendable {
    /// When everything there was had last been committed, in nanoseconds of CLOCK_MONOTONIC.
    public var drainedAt: UInt64
    /// How often another writer went on.
    public var reopenings: UInt64
    /// How often that happened since everything had last been committed.
    public var attempts: UInt64
    /// The end of the last time without a writer, in nanoseconds of CLOCK_MONOTONIC; 0 before any.
    public var gapEnd: UInt64
    /// Whether the events rest or sample less often than they were opened to.
    public var isHeldBack: Bool
}

extension RecordingNotes {
    static let drainedOffset = 32
    static let reopeningsOffset = 40
    static let attemptsOffset = 48
    static let gapEndOffset = 56
    static let heldBackOffset = 64
}

extension RecordingWriter {
    /// Opens the recording `name` in `directory` to append to it.
    ///
    /// Stacks and threads that come again are defined anew, under new numbers.
    ///
    /// - Parameter session: what the recording must say that it is of.
    /// - Throws: `RecordingContinuationError`; the recording is as it was.
    public init(
        continuing name: String, of session: String, in directory: borrowing OwnedDescriptor,
        limits: Limits = Limits()
    ) throws(RecordingContinuationError) {
        let descriptor = try Self.open(name, in: directory)
        let place = try Self.place(in: descriptor, of: session)
        try Self.noteAttempt(in: descriptor, place)
        let window = try Self.window(of: descriptor, place, limits)
        do throws(RecordingWriterError) {
            try self.init(continuing: descriptor, at: place, window, limits)
        } catch {
            throw .writer(error)
        }
    }

    /// Seals the recording `name` in `directory` if its writer has gone without: nobody goes on
    /// with it.
    ///
    /// - Returns: whether it was sealed now.
    /// - Throws: `RecordingContinuationError`; also where another process writes it.
    public static func sealLeftover(
        _ name: String, of session: String, in directory: borrowing OwnedDescriptor
    ) throws(RecordingContinuationError) -> Bool {
        let descriptor = try open(name, in: directory)
        let place = try place(in: descriptor, of: session)
        if place.isSealed { return false }
        do throws(RecordingWriterError) {
            var writer = try RecordingWriter(continuing: descriptor, at: place, nil, Limits())
            try writer.seal(at: writer.notes.drainedAt, reason: .daemonStopped)
        } catch {
            throw .writer(error)
        }
        return true
    }

    private static func open(
        _ name: String, in directory: borrowing OwnedDescriptor
    ) throws(RecordingContinuationError) -> OwnedDescriptor {
        do throws(SystemCallError) {
            return try .openFile(toAppend: name, in: directory)
        } catch {
            throw .system(error)
        }
    }

    private static func place(
        in descriptor: borrowing OwnedDescriptor, of session: String
    ) throws(RecordingContinuationError) -> ContinuationPlace {
        do throws(RecordingError) {
            return try ContinuationPlace(finding: descriptor, session)
        } catch {
            throw .recording(error)
        }
    }

    /// Before anything is done that whoever tries may die of.
    private static func noteAttempt(
        in descriptor: borrowing OwnedDescriptor, _ place: ContinuationPlace
    ) throws(RecordingContinuationError) {
        let attempts = CheckedHeader.number(place.page, at: RecordingNotes.attemptsOffset)
        do throws(SystemCallError) {
            let header = try Mapping(descriptor, count: RecordingHeader.size)
            header.storeRelease((attempts &+ 1).littleEndian, at: RecordingNotes.attemptsOffset)
        } catch {
            throw .system(error)
        }
    }

    private static func window(
        of descriptor: borrowing OwnedDescriptor, _ place: ContinuationPlace, _ limits: Limits
    ) throws(RecordingContinuationError) -> RecordingWindow? {
        guard let buckets = place.buckets else { return nil }
        do throws(RecordingError) {
            return try RecordingWindow(of: descriptor, place, buckets, limits)
        } catch {
            throw .recording(error)
        }
    }

    private init(
        continuing descriptor: consuming OwnedDescriptor, at place: ContinuationPlace,
        _ window: RecordingWindow?, _ limits: Limits
    ) throws(RecordingWriterError) {
        let state = place.continuation
        file = try RecordingFile(
            continuing: descriptor, first: place.first, at: place.end, limit: limits.bytes,
            forgets: window != nil)
        self.window = window
        file.nextContinuation = place.nextIndex
        stacks = StackTable(limit: limits.stackNodes, next: state.nextStack)
        threads = ThreadTable(limit: limits.threads, next: state.nextThread)
        eventCount = state.eventCount
        previous = state.previous
        committedSamples = state.samples
        losses = state.losses
        let found = notes
        file.header.storeRelease(
            (found.reopenings &+ 1).littleEndian, at: RecordingNotes.reopeningsOffset)
    }

    /// Events that samples may name.
    public var eventDefinitionCount: Int { Int(eventCount) }

    /// What the header says now.
    public var notes: RecordingNotes {
        RecordingNotes(
            drainedAt: note(RecordingNotes.drainedOffset),
            reopenings: note(RecordingNotes.reopeningsOffset),
            attempts: note(RecordingNotes.attemptsOffset),
            gapEnd: note(RecordingNotes.gapEndOffset),
            isHeldBack: note(RecordingNotes.heldBackOffset) != 0)
    }

    private borrowing func note(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: file.header.loadAcquire(at: offset))
    }

    /// Notes that everything there was at `time` has been committed.
    public borrowing func noteDrained(at time: UInt64) {
        file.header.storeRelease(time.littleEndian, at: RecordingNotes.drainedOffset)
        file.header.storeRelease(0, at: RecordingNotes.attemptsOffset)
    }

    /// Notes whether the events rest or sample less often than they were opened to.
    public borrowing func note(heldBack isHeldBack: Bool) {
        file.header.storeRelease(
            (isHeldBack ? 1 : 0 as UInt64).littleEndian, at: RecordingNotes.heldBackOffset)
    }

    /// Stages the time without a writer, from when everything had last been committed until `time`.
    /// What an earlier writer said of it is not said again.
    ///
    /// - Returns: its length in nanoseconds.
    public mutating func appendGap(until time: UInt64) -> UInt64 {
        let notes = notes
        let start = min(max(notes.drainedAt, notes.gapEnd), time)
        append(Gap(start: start, end: time, cause: .daemonRestarted))
        file.header.storeRelease(time.littleEndian, at: RecordingNotes.gapEndOffset)
        return time - start
    }

    /// What another writer would go on with behind what is staged.
    var continuation: Continuation {
        Continuation(
            nextStack: stacks.nextID, nextThread: threads.next, eventCount: eventCount,
            previous: previous, samples: committedSamples + stagedSamples, losses: losses)
    }
}

/// Why nobody can go on with a recording.
public enum RecordingContinuationError: Error, Sendable, CustomStringConvertible {
    /// It cannot be opened.
    case system(SystemCallError)
    /// It is not what it should be.
    case recording(RecordingError)
    /// There is no room in it.
    case writer(RecordingWriterError)

    public var description: String {
        switch self {
        case .system(let error): "The recording cannot be opened: \(error)."
        case .recording(let error): "\(error)"
        case .writer(let error): error.description
        }
    }
}
