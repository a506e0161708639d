// What is done to one session that takes more than the budget has, one step after the other: fewer
// samples, then none for a while, then the end. One that takes little for long is sampled as before.

internal import ControlProtocol
internal import Recording

/// How far a session is held back.
final class BudgetRestraint {
    /// The rate is never lowered below one of so many samples.
    static let largestDivisor: UInt64 = 16
    /// How often a session is paused before it is ended.
    static let mostPauses = 3
    static let shortestPause: UInt64 = 1_000_000_000
    static let longestPause: UInt64 = 60_000_000_000
    /// How long a session has to take little before it is sampled more often again; twice as long
    /// each time.
    static let firstCalm: UInt64 = 60_000_000_000

    enum Step: Equatable {
        /// One sample in so many of what was asked for.
        case slow(divisor: UInt64)
        /// Nanoseconds.
        case pause(UInt64)
        case end
    }

    /// One sample in so many of what was asked for is taken.
    private(set) var divisor: UInt64 = 1
    private(set) var pauses = 0
    /// Since when the events rest, in nanoseconds of `CLOCK_MONOTONIC`, and until when.
    private(set) var pause: (since: UInt64, until: UInt64)?
    private(set) var notices: [String] = []
    /// CPU time of emptying its rings since somebody was last held back.
    var used: UInt64 = 0
    /// The same since the last step, which was at `stepTime`.
    private var usedSinceStep: UInt64 = 0
    private var stepTime: UInt64 = 0
    private var calm = BudgetRestraint.firstCalm
    /// Whether it has given back the memory that it can do without.
    var hasForgottenStacks = false

    /// What comes next for a session that brought the daemon to `overrun` of `budget`.
    func next(_ overrun: BudgetBucket.Overrun, budget: UInt64) -> Step {
        // Beyond the budget, and some more, or the next burst would be too much again.
        let wanted = overrun.share + overrun.share / 4
        var divisor = self.divisor
        repeat {
            divisor *= 2
        } while divisor / self.divisor * budget < wanted
            && divisor < Self.largestDivisor
        if self.divisor < Self.largestDivisor {
            return .slow(divisor: min(divisor, Self.largestDivisor))
        }
        guard pauses < Self.mostPauses else { return .end }
        // So long that together with what went before it is the budget.
        let ratio = Double(overrun.share) / Double(max(budget, 1))
        let length = Double(overrun.elapsed) * max(ratio - 1, 0)
        let limited = min(max(length, Double(Self.shortestPause)), Double(Self.longestPause))
        return .pause(UInt64(limited))
    }

    /// What comes next where there is no measure of how much is too much.
    func nextForMemory() -> Step {
        if divisor < Self.largestDivisor { return .slow(divisor: Self.largestDivisor) }
        return pauses == 0 ? .pause(Self.shortestPause * 5) : .end
    }

    func use(_ nanoseconds: UInt64) {
        used = used.addingSaturated(nanoseconds)
        usedSinceStep = usedSinceStep.addingSaturated(nanoseconds)
    }

    func slowed(to divisor: UInt64, at now: UInt64) {
        self.divisor = divisor
        noteStep(at: now)
    }

    /// One sample in how many may be taken again, for the session has taken so little for so long
    /// that twice as much is half of the budget.
    func recovery(at now: UInt64, budget: UInt64) -> UInt64? {
        guard divisor > 1, pause == nil, now > stepTime, now - stepTime >= calm else { return nil }
        let share = Double(usedSinceStep) / Double(now - stepTime) * 1e6
        return share * 4 < Double(budget) ? divisor / 2 : nil
    }

    func recovered(to divisor: UInt64, at now: UInt64) {
        self.divisor = divisor
        pauses = 0
        calm = min(calm * 2, UInt64(Int64.max))
        noteStep(at: now)
    }

    private func noteStep(at now: UInt64) {
        stepTime = now
        usedSinceStep = 0
    }

    func paused(at now: UInt64, for length: UInt64) {
        noteStep(at: now)
        pauses += 1
        pause = (now, now.addingReportingOverflow(length).partialValue)
    }

    func resumed() { pause = nil }

    func add(_ notice: String) {
        if notices.count < SessionStatus.mostNotices { notices.append(notice) }
    }
}
