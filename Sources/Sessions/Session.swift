// One session: from its commit to the moment its recording is taken. It has one state, and only
// this file moves it. While it records it owns the perf descriptors, the rings and the recording;
// once it has ended it owns a read-only descriptor of the sealed recording and its last counters.

internal import ControlProtocol
internal import LinuxSystem
internal import Recording
internal import SystemPackage
internal import Systemd

final class Session {
    enum State {
        case recording(ActiveSession)
        case ended(EndedSession)
    }

    let identifier: String
    /// The connection that it belongs to: the one that committed it; nil where that was another
    /// daemon's, and nobody has asked for it since.
    private(set) var owner: UInt64?
    let request: BeginRequest
    let uid: UInt32
    /// Seconds since the epoch.
    let startedAt: Int64
    private(set) var state: State
    /// What was done to keep the daemon's budget.
    let restraint = BudgetRestraint()
    /// A client has the recording, and has not said yet that it has its report.
    var isHeld = false
    /// The name that its descriptors have in the manager's store; nil where they are not in it.
    var storeName: String?

    /// Takes over a transaction: maps its rings, creates the recording, starts the events.
    ///
    /// - Parameter earlier: what another daemon had left of it, with its recording.
    /// - Throws: `ControlError.attachFailed`; of a new session nothing is left behind.
    init(
        _ transaction: Transaction, _ environment: SessionEnvironment,
        continuing earlier: SessionState? = nil,
        onWake: @escaping (Session, RingDrain) -> Void,
        onEnd: @escaping (Session, ControlProtocol.EndReason) -> Void
    ) throws(ControlError) {
        identifier = transaction.identifier
        owner = earlier == nil ? transaction.owner : nil
        request = transaction.request
        uid = environment.uid
        startedAt = earlier?.startedAt ?? Int64(KernelClock.realtime() / 1_000_000_000)
        let active = try ActiveSession(transaction, environment, continuing: earlier)
        state = .recording(active)
        do throws(SystemCallError) {
            try active.start(
                on: environment.loop,
                wake: { [weak self] ring in if let self { onWake(self, ring) } },
                end: { [weak self] reason in if let self { onEnd(self, reason) } })
        } catch {
            active.stopWaiting()
            if earlier == nil { active.abandon(in: environment) }
            throw .attachFailed(
                reason: "The session's events could not be started: \(error). Try again.")
        }
    }

    /// A session that has ended under an earlier daemon, or could not go on under this one.
    ///
    /// - Parameter recording: nil where it cannot be opened.
    init(
        _ earlier: SessionState, ended end: SessionEnd, _ environment: SessionEnvironment,
        recording: consuming OwnedDescriptor?
    ) {
        identifier = earlier.identifier
        request = earlier.request
        uid = environment.uid
        startedAt = earlier.startedAt
        state = .ended(EndedSession(end, descriptor: recording))
    }

    var active: ActiveSession? {
        if case .recording(let active) = state { return active }
        return nil
    }

    /// Empties all rings, seals the recording and closes every perf descriptor.
    ///
    /// - Parameter failure: what broke the session; nil where it ended as it should.
    func end(_ reason: ControlProtocol.EndReason, failure: SessionFailure? = nil) {
        guard case .recording(let active) = state else { return }
        state = .ended(active.end(reason, failure: failure))
    }

    /// Makes it the connection's, if it is nobody's.
    func adopt(by connection: UInt64) {
        if owner == nil { owner = connection }
    }

    /// What the next daemon needs to know.
    var stateToKeep: SessionState {
        switch state {
        case .recording(let active): active.state(of: identifier, startedAt: startedAt)
        case .ended(let ended):
            SessionState(
                identifier: identifier, startedAt: startedAt, startTime: 0, request: request,
                end: ended.end)
        }
    }

    var status: SessionStatus {
        let ended: SessionEnd?
        let counters: SessionCounters
        switch state {
        case .recording(let active):
            ended = nil
            counters = active.counters
        case .ended(let session):
            ended = session.end
            counters = session.end.counters
        }
        return SessionStatus(
            session: identifier, pid: request.target.pid, cgroup: request.target.cgroup,
            command: request.target.command,
            uid: uid, state: ended == nil ? .recording : .ended, events: request.events,
            kernel: request.kernel, lifetime: request.lifetime, startedAt: startedAt,
            elapsedNanoseconds: counters.elapsed, durationNanoseconds: request.durationNanoseconds,
            lastNanoseconds: request.lastNanoseconds, threads: counters.threads,
            descriptors: counters.descriptors,
            samples: counters.samples, lost: counters.losses.lost,
            losses: SessionLosses(counters.losses), bytes: counters.bytes,
            restarts: counters.restarts, endReason: ended?.reason, error: ended?.error,
            isPaused: restraint.pause != nil, notices: restraint.notices)
    }

    /// Whether it ended because a ring or a record was not as the kernel writes it.
    var isViolated: Bool {
        end?.isViolated == true
    }

    /// How it ended.
    var end: SessionEnd? {
        if case .ended(let session) = state { return session.end }
        return nil
    }

    /// The recording's file in the state directory.
    var fileName: String { "\(identifier).recording" }

    /// A read-only descriptor of the recording as it is now.
    func recordingDescriptor() throws(SystemCallError) -> OwnedDescriptor {
        switch state {
        case .recording(let active): try active.recorder.readOnlyDescriptor()
        case .ended(let ended): try ended.recording()
        }
    }
}

/// What a session has counted so far.
struct SessionCounters {
    /// Nanoseconds.
    var elapsed: UInt64
    var threads: Int
    var descriptors: Int
    var samples: UInt64
    var losses: LossTotals
    var bytes: UInt64
    /// Daemons that took it up after another had gone.
    var restarts = 0
}

extension SessionLosses {
    init(_ totals: LossTotals) {
        self.init(
            ring: totals.ring, kernel: totals.kernel, service: totals.daemon,
            throttles: totals.throttles, throttledNanoseconds: totals.throttledNanoseconds,
            gaps: totals.gaps, gapNanoseconds: totals.gapNanoseconds)
    }
}

/// A session whose recording is sealed.
final class EndedSession {
    let end: SessionEnd
    private let descriptor: OwnedDescriptor?

    init(_ end: SessionEnd, descriptor: consuming OwnedDescriptor?) {
        self.end = end
        self.descriptor = descriptor
    }

    func recording() throws(SystemCallError) -> OwnedDescriptor {
        guard let descriptor = try descriptor?.duplicate() else {
            throw SystemCallError("open", .noSuchFileOrDirectory, on: "the recording")
        }
        return descriptor
    }
}
