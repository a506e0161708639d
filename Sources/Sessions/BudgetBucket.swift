// How much CPU time may be used: so much a second, and some seconds' worth of it at once, so that a
// burst is nobody's fault and a lasting excess is noticed within seconds. A value; time is given.

internal import Recording

/// A leaky bucket of CPU time.
struct BudgetBucket {
    /// What may be used at once, as seconds of the budget.
    static let burst: UInt64 = 3
    private static let million: UInt64 = 1_000_000
    private static let second: UInt64 = 1_000_000_000

    /// Millionths of one core.
    let share: UInt64
    /// Nanoseconds of CPU time that were used beyond what has come in.
    private var level: UInt64 = 0
    private var updated: UInt64
    private var began: UInt64
    private var used: UInt64 = 0

    /// More was used than there was.
    struct Overrun: Equatable {
        /// What was used since the bucket was last empty, in millionths of one core.
        let share: UInt64
        /// Over how many nanoseconds.
        let elapsed: UInt64
    }

    init(share: UInt64, at now: UInt64) {
        self.share = share
        updated = now
        began = now
    }

    /// Uses `nanoseconds` of CPU time.
    ///
    /// - Returns: what was too much; the bucket is empty again then.
    mutating func use(_ nanoseconds: UInt64, at now: UInt64) -> Overrun? {
        let elapsed = now > updated ? now - updated : 0
        updated = max(updated, now)
        let leaked = elapsed.multipliedFullWidth(by: share)
        let drop = leaked.high > 0 ? UInt64.max : leaked.low / Self.million
        if drop >= level {
            level = 0
            // What was used before was within the budget; this is for the last second or less.
            restart(at: now - min(elapsed, Self.second, now))
        } else {
            level -= drop
        }
        level = level.addingSaturated(nanoseconds)
        used = used.addingSaturated(nanoseconds)
        guard level > Self.burst * 1000 * share else { return nil }
        let time = max(now - min(began, now), 1)
        let overrun = Overrun(
            share: UInt64(min(Double(used) / Double(time) * Double(Self.million), 1e12)),
            elapsed: time)
        level = 0
        restart(at: now)
        return overrun
    }

    private mutating func restart(at now: UInt64) {
        began = now
        used = 0
    }
}

/// Shares of a core and numbers of bytes as people read them.
enum BudgetText {
    /// `2.5 %` of one core.
    static func percent(_ millionths: UInt64) -> String {
        let hundredths = (millionths + 50) / 100
        let (whole, rest) = (hundredths / 100, hundredths % 100)
        if rest == 0 { return "\(whole) %" }
        if rest % 10 == 0 { return "\(whole).\(rest / 10) %" }
        return "\(whole).\(rest < 10 ? "0" : "")\(rest) %"
    }

    /// `1.5 s`, `60 s`.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = (nanoseconds + 50_000_000) / 100_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
