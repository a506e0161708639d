// All sessions of the daemon, and those that are being handed over. This is the handler: it
// attaches descriptors to sessions, and does what the policy has allowed.

public import ControlProtocol
public import LinuxSystem
public import Logging
internal import Recording
public import Systemd

/// The sessions of one daemon.
public final class SessionTable {
    var environment: SessionEnvironment
    let logger: Logger
    let budgetKeeper: BudgetKeeper
    let recordingKeeper: RecordingKeeper
    let store = SessionStore()
    var transactions: [String: Transaction] = [:]
    var sessions: [String: Session] = [:]
    /// Sessions that the manager's store has not taken.
    var unkept: Set<String> = []
    /// What waits for the owners of sessions.
    var orphanTimers: [TimerSource] = []
    /// Samples and losses of sessions that were taken.
    private var takenSamples: UInt64 = 0
    private var takenLost: UInt64 = 0
    /// Sessions that ended because a ring or a record was not as the kernel writes it.
    public private(set) var violations: UInt64 = 0
    /// The sessions that have ended and were not taken, in the order of their ends.
    private var ended: [String] = []
    /// Nanoseconds between two times that all rings are emptied for who asks.
    private static let drainInterval: UInt64 = 100_000_000
    private var lastDrain: UInt64 = 0
    /// Called when the sessions or their counters have changed.
    public var onChange: () -> Void = {}

    /// - Parameter directory: where recordings are made.
    public init(
        loop: EventLoop, directory: consuming OwnedDescriptor, limits: Limits, uid: UInt32,
        version: String, logger: Logger, budget: Budget = Budget(),
        retention: Retention = Retention()
    ) {
        environment = SessionEnvironment(
            loop: loop, directory: StateDirectory(directory), limits: limits, uid: uid,
            version: version, host: .current())
        self.logger = logger
        budgetKeeper = BudgetKeeper(budget, loop: loop, logger: logger)
        recordingKeeper = RecordingKeeper(retention, environment.directory, logger: logger)
        budgetKeeper.sessions = { [unowned self] in sessions.values.filter { $0.active != nil } }
        budgetKeeper.end = { [unowned self] in end($0, .failed, $1) }
        recordingKeeper.forget = { [unowned self] identifier in
            forget(identifier)
            return sessions[identifier] == nil
        }
    }

    /// The limits of sessions that begin from now on.
    public var limits: Limits {
        get { environment.limits }
        set { environment.limits = newValue }
    }

    /// Sessions that record, or that have ended and were not taken. Of the latter there are at most
    /// as many as may record at a time.
    public var count: Int { sessions.count }
    public var pendingCount: Int { transactions.count }
    public var recordingCount: Int { sessions.values.count { $0.active != nil } }

    /// Samples recorded and lost since the daemon started.
    public var totals: (samples: UInt64, lost: UInt64) {
        sessions.values.reduce((takenSamples, takenLost)) { total, session in
            let status = session.status
            return (total.0 + status.samples, total.1.addingSaturated(status.lost))
        }
    }

    /// The sessions, oldest first.
    public var statuses: [SessionStatus] {
        sessions.values.map(\.status).sorted {
            ($0.startedAt, $0.session) < ($1.startedAt, $1.session)
        }
    }

    /// A session's counters, all rings emptied.
    public func status(of identifier: String) throws(ControlError) -> SessionStatus {
        let session = try session(identifier)
        drain(session)
        return session.status
    }

    /// Whether there is such a session, and it records. Empties no ring.
    public func isRecording(_ identifier: String) -> Bool {
        sessions[identifier]?.active != nil
    }

    /// Empties all rings for somebody who asks. Who asks without end is told what was there a moment
    /// ago, lest that have sessions held back for what their rings take.
    public func drainAll() {
        let now = KernelClock.monotonic()
        guard now - min(lastDrain, now) >= Self.drainInterval else { return }
        lastDrain = now
        for session in sessions.values { drain(session) }
        keepUnkept()
    }
}

