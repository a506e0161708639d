// How a session ends, and what is said about it at its beginning.

internal import ControlProtocol
internal import LinuxSystem
internal import Recording
internal import Systemd

extension ActiveSession {
    /// Stops the events, empties the rings and seals the recording.
    func end(
        _ reason: ControlProtocol.EndReason, failure: SessionFailure?
    ) -> EndedSession {
        recorder.events.disable()
        stopWaiting()
        var failure = settle(after: failure)?.explained(in: directory)
        let elapsed = counters.elapsed
        do throws(RecordingWriterError) {
            try recorder.seal(failure == nil ? reason.recorded : failure?.recorded ?? .failure)
        } catch {
            if failure == nil {
                failure = SessionFailure.recording(error).explained(in: directory)
            }
        }
        // There may be no descriptor left for another one.
        let descriptor = readers.take()
        var counters = counters
        counters.elapsed = elapsed
        let end = SessionEnd(
            reason: failure == nil ? reason : .failed, error: failure?.description,
            isViolated: failure?.isViolation == true, counters: counters, limit: failure?.limit)
        return EndedSession(end, descriptor: descriptor)
    }

    /// Empties the rings and seals the recording, and leaves the events as they are for the next
    /// daemon, which takes the seal off again. If there is none, the recording is complete.
    func suspend() throws(SessionFailure) {
        stopWaiting()
        try drainAll()
        do throws(RecordingWriterError) {
            try recorder.settle(rings)
            try recorder.seal(.daemonStopped)
        } catch {
            throw .recording(error)
        }
    }

    /// The recording to write to: a new one, or that of an earlier daemon.
    static func writer(
        of transaction: Transaction, _ environment: SessionEnvironment,
        beginningAt startTime: UInt64, continues: Bool
    ) throws(ControlError) -> RecordingWriter {
        let name = "\(transaction.identifier).recording"
        guard continues else {
            do throws(RecordingWriterError) {
                return try RecordingWriter(
                    creating: name, in: environment.directory.descriptor,
                    limits: environment.recordingLimits,
                    window: transaction.request.lastNanoseconds.map {
                        RecordingWindow(length: $0, beginningAt: startTime)
                    })
            } catch {
                throw .attachFailed(reason: environment.directory.sentence(for: error))
            }
        }
        let writer = try continuingWriter(name, of: transaction, environment)
        let attempts = writer.notes.attempts
        guard writer.eventDefinitionCount == transaction.request.events.count else {
            throw .attachFailed(reason: "The recording has other events than the session.")
        }
        guard writer.windowLength == transaction.request.lastNanoseconds else {
            throw .attachFailed(reason: "The recording keeps another time than the session.")
        }
        guard attempts <= SessionEnvironment.mostAttempts else {
            throw .attachFailed(
                reason: "\(attempts - 1) daemons took it up and ended before they had drained it.")
        }
        return writer
    }

    private static func continuingWriter(
        _ name: String, of transaction: Transaction, _ environment: SessionEnvironment
    ) throws(ControlError) -> RecordingWriter {
        do throws(RecordingContinuationError) {
            return try RecordingWriter(
                continuing: name, of: transaction.identifier,
                in: environment.directory.descriptor, limits: environment.recordingLimits)
        } catch {
            if case .writer(let error) = error {
                throw .attachFailed(reason: environment.directory.sentence(for: error))
            }
            throw .attachFailed(reason: error.description)
        }
    }

    /// Undoes a beginning that failed: the recording is removed.
    func abandon(in environment: SessionEnvironment) {
        stopWaiting()
        try? OwnedDescriptor.removeFile(named: fileName, in: environment.directory.descriptor)
    }

    /// What the recording says about the session before any sample.
    static func describe(
        _ transaction: Transaction, _ environment: SessionEnvironment, _ startTime: UInt64,
        in writer: inout RecordingWriter
    ) {
        let request = transaction.request
        writer.append(session: facts(transaction, environment, startTime))
        for event in request.events { writer.append(event: EventDefinition(event)) }
        for comm in names(of: transaction, startTime) { writer.append(comm) }
    }

    /// The names that the client told, a process' own first.
    private static func names(of transaction: Transaction, _ startTime: UInt64) -> [Comm] {
        func comm(_ pid: Int32, _ tid: Int32, _ name: String) -> Comm {
            Comm(
                time: startTime, pid: UInt32(bitPattern: pid), tid: UInt32(bitPattern: tid),
                isExec: false, name: name)
        }
        let target = transaction.request.target
        switch target.kind {
        case .process(let pid):
            let others = transaction.threads.filter { $0.tid != pid }
            return [comm(pid, pid, target.command)] + others.map { comm(pid, $0.tid, $0.name) }
        case .cgroup:
            return transaction.threads.map { comm($0.pid ?? $0.tid, $0.tid, $0.name) }
        }
    }

    private static func facts(
        _ transaction: Transaction, _ environment: SessionEnvironment, _ startTime: UInt64
    ) -> [SessionFact] {
        let request = transaction.request
        let start = KernelClock.realtime() - (KernelClock.monotonic() - startTime)
        return [
            SessionFact(SessionKey.session, transaction.identifier),
            SessionFact(SessionKey.profilerdVersion, environment.version),
            SessionFact(SessionKey.uid, "\(environment.uid)"),
            SessionFact(SessionKey.command, request.target.command),
            SessionFact(SessionKey.hostname, environment.host.hostname),
            SessionFact(SessionKey.architecture, environment.host.architecture),
            SessionFact(SessionKey.osRelease, environment.host.osRelease),
            SessionFact(SessionKey.startRealtime, "\(start)"),
            SessionFact(SessionKey.startMonotonic, "\(startTime)"),
            SessionFact(SessionKey.kernelFrames, request.kernel.rawValue),
        ] + facts(of: request.target)
            + request.commandLine.map { SessionFact("client.argument", $0) }
    }
}

extension ActiveSession {
    private static func facts(of target: Target) -> [SessionFact] {
        switch target.kind {
        case .process(let pid): [SessionFact(SessionKey.pid, "\(pid)")]
        case .cgroup(let cgroup):
            [
                SessionFact(SessionKey.cgroup, cgroup.path),
                SessionFact(SessionKey.mixedUIDs, cgroup.hasMixedUIDs ? "yes" : "no"),
            ]
        }
    }
}

extension ControlProtocol.EndReason {
    /// The reason in the recording's words.
    var recorded: Recording.EndReason {
        switch self {
        case .stopped, .connectionClosed: .stopped
        case .durationOver: .durationReached
        case .targetGone: .targetExited
        case .serviceStopping: .daemonStopped
        case .failed: .failure
        }
    }
}

extension EventDefinition {
    init(_ event: Event) {
        let (isFrequency, value) =
            switch event.sampling {
            case .frequency(let value): (true, value)
            case .period(let value): (false, value)
            }
        self.init(
            index: 0, name: event.name, type: event.type, config: event.config,
            isFrequency: isFrequency, periodOrFrequency: value,
            unit: Recording.WeightUnit(rawValue: event.unit.rawValue))
    }
}
