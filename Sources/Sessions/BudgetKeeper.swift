// Sees to it that emptying the rings of all sessions takes no more of the machine than the daemon's
// budget. It is looked at where rings are emptied, so an idle daemon has no timer for it. The session
// that took most since the last time is held back: first it is sampled less often, then it rests,
// and in the end it is ended; nobody else notices.
//
// Requests are no part of it: who makes too many waits for himself (PeerLedger), and must not be able
// to have others' sessions held back.

internal import ControlProtocol
internal import LinuxSystem
internal import Logging
internal import PerfRing
internal import Systemd

final class BudgetKeeper {
    /// How often memory and the kernel's settings are looked at.
    private static let interval: UInt64 = 1_000_000_000

    var budget: Budget {
        didSet { if budget != oldValue { bucket = Self.bucket(budget) } }
    }
    private(set) var drainTime: UInt64 = 0
    private(set) var memory: UInt64 = 0
    private var bucket: BudgetBucket?
    private var lastLook: UInt64 = 0
    private var sampleRate: UInt64?
    private var timer: TimerSource?
    private let logger: Logger
    /// The sessions that record.
    var sessions: () -> [Session] = { [] }
    /// Ends a session.
    var end: (Session, SessionFailure) -> Void = { _, _ in }

    init(_ budget: Budget, loop: EventLoop, logger: Logger) {
        self.budget = budget
        self.logger = logger
        bucket = Self.bucket(budget)
        sampleRate = KernelSettings.maximumSampleRate()
        timer = try? loop.addTimer { [weak self] in self?.resumeRested() }
    }

    private static func bucket(_ budget: Budget) -> BudgetBucket? {
        budget.cpu.map { BudgetBucket(share: $0, at: KernelClock.monotonic()) }
    }

    /// A session has emptied rings; the thread's CPU time was `start` before.
    func charge(_ session: Session, since start: UInt64) {
        let cost = KernelClock.threadTime() - start
        let now = KernelClock.monotonic()
        drainTime = drainTime.addingSaturated(cost)
        session.restraint.use(cost)
        if let overrun = bucket?.use(cost, at: now) { holdBack(overrun) }
        if now - min(lastLook, now) >= Self.interval {
            lastLook = now
            lookAtSampleRate()
            lookAtMemory()
            letRecover(at: now)
        }
    }

    /// The session ends: what there is to say of its pause is said.
    func willEnd(_ session: Session) {
        lookAtSampleRate()
        guard let pause = session.restraint.pause, let active = session.active else { return }
        session.restraint.resumed()
        try? active.endPause(since: pause.since)
    }
}

// MARK: - CPU time

extension BudgetKeeper {
    private func holdBack(_ overrun: BudgetBucket.Overrun) {
        let all = sessions()
        let candidates = all.filter { $0.restraint.pause == nil }
        let worst = candidates.max { $0.restraint.used < $1.restraint.used }
        for session in all { session.restraint.used = 0 }
        guard let session = worst, let share = budget.cpu else { return }
        let excess = """
            recording took \(BudgetText.percent(overrun.share)) of a core for \
            \(BudgetText.seconds(overrun.elapsed)), and the budget is \
            \(BudgetText.percent(share)) ('cpu' under [budget] in the daemon's configuration)
            """
        let limit = ReachedLimit(
            name: "cpu", value: share,
            sentence: """
                The session was ended to keep the daemon's budget, after it had been sampled less \
                often and paused: \(excess). Record fewer events or at a lower frequency, or raise it.
                """)
        take(session.restraint.next(overrun, budget: share), session, because: excess, limit)
    }

    private func take(
        _ step: BudgetRestraint.Step, _ session: Session, because excess: String,
        _ limit: ReachedLimit
    ) {
        switch step {
        case .slow(let divisor): slow(session, to: divisor, because: excess, limit)
        case .pause(let length): pause(session, for: length, because: excess, limit)
        case .end: end(session, .limit(limit))
        }
    }

    private func slow(
        _ session: Session, to divisor: UInt64, because excess: String, _ limit: ReachedLimit
    ) {
        session.restraint.slowed(to: divisor, at: KernelClock.monotonic())
        // An event that cannot be slowed is one of a thread that has ended; the others were.
        try? session.active?.lowerRates(of: session.request.events, by: divisor)
        tell(session, "Sampling was lowered to one sample in \(divisor): \(excess).", limit)
    }

