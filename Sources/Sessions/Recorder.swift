// A session's sink as the session's rings share it, and the commit after each batch.

internal import LinuxSystem
internal import PerfRecords
internal import PerfRing
internal import Recording

/// The recording of one session, and what its records mean.
final class Recorder {
    private var sink: RecordSink
    /// That the recording takes no more has been thrown.
    private var hasThrown = false

    var events: EventTable {
        _read { yield sink.events }
        _modify { yield &sink.events }
    }
    /// Samples that had been counted as lost by the writer, by any cause.
    var losses: LossTotals { sink.writer.losses }
    var samples: UInt64 { sink.writer.committedSamples }
    var bytes: Int { sink.writer.committedBytes }
    var threadCount: Int { sink.threads.count }

    /// What the recording says about its writers.
    var notes: RecordingNotes { sink.writer.notes }

    /// Everything that was in the rings at `time` has been committed.
    func noteDrained(at time: UInt64) { sink.writer.noteDrained(at: time) }

    /// Forgets what is older than the recording keeps, once the rings have been emptied.
    ///
    /// - Parameters:
    ///   - time: what was in the rings before has been committed.
    ///   - isWhole: and nothing more is in them.
    func keepWindow(drained time: UInt64, isWhole: Bool) throws(RecordingWriterError) {
        try sink.writer.keepWindow(
            drained: time, now: KernelClock.monotonic(), isWhole: isWhole,
            isAlive: ProcessDescriptor.exists)
    }

    /// The events rest or sample less often than they were opened to, or do so no longer.
    func note(heldBack isHeldBack: Bool) { sink.writer.note(heldBack: isHeldBack) }

    init(
        events: consuming EventTable, writer: consuming RecordingWriter,
        subjects: RecordedProcesses
    ) {
        sink = RecordSink(events: events, writer: writer, subjects: subjects)
    }

    /// Lets `body` add entries outside a drain.
    func write(_ body: (inout RecordingWriter) -> Void) throws(RecordingWriterError) {
        body(&sink.writer)
        try sink.writer.commit()
    }

    /// Adds the records in `words`, whole ones from one ring, and commits them.
    ///
    /// - Throws: `SessionFailure`; what came before the fault is in the recording. Where the
    ///   recording takes no more that is thrown here once, and samples are counted as lost.
    func record(_ words: Span<UInt64>, cpu: UInt32) throws(SessionFailure) {
        var fault: SessionFailure?
        do throws(RecordError) { try sink.add(words, cpu: cpu) } catch { fault = .record(error) }
        if hasThrown {
            // Fails as before, and forgets what was staged.
            try? sink.writer.commit()
            return
        }
        do throws(RecordingWriterError) { try sink.writer.commit() } catch {
            hasThrown = true
            throw .recording(error)
        }
        if let fault { throw fault }
    }

    /// Records what the kernel knows of losses and no ring told, once the events have stopped and
    /// the rings are empty; and what was left out.
    func settle(_ rings: [RingDrain]) throws(RecordingWriterError) {
        let now = KernelClock.monotonic()
        for ring in rings {
            if sink.hasFoundRings {
                sink.addUncounted(cpu: ring.cpu, at: now)
            } else {
                sink.addUntold(ring.lossCounts(of: sink.events), cpu: ring.cpu, at: now)
            }
        }
        sink.addDuplicates(at: now)
        if !sink.writer.hasFailed { try sink.writer.commit() }
    }

    /// Ends the recording; it can be read whatever happens here.
    func seal(_ reason: EndReason) throws(RecordingWriterError) {
        try sink.writer.seal(at: KernelClock.monotonic(), reason: reason)
    }

    /// Records what the kernel counted as lost before `rings` were there, beyond what is told.
    func addLost(
        before rings: [RingDrain], beyond told: UInt64, at time: UInt64
    ) throws(RecordingWriterError) {
        sink.hasFoundRings = rings.contains(where: \.isFound)
        var counts: [UInt32: UInt64] = [:]
        for ring in rings { counts.merge(ring.lostBefore) { $0.addingSaturated($1) } }
        let all = counts.values.reduce(0 as UInt64) { $0.addingSaturated($1) }
        // It is not known of which event the rest was.
        guard all > told, let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })
        else { return }
        try write {
            $0.append(
                Lost(time: time, cpu: 0, event: most.key, count: all - told, cause: .ring))
        }
    }

    /// A descriptor for readers that keeps the recording from being removed.
    func takeReaders() -> OwnedDescriptor? { sink.writer.takeReaders() }

    func readOnlyDescriptor() throws(SystemCallError) -> OwnedDescriptor {
        try sink.writer.readOnlyDescriptor()
    }
}
