// What happens in a session becomes entries of its recording. Entries are staged in memory, where
// nothing can fail. `commit` puts all that is staged into the file, or nothing of it: after a
// failure the recording is valid at its last commit, samples that come later are counted as lost,
// and `seal` still works.

public import LinuxSystem

/// Writes one recording.
public struct RecordingWriter: ~Copyable {
    /// What a recording may cost.
    public struct Limits: Sendable {
        /// The largest file in bytes; at least `smallestSize`, below 4 GiB.
        public var bytes: Int
        /// The stack nodes that are kept in memory, about 32 bytes each.
        public var stackNodes: Int
        /// The threads that are kept in memory, about 32 bytes each.
        public var threads: Int

        /// The header, what the session is, and the entries that close it.
        public static let smallestSize = 16 << 10

        public init(bytes: Int = 1 << 30, stackNodes: Int = 1 << 19, threads: Int = 1 << 16) {
            self.bytes = min(max(bytes, Self.smallestSize), 0xff00_0000)
            self.stackNodes = stackNodes
            self.threads = max(threads, 1)
        }
    }

    /// What is staged begins with this much memory, and keeps up to the second between commits.
    private static let firstStaging = 4 << 10
    private static let largestStaging = 256 << 10

    var file: RecordingFile
    private var staged = Encoder(capacity: Self.firstStaging)
    private var body = Encoder()
    var previous = SampleState()
    var stacks: StackTable
    var threads: ThreadTable
    var eventCount: UInt32 = 0
    var stagedSamples: UInt64 = 0
    private var failure: RecordingWriterError?
    /// Of a recording that keeps only its last time.
    var window: RecordingWindow?

    /// Samples in the recording, up to the last commit.
    public internal(set) var committedSamples: UInt64 = 0
    /// What is missing: what was appended as lost, throttled or a gap, and the samples that could
    /// not be committed.
    public internal(set) var losses = LossTotals()
    /// Samples that are not in the recording.
    public var lostSamples: UInt64 { losses.lost }
    /// Whether a commit has failed: what comes from then on is counted as lost, and nothing else.
    public var hasFailed: Bool { failure != nil }
    /// Whether `seal` has finished.
    public private(set) var isSealed = false

    /// Creates the recording `name` in `directory`, with no entry yet.
    ///
    /// - Parameter window: what a recording keeps that keeps only its last time.
    /// - Throws: `RecordingWriterError`; then there is no such file.
    public init(
        creating name: String, in directory: borrowing OwnedDescriptor, limits: Limits = Limits(),
        window: RecordingWindow? = nil
    ) throws(RecordingWriterError) {
        let descriptor: OwnedDescriptor
        do throws(SystemCallError) {
            descriptor = try .createFile(named: name, in: directory)
        } catch {
            throw RecordingWriterError(error)
        }
        do throws(RecordingWriterError) {
            file = try RecordingFile(descriptor, limit: limits.bytes, forgets: window != nil)
        } catch {
            // The first error is the one to tell; an empty file left behind does no harm.
            try? OwnedDescriptor.removeFile(named: name, in: directory)
            throw error
        }
        stacks = StackTable(limit: limits.stackNodes)
        threads = ThreadTable(limit: limits.threads)
        if let window { begin(window, limits) }
    }

    /// The recording's size in bytes, up to the last commit and without what it has forgotten.
    public var committedBytes: Int { file.size }
    /// Bytes that wait for a commit. Commit before they are many: they are in memory.
    public var stagedBytes: Int { staged.count }
    /// Forgets the stacks that the recording has, which gives their memory back; those that come
    /// again are defined again.
    public mutating func forgetStacks() { stacks.forget() }
    /// How often the stack table was full and began anew; each time the recording grows faster.
    public var stackTableResets: Int { stacks.resets }

    /// A descriptor that can read the recording, and nothing else.
    public borrowing func readOnlyDescriptor() throws(SystemCallError) -> OwnedDescriptor {
        try file.descriptor.reopenedForReading()
    }

    /// Gives away a descriptor that can read the recording, and nothing else, and has the lock that
    /// says that the recording is in use: with its last duplicate that goes. Nil the second time.
    public mutating func takeReaders() -> OwnedDescriptor? { file.takeReaders() }
}

extension RecordingWriter {
    /// Commits what is staged: when this returns, the recording has it even if this process dies.
    ///
    /// - Throws: `RecordingWriterError`, and again from every later commit. What was staged is
    ///   gone, its samples are counted as lost. Seal the recording with the error's `endReason`.
    public mutating func commit() throws(RecordingWriterError) {
        precondition(!isSealed, "the recording is sealed")
        defer {
            staged.removeAll(keeping: Self.largestStaging)
            stagedSamples = 0
        }
        do throws(RecordingWriterError) {
            if let failure { throw failure }
            if !staged.isEmpty { try appendStaged() }
            committedSamples += stagedSamples
        } catch {
            failure = error
            losses.count(unrecorded: stagedSamples)
            throw error
        }
    }

