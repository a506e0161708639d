// Where the records of a session go: what the events mean, and the recording. A value and not an
// object, so that a drain takes exclusive access to all of it once, and not to each part for each
// sample.

internal import PerfRecords
internal import Recording

/// Turns records into entries of a recording. Everything that a record says is counted somewhere:
/// a sample is in the recording, or among the lost with the cause.
struct RecordSink: ~Copyable {
    var events: EventTable
    var writer: RecordingWriter
    /// The most threads that are told apart: a ring may name any number of them.
    static let mostThreads = 1 << 16
    /// Threads that had a sample or a name, to be counted.
    private(set) var threads: Set<UInt64> = []
    private var lastThread: UInt64 = .max
    /// Samples that a thread's inherited event took beside its own one: not lost, left out.
    private(set) var duplicates: UInt64 = 0
    /// What the rings told of their losses so far.
    private var told = ToldLosses()
    /// The rings were found as an earlier daemon had left them, for somebody else has them mapped, too.
    /// What they tell of losses from before may have been counted then, by the kernel's count.
    var hasFoundRings = false
    /// Words of a call chain with frames of several contexts, put together.
    private var chain: [UInt64] = []

    /// Who is recorded. An event of a whole CPU cannot be told from one of a thread by its descriptor,
    /// but by what it delivers: samples and names of other processes than a target that is a process
    /// are not recorded, and the samples are counted as lost.
    private let subjects: RecordedProcesses

    init(
        events: consuming EventTable, writer: consuming RecordingWriter,
        subjects: RecordedProcesses
    ) {
        self.events = events
        self.writer = writer
        self.subjects = subjects
    }

    mutating func noteThread(_ threadID: Int32) {
        note(UInt64(UInt32(bitPattern: threadID)))
    }

    private mutating func note(_ thread: UInt64) {
        if threads.count < Self.mostThreads { threads.insert(thread) }
    }

    /// Stages the records in `words`, whole ones from the ring of `cpu`.
    ///
    /// - Throws: `RecordError`; what came before the fault is staged.
    mutating func add(_ words: Span<UInt64>, cpu: UInt32) throws(RecordError) {
        var cursor = RecordCursor()
        while true {
            while let sample = try cursor.nextSample(in: words) { add(sample, words, cpu) }
            guard let record = try cursor.next(in: words) else { return }
            if case .sample(let sample) = record {
                add(sample, words, cpu)
            } else {
                add(record, cpu)
            }
        }
    }
}

// MARK: - Samples

extension RecordSink {
    private mutating func add(_ sample: SampleView, _ words: Span<UInt64>, _ cpu: UInt32) {
        guard let identity = events.identity(of: sample.identifier),
            subjects.contains(sample.processID)
        else {
            addLost(1, .daemon, at: sample.time, cpu, event: 0)
            return
        }
        if !events.lateThreads.isEmpty, identity.threadID != sample.threadID,
            events.lateThreads.contains(sample.threadID)
        {
            duplicates += 1
            return
        }
        let thread = UInt64(UInt32(bitPattern: sample.threadID))
        if thread != lastThread {
            note(thread)
            lastThread = thread
        }
        let user = sample.frames(of: .user, in: words)
        // But for its marker all of the chain is often the user's.
        if user.count &+ 1 == sample.callchain.count {
            append(sample, identity, cpu, words.extracting(user))
        } else {
            appendMixed(sample, identity, cpu, words, user)
        }
    }

    /// Puts the frames of both contexts together, kernel first, as the chain has them.
    @inline(never)
    private mutating func appendMixed(
        _ sample: SampleView, _ identity: EventIdentity, _ cpu: UInt32, _ words: Span<UInt64>,
        _ user: Range<Int>
    ) {
        // Taken out and put back, so that the array is neither copied nor shared.
        var chain: [UInt64] = []
        swap(&chain, &self.chain)
        chain.removeAll(keepingCapacity: true)
        for index in sample.frames(of: .kernel, in: words) { chain.append(words[index]) }
        for index in user { chain.append(words[index]) }
        append(sample, identity, cpu, chain.span)
        swap(&chain, &self.chain)
    }