// MARK: - Handing over

extension SessionTable {
    /// Begins a transaction of the connection `owner`.
    public func begin(_ request: BeginRequest, owner: UInt64) -> String {
        let identifier = SessionIdentifier.random()
        transactions[identifier] = Transaction(
            identifier: identifier, owner: owner, request: request)
        return identifier
    }

    /// What the transaction would have with `request` added, for the policy.
    public func usage(adding request: AddRequest, owner: UInt64) throws(ControlError)
        -> (descriptors: Int, threads: Int, ringMemory: UInt64)
    {
        let transaction = try transaction(request.transaction, owner)
        var events = 0
        var rings = 0
        // Those of a process are two; of a cgroup there are as many as it has processes.
        let maps = request.descriptors.count { if case .mapsOf = $0 { true } else { false } }
        for case .event(let event) in request.descriptors {
            events += 1
            rings += event.ownsRing ? 1 : 0
        }
        return (
            transaction.events.count + events + transaction.members.count + maps,
            transaction.threads.count + request.threads.count,
            transaction.ringMemory(adding: rings)
        )
    }

    /// What began the transaction; nil where the connection `owner` has none of that name.
    public func request(ofTransaction identifier: String, owner: UInt64) -> BeginRequest? {
        transactions[identifier].flatMap { $0.owner == owner ? $0.request : nil }
    }

    /// What began the session; nil where there is none of that name.
    public func request(ofSession identifier: String) -> BeginRequest? {
        sessions[identifier]?.request
    }

    /// Adds the descriptors of one message. After an error the transaction is gone.
    public func add(
        _ request: AddRequest, _ descriptors: consuming DescriptorList, owner: UInt64
    ) throws(ControlError) {
        let transaction = try transaction(request.transaction, owner)
        do throws(ControlError) {
            try transaction.add(request, descriptors)
        } catch {
            transactions[request.transaction] = nil
            throw error
        }
    }

    /// Makes a session of the transaction and starts it.
    public func commit(_ identifier: String, owner: UInt64) throws(ControlError) -> SessionStatus {
        let transaction = try transaction(identifier, owner)
        transactions[identifier] = nil
        let session = try makeSession(transaction)
        sessions[identifier] = session
        keep(session)
        sweep()
        logger.notice(
            "A session started.", metadata: .journal(.sessionStarted, session.logMetadata))
        onChange()
        return session.status
    }

    func makeSession(
        _ transaction: Transaction, continuing earlier: SessionState? = nil
    ) throws(ControlError) -> Session {
        try Session(
            transaction, environment, continuing: earlier,
            onWake: { [weak self] session, ring in self?.wake(session, ring) },
            onEnd: { [weak self] session, reason in self?.end(session, reason) })
    }

    private func transaction(_ identifier: String, _ owner: UInt64) throws(ControlError)
        -> Transaction
    {
        guard let transaction = transactions[identifier], transaction.owner == owner else {
            throw .noSuchTransaction(String(identifier.prefix(64)))
        }
        return transaction
    }

    /// Lets go of what the connection `owner` had begun, and ends the sessions that live as long
    /// as it.
    public func connectionClosed(_ owner: UInt64) {
        transactions = transactions.filter { $0.value.owner != owner }
        for session in sessions.values
        where session.owner == owner && session.request.lifetime == .connection {
            end(session, .connectionClosed)
        }
    }
}

// MARK: - Ending

extension SessionTable {
    /// Ends the session if it has not ended.
    public func stop(_ identifier: String) throws(ControlError) -> SessionStatus {
        let session = try session(identifier)
        end(session, .stopped)
        return session.status
    }

    /// A read-only descriptor of the session's recording.
    public func recording(of identifier: String) throws(ControlError) -> OwnedDescriptor {
        let session = try session(identifier)
        drain(session)
        do throws(SystemCallError) {
            return try session.recordingDescriptor()
        } catch {
            let isFull = error.errno == .tooManyOpenFiles
            throw .attachFailed(
                reason: isFull
                    ? ReachedLimit.openFiles.sentence
                    : "The recording cannot be opened: \(error).")
        }
    }