    /// A recording that keeps only its last time makes room by keeping less of it.
    private mutating func appendStaged() throws(RecordingWriterError) {
        while true {
            do throws(RecordingWriterError) {
                return try file.append(staged, continuation: continuation)
            } catch {
                guard error.isLackOfRoom, forgetOldestBucket() else { throw error }
            }
        }
    }

    /// Commits what is staged, ends the recording and gives its unused space back. If that commit
    /// fails or an earlier one did, it ends at its last commit, with the failure's reason.
    ///
    /// - Parameter time: Nanoseconds of CLOCK_MONOTONIC.
    /// - Throws: `RecordingWriterError` if the recording could not be sealed; it can still be read.
    public mutating func seal(at time: UInt64, reason: EndReason) throws(RecordingWriterError) {
        if isSealed { return }
        var reason = reason
        do throws(RecordingWriterError) { try commit() } catch { reason = error.endReason }
        let end = End(
            time: time, reason: reason, samples: committedSamples, lost: lostSamples)
        append(.end) { end.encode(to: &$0) }
        try file.append(staged, isClosing: true)
        staged.removeAll(keeping: 0)
        try file.seal()
        isSealed = true
    }

    /// Waits until what was committed is on its device, where it outlives the machine.
    public borrowing func synchronize() throws(SystemCallError) {
        try file.descriptor.synchronize()
    }
}

extension RecordingWriter {
    /// Stages one sample. New stack nodes, a new thread and another CPU are defined before it.
    ///
    /// - Parameters:
    ///   - time: Nanoseconds of CLOCK_MONOTONIC.
    ///   - event: An index that `append(event:)` returned.
    ///   - weight: In the event's unit.
    ///   - callchain: Runtime addresses, innermost first, without PERF_CONTEXT markers.
    public mutating func appendSample(
        time: UInt64, pid: UInt32, tid: UInt32, cpu: UInt32, event: UInt32, weight: UInt64,
        isKernelMode: Bool, callchain: Span<UInt64>
    ) {
        precondition(event < eventCount, "a sample of an event that was not defined")
        if failure != nil {
            losses.count(unrecorded: 1)
            return
        }
        var sample = SampleState(
            time: time, thread: 0, event: event, weight: weight, stack: 0, cpu: cpu)
        sample.thread = threads.index(pid: pid, tid: tid, defining: &staged)
        sample.stack = stacks.intern(callchain, defining: &staged)
        if cpu != previous.cpu { append(.cpu) { $0.append(cpu) } }
        staged.append(sample, after: previous, isKernelMode: isKernelMode)
        previous = sample
        stagedSamples += 1
    }

    /// Stages the facts about the session: once, before anything else.
    public mutating func append(session facts: [SessionFact]) {
        window?.state.note(session: facts)
        stage(session: facts)
    }

    /// Stages the definition of an event and returns its index; `index` itself is not looked at.
    @discardableResult
    public mutating func append(event: EventDefinition) -> UInt32 {
        window?.state.note(event: event)
        return stage(event: event)
    }

    public mutating func append(_ comm: Comm) {
        append(.comm(comm))
    }

    public mutating func append(_ mapping: MemoryMapping) {
        append(.mapping(mapping))
    }

    public mutating func append(fork: TaskChange) {
        append(.fork(fork))
    }

    public mutating func append(exit: TaskChange) {
        append(.exit(exit))
    }

    private mutating func append(_ change: TargetChange) {
        window?.state.note(change)
        stage(change)
    }

    /// Stages lost samples and counts them.
    public mutating func append(_ lost: Lost) {
        losses.count(lost)
        append(.lost) { lost.encode(to: &$0) }
    }

    public mutating func append(_ throttle: Throttle) {
        losses.count(throttle)
        append(.throttle) { throttle.encode(to: &$0) }
    }

    public mutating func append(_ gap: Gap) {
        losses.count(gap)
        append(.gap) { gap.encode(to: &$0) }
    }

    mutating func append(_ tag: EntryTag, _ encode: (inout Encoder) -> Void) {
        body.removeAll(keeping: 4096)
        encode(&body)
        staged.append(tag, body: body)
    }
}

// What buckets say again, without taking note of it once more.
extension RecordingWriter {
    mutating func stage(session facts: [SessionFact]) {
        append(.session) { body in
            body.append(UInt64(facts.count))
            for fact in facts { fact.encode(to: &body) }
        }
    }

    @discardableResult
    mutating func stage(event: EventDefinition) -> UInt32 {
        var event = event
        event.index = eventCount
        append(.event) { event.encode(to: &$0) }
        eventCount += 1
        return event.index
    }

    mutating func stage(_ change: TargetChange) {
        switch change {
        case .comm(let comm): stage(comm)
        case .mapping(let mapping): stage(mapping)
        case .fork(let fork): append(.fork) { fork.encode(to: &$0) }
        case .exit(let exit): append(.exit) { exit.encode(to: &$0) }
        }
    }

    mutating func stage(_ comm: Comm) {
        append(.comm) { comm.encode(to: &$0) }
    }

    mutating func stage(_ mapping: MemoryMapping) {
        append(.mapping) { mapping.encode(to: &$0) }
    }
}
