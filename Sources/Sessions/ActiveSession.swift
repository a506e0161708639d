// What a session holds while it records. The order of its beginning matters: the rings are mapped
// before the client lets go of its own mappings; the events run before the target's mappings are
// read, so that none can slip in between; and the snapshot is stamped with a time before that, so
// that whatever the kernel reports later comes after it.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing
internal import Recording
internal import Systemd

/// Where sessions live.
struct SessionEnvironment {
    let loop: EventLoop
    let directory: StateDirectory
    var limits: Limits
    let uid: UInt32
    let version: String
    let host: HostNames
    /// How often the rings of sessions that go on are halved.
    var ringShift = 0

    /// A session that daemon after daemon dies of is given up: how many may try in a row.
    static let mostAttempts: UInt64 = 3

    var recordingLimits: RecordingWriter.Limits {
        .init(bytes: Int(clamping: limits.recordingSize))
    }
}

/// What the last daemon has left of a session, as its recording says.
private struct EarlierDaemon {
    /// Samples that found no room in a ring, as far as it is told.
    let ringLosses: UInt64
    /// The events may rest, or sample less often than they were opened to.
    let isHeldBack: Bool
}

/// A session that records.
final class ActiveSession {
    let recorder: Recorder
    let rings: [RingDrain]
    let request: BeginRequest
    let fileName: String
    let directory: StateDirectory
    /// For those who read the recording, and to say that it is in use.
    var readers: OwnedDescriptor?
    let startTime: UInt64
    /// When the target's mappings are read: before them come those that the kernel reports later.
    private let snapshotTime: UInt64
    let pidfd: OwnedDescriptor?
    private(set) var members: TargetMembers
    let cgroupEvents: OwnedDescriptor?
    /// Threads that were there when it began.
    let threadCount: Int
    /// What another daemon recorded of it; nil where this one began it.
    private let earlier: EarlierDaemon?
    /// Nanoseconds between the last daemon's last drain and this one's rings.
    private(set) var gap: UInt64 = 0
    /// The events rest.
    var isPaused = false
    private var sources: [EventSource] = []
    private var buffer: [UInt64] = []

    /// - Parameter earlier: what another daemon had left of it, with its recording.
    /// - Throws: `ControlError`; of a new session nothing is left behind.
    init(
        _ transaction: Transaction, _ environment: SessionEnvironment,
        continuing earlier: SessionState? = nil
    ) throws(ControlError) {
        request = transaction.request
        fileName = "\(transaction.identifier).recording"
        directory = environment.directory
        startTime = earlier?.startTime ?? KernelClock.monotonic()
        pidfd = transaction.pidfd.take()
        cgroupEvents = transaction.cgroupEvents.take()
        members = transaction.takeMembers()
        threadCount = earlier?.threadCount ?? transaction.threads.count
        var events = EventTable()
        swap(&events, &transaction.events)
        let pages = transaction.request.ringPages
        rings = try Self.mapRings(
            of: events, pages: earlier == nil ? pages : max(1, pages >> environment.ringShift),
            mayShrink: earlier != nil)
        snapshotTime = earlier == nil ? startTime : KernelClock.monotonic()
        do throws(SystemCallError) { try events.identify() } catch {
            throw .attachFailed(
                reason: "The events could not be asked for their numbers: \(error).")
        }
        guard events.hasDistinctRings else {
            throw .attachFailed(reason: "The rings of two CPUs are those of one event.")
        }
        let request = transaction.request
        let writer = try Self.writer(
            of: transaction, environment, beginningAt: startTime, continues: earlier != nil)
        self.earlier = earlier.map { _ in
            EarlierDaemon(ringLosses: writer.losses.ring, isHeldBack: writer.notes.isHeldBack)
        }
        recorder = Recorder(
            events: events, writer: writer, subjects: RecordedProcesses(request))
        readers = recorder.takeReaders()
        do throws(RecordingWriterError) {
            if earlier != nil {
                try appendGap()
            } else {
                recorder.noteDrained(at: startTime)
                try recorder.write { Self.describe(transaction, environment, startTime, in: &$0) }
            }
        } catch {
            if earlier == nil { abandon(in: environment) }
            throw .attachFailed(reason: environment.directory.sentence(for: error))
        }
    }

    /// Starts the events and waits for what ends the session.
    func start(
        on loop: EventLoop, wake: @escaping (RingDrain) -> Void,
        end: @escaping (ControlProtocol.EndReason) -> Void
    ) throws(SystemCallError) {
        for ring in rings {
            try ring.start(on: loop, recorder) { [weak self] ring in
                wake(ring)
                // The pidfd tells it sooner; without one this is the only word there is.
                if self?.rings.allSatisfy(\.isHungUp) == true { end(.targetGone) }
            }
        }
        try waitForTarget(on: loop, end)
        if let duration = request.durationNanoseconds {
            let timer = try loop.addTimer { end(.durationOver) }
            // From now, and not from when this round of the loop began; or from its beginning.
            let start = earlier == nil ? KernelClock.monotonic() : startTime
            let (deadline, isBeyond) = start.addingReportingOverflow(duration)
            timer.arm(at: isBeyond ? .max : deadline)
            sources.append(timer)
        }
        if let earlier { try goOn(after: earlier) }
        if !request.enableOnExec { try recorder.events.enable() }
        addSnapshot()
    }

