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
}

/// A session that records.
final class ActiveSession {
    let recorder: Recorder
    private let rings: [RingDrain]
    private let request: BeginRequest
    let fileName: String
    let directory: StateDirectory
    /// For those who read the recording, and to say that it is in use.
    var readers: OwnedDescriptor?
    private let startTime: UInt64
    private let pidfd: OwnedDescriptor?
    private var members: TargetMembers
    private let cgroupEvents: OwnedDescriptor?
    private let threads: [ControlProtocol.TargetThread]
    private var sources: [EventSource] = []
    private var buffer: [UInt64] = []

    /// - Throws: `ControlError`; nothing is left behind.
    init(_ transaction: Transaction, _ environment: SessionEnvironment) throws(ControlError) {
        request = transaction.request
        fileName = "\(transaction.identifier).recording"
        directory = environment.directory
        startTime = KernelClock.monotonic()
        pidfd = transaction.pidfd.take()
        cgroupEvents = transaction.cgroupEvents.take()
        members = transaction.takeMembers()
        threads = transaction.threads
        var events = EventTable()
        swap(&events, &transaction.events)
        rings = try Self.mapRings(of: events, pages: transaction.request.ringPages)
        do throws(SystemCallError) { try events.identify() } catch {
            throw .attachFailed(
                reason: "The events could not be asked for their numbers: \(error).")
        }
        guard events.hasDistinctRings else {
            throw .attachFailed(reason: "The rings of two CPUs are those of one event.")
        }
        do throws(RecordingWriterError) {
            let writer = try RecordingWriter(
                creating: fileName, in: environment.directory.descriptor,
                limits: .init(bytes: Int(clamping: environment.limits.recordingSize)))
            let request = transaction.request
            recorder = Recorder(
                events: events, writer: writer,
                subjects: RecordedProcesses(request))
        } catch {
            throw .attachFailed(reason: environment.directory.sentence(for: error))
        }
        do throws(RecordingWriterError) {
            readers = try recorder.lockedDescriptor()
            try recorder.write { Self.describe(transaction, environment, startTime, in: &$0) }
        } catch {
            abandon(in: environment)
            throw .attachFailed(reason: environment.directory.sentence(for: error))
        }
    }

    private static func mapRings(
        of events: borrowing EventTable, pages: Int
    ) throws(ControlError) -> [RingDrain] {
        var places: [Int32: [Int]] = [:]
        for (place, event) in events.declarations.enumerated() {
            places[event.cpu, default: []].append(place)
        }
        var rings: [RingDrain] = []
        for (place, event) in events.declarations.enumerated() where event.ownsRing {
            guard let group = places.removeValue(forKey: event.cpu) else {
                throw .attachFailed(reason: "CPU \(event.cpu) has more than one ring.")
            }
            let others = group.filter { $0 != place }
            let ring = try mapRing(of: events, at: place, pages)
            try direct(others, to: place, of: events)
            rings.append(
                RingDrain(ring: ring, cpu: UInt32(event.cpu), events: [place] + others))
        }
        if let cpu = places.keys.min() {
            throw .attachFailed(reason: "CPU \(cpu) has events and no ring.")
        }
        if rings.isEmpty { throw .attachFailed(reason: "The session has no events.") }
        return rings
    }

    private static func mapRing(
        of events: borrowing EventTable, at place: Int, _ pages: Int
    ) throws(ControlError) -> Ring {
        do throws(RingError) {
            return try events.descriptors.withDescriptor(at: place) {
                descriptor throws(RingError) in
                try Ring(mapping: descriptor, dataPages: pages)
            }
        } catch {
            throw .attachFailed(
                reason: """
                    The ring of CPU \(events.declarations[place].cpu) could not be mapped: \
                    \(error.sentence(pages: pages))
                    """)
        }
    }

    /// Has the events write to the ring of their CPU. The client has done that, as it declares, and
    /// most are only asked whether they write anywhere: to direct one again would cost a grace
    /// period of the kernel. One that does not may be that of a thread that has ended.
    private static func direct(
        _ others: [Int], to owner: Int, of events: borrowing EventTable
    ) throws(ControlError) {
        for place in others {
            do throws(SystemCallError) {
                try events.descriptors.withDescriptor(at: place) {
                    event throws(SystemCallError) in
                    if try PerfEvent.isAttached(event) { return }
                    try events.descriptors.withDescriptor(at: owner) {
                        owner throws(SystemCallError) in
                        try PerfEvent.setOutput(event, to: owner)
                    }
                }
            } catch {
                let event = events.declarations[place]
                throw .attachFailed(
                    reason: """
                        The event of thread \(event.tid) does not write to the ring of CPU \
                        \(event.cpu), and could not be directed there: \(error).
                        """)
            }
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
            // From now, and not from when this round of the loop began.
            let (deadline, isBeyond) = KernelClock.monotonic().addingReportingOverflow(duration)
            timer.arm(at: isBeyond ? .max : deadline)
            sources.append(timer)
        }
        if !request.enableOnExec { try recorder.events.enable() }
        addSnapshot()
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
                                line, pid: UInt32(bitPattern: pid), time: startTime,
                                buildID: ProcessMaps.buildID(of: maps, at: line.start) ?? []))
                    }
                }
            }
        }
        // They are not looked at again.
        members = TargetMembers()
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
            do throws(SessionFailure) { try drain(ring) } catch { failure = failure ?? error }
        }
        do throws(RecordingWriterError) { try recorder.settle(rings) } catch {
            failure = failure ?? .recording(error)
        }
        return failure
    }

    /// Empties every ring.
    func drainAll() throws(SessionFailure) {
        for ring in rings { try drain(ring) }
    }

    var counters: SessionCounters {
        SessionCounters(
            elapsed: KernelClock.monotonic() - startTime,
            threads: max(recorder.threadCount, threads.count),
            descriptors: recorder.events.count, samples: recorder.samples,
            losses: recorder.losses,
            bytes: UInt64(recorder.bytes))
    }
}
