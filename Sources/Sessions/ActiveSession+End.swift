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
        return EndedSession(
            reason: failure == nil ? reason : .failed, failure: failure, counters: counters,
            descriptor: descriptor)
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
        let pid = UInt32(bitPattern: request.target.pid)
        writer.append(
            Comm(
                time: startTime, pid: pid, tid: pid, isExec: false, name: request.target.command))
        for thread in transaction.threads where thread.tid != request.target.pid {
            writer.append(
                Comm(
                    time: startTime, pid: pid, tid: UInt32(bitPattern: thread.tid), isExec: false,
                    name: thread.name))
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
            SessionFact(SessionKey.pid, "\(request.target.pid)"),
            SessionFact(SessionKey.command, request.target.command),
            SessionFact(SessionKey.hostname, environment.host.hostname),
            SessionFact(SessionKey.architecture, environment.host.architecture),
            SessionFact(SessionKey.osRelease, environment.host.osRelease),
            SessionFact(SessionKey.startRealtime, "\(start)"),
            SessionFact(SessionKey.startMonotonic, "\(startTime)"),
            SessionFact(SessionKey.kernelFrames, request.kernel.rawValue),
        ] + request.commandLine.map { SessionFact("client.argument", $0) }
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
