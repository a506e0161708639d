// How sessions outlive the daemon. One that records is handed to the service manager when it begins;
// the next daemon finds it there, whether this one was killed, stopped to be started again, or
// replaced by another version. A daemon that is told to end cannot know whether another will follow:
// so it seals every recording and leaves the descriptors where they are. Where none follows, the
// manager closes them, and the recordings are complete.

internal import ControlProtocol
internal import LinuxSystem
internal import Logging
internal import PerfRing
internal import Recording
public import Systemd

extension SessionTable {
    /// How long a session that ends with its connection waits for another one.
    private static let orphanPatience = Duration.seconds(30)

    /// Takes up the sessions that an earlier daemon has left in the manager's store. To be called
    /// once, before requests are answered.
    public func resume(_ stored: [StoredDescriptors]) {
        for found in stored { store.noteFound(found) }
        var kept: [(name: String, session: StoredSession)] = []
        for found in stored {
            do throws(StoreDefect) { kept.append((found.name, try StoredSession(found))) } catch {
                refuse(found.name, error)
            }
        }
        // A daemon that died between the two has left the session as it was beside its end.
        let ends = kept.filter { $0.session.state.end != nil }
        kept = ends + kept.filter { $0.session.state.end == nil }
        environment.ringShift = Self.ringShift(for: kept.map(\.session))
        for (name, session) in kept {
            do throws(StoreDefect) { try resume(session, name) } catch { refuse(name, error) }
        }
    }

    private func refuse(_ name: String, _ defect: StoreDefect) {
        store.remove(name)
        logger.error(
            "What the service manager has kept is no session.",
            metadata: .journal(
                .sessionNotResumed,
                ["store": .string(name), "reason": .string(defect.description)]))
    }

    /// How often the rings have to be halved so that the user may have those of all sessions: the
    /// clients that mapped them first, and that they were charged to, have gone.
    private static func ringShift(for sessions: [StoredSession]) -> Int {
        guard let budget = RingMemory.budget else { return 0 }
        return (0..<16).first { shift in
            sessions.reduce(0) { $0 + $1.ringMemory(shift: shift) } <= budget
        } ?? 0
    }

    private func resume(_ kept: StoredSession, _ name: String) throws(StoreDefect) {
        let state = kept.state
        if let known = sessions[state.identifier] {
            if known.active == nil, state.end == nil { return store.remove(name) }
            throw StoreDefect("Its session is there already.")
        }
        if let end = state.end {
            return adopt(
                Session(state, ended: end, environment, recording: recording(of: state)), name)
        }
        var pidfd: OwnedDescriptor?
        var cgroupEvents: OwnedDescriptor?
        let session: Session
        do {
            let transaction = try kept.transaction()
            pidfd = try? transaction.pidfd?.duplicate()
            cgroupEvents = try? transaction.cgroupEvents?.duplicate()
            session = try makeSession(transaction, continuing: state)
        } catch {
            let hasExited =
                switch pidfd {
                case .none: false
                case .some(let pidfd): ProcessDescriptor.hasExited(pidfd)
                }
            let isEmpty =
                switch cgroupEvents {
                case .none: false
                case .some(let events): !ControlGroupEvents.isPopulated(events)
                }
            let hasTargetExited = hasExited || isEmpty
            return end(state, name, hasTargetExited ? nil : "\(error)")
        }
        adopt(session, name)
        logResumed(session)
        waitForOwner(of: session)
    }

    private func adopt(_ session: Session, _ name: String) {
        session.storeName = name
        sessions[session.identifier] = session
        session.active?.forgetMembers()
        if session.active == nil { noteEnded(session) }
    }

    private func recording(of state: SessionState) -> OwnedDescriptor? {
        let name = "\(state.identifier)\(StateDirectory.suffix)"
        guard
            let file = try? OwnedDescriptor.openFile(
                named: name, in: environment.directory.descriptor)
        else { return nil }
        // Whoever was given it by the last daemon may have the lock, and then it is in use as well.
        _ = try? file.tryLock()
        return file
    }

    /// Whoever recorded in the foreground may come back, or may have gone meanwhile.
    private func waitForOwner(of session: Session) {
        guard session.request.lifetime == .connection else { return }
        let timer = try? environment.loop.addTimer { [weak self, weak session] in
            guard let self, let session, session.owner == nil else { return }
            end(session, .connectionClosed)
        }
        timer?.arm(after: Self.orphanPatience)
        orphanTimers.append(contentsOf: timer.map { [$0] } ?? [])
    }

    /// Makes the session live as long as the connection, if it is nobody's.
    public func adopt(_ identifier: String, by connection: UInt64) {
        sessions[identifier]?.adopt(by: connection)
    }
}

// MARK: - Sessions that cannot go on