    /// Forgets an ended session whose recording has been handed out, and removes its file.
    public func forget(_ identifier: String) {
        guard let session = sessions[identifier], session.active == nil else { return }
        let status = session.status
        takenSamples += status.samples
        takenLost = takenLost.addingSaturated(status.lost)
        sessions[identifier] = nil
        letGo(of: session)
        ended.removeAll { $0 == identifier }
        try? OwnedDescriptor.removeFile(
            named: session.fileName, in: environment.directory.descriptor)
        onChange()
    }

    /// Keeps an ended session for the client that has just been given its recording, or does so
    /// no longer.
    public func hold(_ identifier: String, _ isHeld: Bool) {
        sessions[identifier]?.isHeld = isHeld
    }

    private func session(_ identifier: String) throws(ControlError) -> Session {
        guard let session = sessions[identifier] else {
            throw .noSuchSession(String(identifier.prefix(64)))
        }
        return session
    }

    private func wake(_ session: Session, _ ring: RingDrain) {
        guard let active = session.active else { return }
        let start = KernelClock.threadTime()
        do throws(SessionFailure) { try active.drain(ring) } catch { end(session, .failed, error) }
        keepLimits(session, since: start)
        onChange()
    }

    private func drain(_ session: Session) {
        guard let active = session.active else { return }
        let start = KernelClock.threadTime()
        do throws(SessionFailure) { try active.drainAll() } catch { end(session, .failed, error) }
        keepLimits(session, since: start)
    }

    func end(
        _ session: Session, _ reason: ControlProtocol.EndReason, _ failure: SessionFailure? = nil
    ) {
        guard session.active != nil else { return }
        budgetKeeper.willEnd(session)
        session.end(reason, failure: failure)
        if session.isViolated { violations += 1 }
        log(session)
        keepEnd(of: session)
        noteEnded(session)
        onChange()
    }

    func noteEnded(_ session: Session) {
        ended.append(session.identifier)
        makeRoom()
    }

    /// Nobody may ever come for the sessions that have ended: of more than may record at a time,
    /// the oldest is forgotten.
    private func makeRoom() {
        // What a client has in its hands stays, if it can.
        let unheld = ended.first { sessions[$0]?.isHeld == false }
        guard ended.count > environment.limits.sessions,
            let oldest = sessions[unheld ?? ended[0]]
        else { return }
        logger.warning(
            "An ended session was forgotten to make room.", metadata: oldest.logMetadata)
        forget(oldest.identifier)
    }

    func log(_ session: Session) {
        let status = session.status
        var metadata = session.logMetadata
        metadata["reason"] = .string(status.endReason?.rawValue ?? "")
        metadata["samples"] = .stringConvertible(status.samples)
        metadata["lost"] = .stringConvertible(status.lost)
        if let error = status.error { metadata["error"] = .string(error) }
        if let limit = session.end?.limit {
            metadata["limit"] = .string(limit.name)
            metadata["limit.value"] = limit.value.map { .stringConvertible($0) }
        }
        if session.isViolated {
            logger.error(
                "A ring held what the kernel does not write.",
                metadata: .journal(.ringViolation, metadata))
        }
        logger.log(
            level: status.error == nil ? .notice : .error, "A session ended.",
            metadata: .journal(.sessionEnded, metadata))
    }
}

extension Session {
    var logMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "session": .string(identifier),
            "target.command": .string(request.target.command),
            "events": .string(request.events.map(\.name).joined(separator: ",")),
        ]
        switch request.target.kind {
        case .process(let pid): metadata["target.pid"] = .stringConvertible(pid)
        case .cgroup(let cgroup):
            metadata["target.cgroup"] = .string(cgroup.path)
            metadata["target.mixed-uids"] = .stringConvertible(cgroup.hasMixedUIDs)
        }
        return metadata
    }
}
