// A session held back: its events sample less often, or rest. What happened is said in the recording.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing
internal import Recording

extension ActiveSession {
    /// Has every event take one sample of `divisor` that were asked for. Threads that the events
    /// came to by inheritance keep their rate (`PerfEvent.setPeriod`).
    ///
    /// - Throws: `SystemCallError` of the first `ioctl` that failed; the others were made.
    func lowerRates(of events: [Event], by divisor: UInt64) throws(SystemCallError) {
        recorder.note(heldBack: isPaused || divisor > 1)
        var failure: SystemCallError?
        for (place, declaration) in recorder.events.declarations.enumerated() {
            let value = events[declaration.event].period(dividedBy: divisor)
            do throws(SystemCallError) {
                try recorder.events.descriptors.withDescriptor(at: place) {
                    event throws(SystemCallError) in
                    try PerfEvent.setPeriod(value, of: event)
                }
            } catch {
                // ESRCH and the like: an event of a thread that has ended takes no samples.
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
    }

    /// Stops the events and records what they had until then.
    func pause() throws(SessionFailure) {
        recorder.note(heldBack: true)
        recorder.events.disable()
        try drainAll()
        isPaused = true
    }

    /// Says in the recording that nothing was recorded since `start`.
    func endPause(since start: UInt64) throws(SessionFailure) {
        let end = KernelClock.monotonic()
        isPaused = false
        do throws(RecordingWriterError) {
            try recorder.write { $0.append(Gap(start: start, end: end, cause: .paused)) }
            // Nothing came meanwhile.
            recorder.noteDrained(at: end)
        } catch {
            throw .recording(error)
        }
    }

    /// Starts the events again.
    func resume(since start: UInt64) throws(SessionFailure) {
        try endPause(since: start)
        do throws(SystemCallError) { try recorder.events.enable() } catch { throw .system(error) }
    }

    /// Says a sentence in the recording, for whoever reads a report of it.
    func note(_ sentence: String) {
        // A failure here shows at the next commit, and ends the session there.
        try? recorder.write { $0.append(session: [SessionFact(SessionKey.note, sentence)]) }
    }

    func forgetStacks() {
        try? recorder.write { $0.forgetStacks() }
    }
}

extension Event {
    private static let software: UInt32 = 1
    /// `PERF_COUNT_SW_CPU_CLOCK` and `PERF_COUNT_SW_TASK_CLOCK`.
    private static let clocks: ClosedRange<UInt64> = 0...1

    /// What PERF_EVENT_IOC_PERIOD wants for one sample of `divisor`.
    func period(dividedBy divisor: UInt64) -> UInt64 {
        switch sampling {
        // The kernel keeps a period only where the highest bit is clear.
        case .period(let value):
            let (product, isOver) = value.multipliedReportingOverflow(by: divisor)
            return isOver || product > UInt64(Int64.max) ? UInt64(Int64.max) : product
        // For these the kernel has made a period in nanoseconds of the frequency.
        case .frequency(let value) where type == Self.software && Self.clocks.contains(config):
            return min(1_000_000_000 / max(value, 1) * divisor, UInt64(Int64.max))
        case .frequency(let value): return max(value / divisor, 1)
        }
    }
}