extension SessionTable {
    /// Seals the recordings of daemons that died and whose sessions nobody kept, as where there is
    /// no service manager. What another daemon writes is left alone. To be called after `resume`.
    public func sealLeftovers() {
        let names = try? SystemDirectory(environment.directory.descriptor.path).entries(of: ".")
        for name in names ?? [] where name.hasSuffix(".recording") {
            let identifier = String(name.dropLast(".recording".count))
            guard SessionIdentifier.isValid(identifier), sessions[identifier] == nil else {
                continue
            }
            do throws(RecordingContinuationError) {
                guard
                    try RecordingWriter.sealLeftover(
                        name, of: identifier, in: environment.directory.descriptor)
                else { continue }
                logger.notice(
                    "A recording was sealed whose daemon had died.",
                    metadata: ["session": .string(identifier)])
            } catch {
                // Not ours to mend; a reader says what is wrong with it.
            }
        }
    }
}

extension SessionTable {
    /// Ends a session that was kept and cannot go on, with the recording as it is.
    ///
    /// - Parameter defect: why; nil where its target has exited meanwhile.
    private func end(_ state: SessionState, _ name: String, _ defect: String?) {
        var counters = SessionCounters(
            elapsed: 0, threads: state.threadCount, descriptors: state.declarations.count,
            samples: 0, losses: LossTotals(), bytes: 0)
        seal(state, defect == nil ? .targetExited : .failure, &counters)
        let reason: ControlProtocol.EndReason = defect == nil ? .targetGone : .failed
        let end = SessionEnd(
            reason: reason, error: defect.map { "It could not go on after a restart: \($0)" },
            isViolated: false, counters: counters)
        let session = Session(state, ended: end, environment, recording: recording(of: state))
        adopt(session, name)
        keepEnd(of: session)
        log(session)
    }

    private func seal(
        _ state: SessionState, _ reason: Recording.EndReason, _ counters: inout SessionCounters
    ) {
        let now = KernelClock.monotonic()
        guard
            var writer = try? RecordingWriter(
                continuing: "\(state.identifier).recording", of: state.identifier,
                in: environment.directory.descriptor, limits: environment.recordingLimits)
        else { return }
        _ = writer.appendGap(until: now)
        try? writer.seal(at: now, reason: reason)
        let notes = writer.notes
        counters.elapsed = now.subtractingReportingOverflow(state.startTime).partialValue
        counters.samples = writer.committedSamples
        counters.losses = writer.losses
        counters.bytes = UInt64(writer.committedBytes)
        counters.restarts = Int(clamping: notes.reopenings)
    }
}

// MARK: - Keeping

extension SessionTable {
    /// Has the manager keep a session that has begun.
    func keep(_ session: Session) {
        defer { session.active?.forgetMembers() }
        guard store.isAvailable else { return }
        do throws(StoreRefusal) { session.storeName = try store.keep(session) } catch {
            unkept.insert(session.identifier)
            var metadata = session.logMetadata
            metadata["error"] = .string(error.description)
            logger.warning("A session would not outlive the daemon.", metadata: metadata)
        }
    }

    /// Tries again what the manager could not be given: descriptors on their way count for the user
    /// (ETOOMANYREFS), and other programs of the user may have had all that there may be; or its store
    /// was full.
    func keepUnkept() {
        for identifier in unkept {
            guard let session = sessions[identifier], session.storeName == nil else {
                unkept.remove(identifier)
                continue
            }
            guard let name = try? store.keep(session) else { continue }
            session.storeName = name
            unkept.remove(identifier)
            logger.notice(
                "A session will outlive the daemon after all.", metadata: session.logMetadata)
        }
    }

    /// Has the manager close the descriptors of a session that has ended, and keep its end until
    /// somebody takes the recording.
    func keepEnd(of session: Session) {
        guard let name = session.storeName else { return }
        // First, so that there is no moment in which it has nothing of the session.
        session.storeName = nil
        keep(session)
        store.remove(name)
    }

    /// Has the manager forget the session.
    func letGo(of session: Session) {
        if let name = session.storeName { store.remove(name) }
        session.storeName = nil
    }

    /// Leaves to the next daemon what the manager keeps, with every recording sealed, and ends the
    /// rest: this daemon is going.
    public func suspendAll() {
        transactions = [:]
        keepUnkept()
        for session in sessions.values where session.storeName == nil {
            end(session, .serviceStopping)
        }
        // Whoever watches one of the others hears the end of the connection, and asks the next
        // daemon.
        onChange = {}
        for session in sessions.values {
            guard let active = session.active else { continue }
            budgetKeeper.willEnd(session)
            do throws(SessionFailure) { try active.suspend() } catch {
                end(session, .failed, error)
                continue
            }
            logger.notice(
                "A session waits for the next daemon.",
                metadata: .journal(.sessionSuspended, session.logMetadata))
            sessions[session.identifier] = nil
        }
    }

    private func logResumed(_ session: Session) {
        let status = session.status
        var metadata = session.logMetadata
        metadata["samples"] = .stringConvertible(status.samples)
        metadata["gap.milliseconds"] = .stringConvertible(
            (session.active?.gap ?? 0) / 1_000_000)
        metadata["restarts"] = .stringConvertible(status.restarts)
        logger.notice(
            "A session goes on after a restart.", metadata: .journal(.sessionResumed, metadata))
    }
}