    /// What the last daemon has held back is not: this one has a budget of its own. What it lost and
    /// could not tell any more is counted.
    private func goOn(after earlier: EarlierDaemon) throws(SystemCallError) {
        // A failure here shows at the next commit, and ends the session there.
        try? recorder.addLost(before: rings, beyond: earlier.ringLosses, at: snapshotTime)
        guard earlier.isHeldBack else { return }
        // An event whose rate cannot be set is one of a thread that has ended.
        try? lowerRates(of: request.events, by: 1)
        // It took samples, so the target executes what was waited for.
        try recorder.events.enable()
    }

    private func waitForTarget(
        on loop: EventLoop, _ end: @escaping (ControlProtocol.EndReason) -> Void
    ) throws(SystemCallError) {
        // A switch, because an optional of a descriptor cannot be mapped with a typed error.
        switch pidfd {
        case .none: break
        case .some(let pidfd):
            sources.append(try loop.addIO(pidfd, .readable) { _ in end(.targetGone) })
        }
        switch cgroupEvents {
        case .none: break
        case .some(let events):
            sources.append(
                try loop.addIO(events, .priority) { [weak self] _ in
                    // It is read to be told of the next change, and at first in any case.
                    if self?.isTargetPopulated == false { end(.targetGone) }
                })
        }
    }

    private var isTargetPopulated: Bool {
        switch cgroupEvents {
        case .none: true
        case .some(let events): ControlGroupEvents.isPopulated(events)
        }
    }

    /// Cancels every event source. To let go of them would not do: the one whose handler has
    /// brought us here lives until that returns, and its descriptor may be closed before. The
    /// client still has that file open, so epoll(7) would go on to report it to a freed source.
    func stopWaiting() {
        for ring in rings { ring.stop() }
        for source in sources { source.cancel() }
        sources.removeAll()
    }

    /// The mappings of the target's processes as they are. One that has gone has none.
    private func addSnapshot() {
        // Whoever may make processes must not be able to keep the others waiting for their maps.
        var budget = Self.snapshotBudget
        for (index, pid) in members.pids.enumerated() where budget > 0 {
            members.maps.withDescriptor(at: index) { maps in
                guard let text = try? ProcessMaps.text(of: maps) else { return }
                budget -= text.count
                // A failure here shows at the next commit, and ends the session there.
                try? recorder.write { writer in
                    for line in MapsLine.executable(in: text) {
                        writer.append(
                            MemoryMapping(
                                line, pid: UInt32(bitPattern: pid), time: snapshotTime,
                                buildID: ProcessMaps.buildID(of: maps, at: line.start) ?? []))
                    }
                }
            }
        }
    }

    /// Lets go of the mappings of a cgroup's processes, which may be many and are not looked at
    /// again: the service manager has them for the next daemon, or nobody will.
    func forgetMembers() {
        if request.target.pid == nil { members = TargetMembers() }
    }

    /// Bytes of maps that are read at a time: those of one process, or of some hundred small ones.
    private static let snapshotBudget = 8 << 20

    /// Empties one ring.
    func drain(_ ring: RingDrain) throws(SessionFailure) {
        try ring.drain(into: recorder, using: &buffer)
    }

    /// Empties every ring for the last time, whatever becomes of the others, and counts what is
    /// missing. Where the recording takes no more, what is in the rings is counted as lost.
    ///
    /// - Parameter failure: what ended the session; nil where it ended as it should.
    /// - Returns: that, or else the first failure met here.
    func settle(after failure: SessionFailure?) -> SessionFailure? {
        var failure = failure
        for ring in rings {
            do throws(SessionFailure) { try drain(ring) } catch {
                failure = failure ?? error
                // What is left there is counted.
                try? drain(ring)
            }
        }
        do throws(RecordingWriterError) { try recorder.settle(rings) } catch {
            failure = failure ?? .recording(error)
        }
        return failure
    }

    /// Empties every ring.
    func drainAll() throws(SessionFailure) {
        let time = KernelClock.monotonic()
        for ring in rings { try drain(ring) }
        let isWhole = rings.allSatisfy(\.isEmpty)
        if !isPaused, isWhole { recorder.noteDrained(at: time) }
        do throws(RecordingWriterError) {
            try recorder.keepWindow(drained: time, isWhole: isWhole)
        } catch {
            throw .recording(error)
        }
    }

    /// The time without a ring, until those of now were mapped.
    private func appendGap() throws(RecordingWriterError) {
        var length: UInt64 = 0
        try recorder.write { length = $0.appendGap(until: snapshotTime) }
        gap = length
    }

    var counters: SessionCounters {
        let notes = recorder.notes
        return SessionCounters(
            elapsed: KernelClock.monotonic() - startTime,
            threads: max(recorder.threadCount, threadCount),
            descriptors: recorder.events.count, samples: recorder.samples,
            losses: recorder.losses, bytes: UInt64(recorder.bytes),
            restarts: Int(clamping: notes.reopenings))
    }
}