    private func letRecover(at now: UInt64) {
        guard let share = budget.cpu else { return }
        for session in sessions() {
            guard let divisor = session.restraint.recovery(at: now, budget: share) else { continue }
            session.restraint.recovered(to: divisor, at: now)
            try? session.active?.lowerRates(of: session.request.events, by: divisor)
            let sentence =
                "Sampling was raised to one sample in \(divisor): it took little for long."
            session.restraint.add(sentence)
            session.active?.note(sentence)
            logger.notice(
                "A session is held back less.",
                metadata: .journal(
                    .sessionHeldBack,
                    session.logMetadata.merging(["reason": .string(sentence)]) { $1 }))
        }
    }

    private func pause(
        _ session: Session, for length: UInt64, because excess: String, _ limit: ReachedLimit
    ) {
        guard let active = session.active else { return }
        tell(
            session, "Sampling was paused for \(BudgetText.seconds(length)): \(excess).", limit)
        session.restraint.paused(at: KernelClock.monotonic(), for: length)
        do throws(SessionFailure) { try active.pause() } catch { end(session, error) }
        armTimer()
    }

    private func resumeRested() {
        let now = KernelClock.monotonic()
        for session in sessions() {
            guard let pause = session.restraint.pause, pause.until <= now,
                let active = session.active
            else { continue }
            session.restraint.resumed()
            do throws(SessionFailure) {
                try active.resume(since: pause.since)
            } catch {
                end(session, error)
            }
        }
        armTimer()
    }

    private func armTimer() {
        guard let next = sessions().compactMap(\.restraint.pause?.until).min() else { return }
        timer?.arm(at: next)
    }

    private func tell(_ session: Session, _ sentence: String, _ limit: ReachedLimit) {
        session.restraint.add(sentence)
        session.active?.note(sentence)
        var metadata = session.logMetadata
        metadata["limit"] = .string(limit.name)
        metadata["limit.value"] = limit.value.map { .stringConvertible($0) }
        metadata["reason"] = .string(sentence)
        logger.warning("A session is held back.", metadata: .journal(.sessionHeldBack, metadata))
    }
}

// MARK: - Memory, and the kernel's word

extension BudgetKeeper {
    private func lookAtMemory() {
        memory = (try? OwnMemory.anonymous()) ?? 0
        guard let limit = budget.memory, memory > limit else { return }
        for session in sessions() where !session.restraint.hasForgottenStacks {
            session.restraint.hasForgottenStacks = true
            session.active?.forgetStacks()
        }
        OwnMemory.giveBack()
        memory = (try? OwnMemory.anonymous()) ?? 0
        if memory <= limit {
            // What was given back may come again.
            for session in sessions() { session.restraint.hasForgottenStacks = false }
            return
        }
        // The one that records most has most to remember.
        let candidates = sessions().filter { $0.restraint.pause == nil }
        guard
            let session = candidates.max(by: {
                $0.active?.recorder.bytes ?? 0 < $1.active?.recorder.bytes ?? 0
            })
        else { return }
        let excess = """
            the daemon has \(memory) bytes of memory, and the budget is \(limit) ('memory' under \
            [budget] in its configuration)
            """
        let reached = ReachedLimit(
            name: "memory", value: limit,
            sentence: """
                The session was ended to keep the daemon's budget, after it had been sampled less \
                often and paused: \(excess). Stop a session, or raise it.
                """)
        take(session.restraint.nextForMemory(), session, because: excess, reached)
    }

    private func lookAtSampleRate() {
        guard let now = KernelSettings.maximumSampleRate() else { return }
        defer { sampleRate = now }
        guard let before = sampleRate, now < before else { return }
        let sentence = """
            The setting kernel.perf_event_max_sample_rate was lowered from \(before) to \(now), as the kernel \
            does where samples take too long: events that sample more often are throttled. Record \
            at a lower frequency, or raise it: sysctl kernel.perf_event_max_sample_rate=\(before)
            """
        for session in sessions() {
            session.restraint.add(sentence)
            session.active?.note(sentence)
        }
        logger.warning(
            "The kernel's limit of the sample rate was lowered.",
            metadata: .journal(
                .sampleRateLowered,
                [
                    "limit": "kernel.perf_event_max_sample_rate",
                    "limit.value": .stringConvertible(now), "before": .stringConvertible(before),
                    "reason": .string(sentence),
                ]))
    }
}