    @inline(__always)
    private mutating func append(
        _ sample: SampleView, _ identity: EventIdentity, _ cpu: UInt32, _ callchain: Span<UInt64>
    ) {
        writer.appendSample(
            time: sample.time, pid: UInt32(bitPattern: sample.processID),
            tid: UInt32(bitPattern: sample.threadID), cpu: cpu, event: identity.kind,
            weight: sample.period, isKernelMode: sample.isKernelMode, callchain: callchain)
    }
}

// MARK: - Other records

extension RecordSink {
    @inline(never)
    private mutating func add(_ record: PerfRecord, _ cpu: UInt32) {
        switch record {
        case .sample: break
        case .mapping(let mapping):
            guard isOurs(mapping.processID) else { return }
            writer.append(MemoryMapping(mapping))
        case .comm(let comm):
            guard isOurs(comm.processID) else { return }
            noteThread(comm.threadID)
            writer.append(Comm(comm))
        case .fork(let task):
            guard isOurs(task.processID) || isOurs(task.parentProcessID) else { return }
            noteThread(task.threadID)
            writer.append(fork: TaskChange(task))
        case .exit(let task):
            guard isOurs(task.processID) else { return }
            events.forgetLateThread(task.threadID)
            writer.append(exit: TaskChange(task))
        case .lost(let loss):
            let event = kind(loss.origin)
            told.add(loss.count, cpu: cpu, event: event)
            let count = hasFoundRings ? min(loss.count, uncounted ?? loss.count) : loss.count
            if count == 0 { return }
            addLost(count, .ring, at: loss.origin.time, cpu, event: event)
        case .lostSamples(let loss):
            addLost(loss.count, .samples, at: loss.origin.time, cpu, event: kind(loss.origin))
        case .throttle(let throttle): add(throttle, isThrottled: true, cpu)
        case .unthrottle(let throttle): add(throttle, isThrottled: false, cpu)
        }
    }

    /// Stages what the ring of `cpu` lost beyond what it told: a ring tells of its losses with the
    /// next record that finds room, and when its events stop none may have come.
    ///
    /// - Parameter counted: by kind of event, as the kernel counted.
    mutating func addUntold(_ counted: [UInt32: UInt64], cpu: UInt32, at time: UInt64) {
        for (event, count) in told.untold(of: counted, cpu: cpu) {
            addLost(count, .ring, at: time, cpu, event: event)
        }
    }

    /// Stages what the kernel has counted as lost in found rings and was not counted here.
    mutating func addUncounted(cpu: UInt32, at time: UInt64) {
        guard let count = uncounted, count > 0 else { return }
        addLost(count, .ring, at: time, cpu, event: 0)
    }

    /// How much more the kernel has lost for want of room than the recording says.
    private var uncounted: UInt64? {
        events.lostCount.map { $0 - min($0, writer.losses.ring) }
    }

    /// Stages what was left out and is not lost.
    mutating func addDuplicates(at time: UInt64) {
        guard duplicates > 0 else { return }
        addLost(duplicates, .duplicate, at: time, 0, event: 0)
        duplicates = 0
    }

    private borrowing func isOurs(_ processID: Int32) -> Bool {
        subjects.contains(processID)
    }

    private mutating func add(_ throttle: ThrottleRecord, isThrottled: Bool, _ cpu: UInt32) {
        writer.append(
            Throttle(
                time: throttle.time, cpu: cpu, isThrottled: isThrottled,
                event: kind(throttle.origin)))
    }

    private mutating func addLost(
        _ count: UInt64, _ cause: LostCause, at time: UInt64, _ cpu: UInt32, event: UInt32
    ) {
        writer.append(Lost(time: time, cpu: cpu, event: event, count: count, cause: cause))
    }

    private borrowing func kind(_ origin: RecordOrigin) -> UInt32 {
        events.identity(of: origin.identifier)?.kind ?? 0
    }
}
