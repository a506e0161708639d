import ControlProtocol
import Testing

@testable import Sessions

private let second: UInt64 = 1_000_000_000

struct BudgetBucketTests {
    /// Uses `share` of each 100 ms from `start` on; when that was too much, in seconds.
    private func overrun(
        _ bucket: inout BudgetBucket, share: Double, from start: UInt64, seconds: UInt64
    ) -> (after: Double, share: UInt64)? {
        for step in 1...(seconds * 10) {
            let now = start + step * second / 10
            if let overrun = bucket.use(UInt64(share * 1e8), at: now) {
                return (Double(step) / 10, overrun.share)
            }
        }
        return nil
    }

    @Test(arguments: [0.0, 0.005, 0.019])
    func `what is within the budget is never too much`(share: Double) {
        var bucket = BudgetBucket(share: 20_000, at: 0)
        #expect(overrun(&bucket, share: share, from: 0, seconds: 3600) == nil)
    }

    @Test(arguments: [(0.04, 3.0), (0.08, 1.0), (0.3, 0.3)])
    func `the more is used the sooner it is too much`(share: Double, after: Double) throws {
        var bucket = BudgetBucket(share: 20_000, at: 0)
        let found = try #require(overrun(&bucket, share: share, from: 0, seconds: 60))
        #expect(abs(found.after - after) < 0.25, "\(found)")
        #expect(abs(Double(found.share) / 1e6 - share) < share / 2, "\(found)")
        // And again, for it is empty then.
        let again = try #require(overrun(&bucket, share: share, from: 100 * second, seconds: 60))
        #expect(abs(again.after - after) < 0.25)
    }

    @Test func `a burst of three seconds' worth is not too much, and one of more is`() {
        var bucket = BudgetBucket(share: 20_000, at: 0)
        #expect(bucket.use(60_000_000, at: second) == nil)
        #expect(bucket.use(60_000_000, at: 10 * second) == nil)
        #expect(bucket.use(1_000_000, at: 10 * second) != nil)
    }

    @Test func `any number does no harm`() {
        var bucket = BudgetBucket(share: 1_000_000, at: .max)
        #expect(bucket.use(.max, at: 0) != nil)
        #expect(bucket.use(.max, at: .max) != nil)
        #expect(bucket.use(0, at: .max) == nil)
    }
}

struct BudgetRestraintTests {
    private func overrun(_ share: UInt64) -> BudgetBucket.Overrun {
        BudgetBucket.Overrun(share: share, elapsed: 2 * second)
    }

    @Test(
        arguments: [
            (20_001, 2), (30_000, 2), (40_000, 4), (60_000, 4), (100_000, 8), (1_000_000, 16),
        ] as [(UInt64, UInt64)])
    func `the rate is lowered as far as it takes`(share: UInt64, divisor: UInt64) {
        let restraint = BudgetRestraint()
        #expect(restraint.next(overrun(share), budget: 20_000) == .slow(divisor: divisor))
    }

    @Test func `after the lowest rate come three pauses, and then the end`() {
        let restraint = BudgetRestraint()
        restraint.slowed(to: BudgetRestraint.largestDivisor, at: 0)
        for _ in 0..<BudgetRestraint.mostPauses {
            #expect(restraint.next(overrun(60_000), budget: 20_000) == .pause(4 * second))
            restraint.paused(at: 0, for: second)
            restraint.resumed()
        }
        #expect(restraint.next(overrun(60_000), budget: 20_000) == .end)
    }

    @Test(arguments: [(20_000, 1), (1_000_000, 60)] as [(UInt64, UInt64)])
    func `a pause has a shortest and a longest time`(share: UInt64, seconds: UInt64) {
        let restraint = BudgetRestraint()
        restraint.slowed(to: BudgetRestraint.largestDivisor, at: 0)
        #expect(restraint.next(overrun(share), budget: 20_000) == .pause(seconds * second))
    }

    @Test func `a session that takes little for long is sampled more often, each time later`() {
        let restraint = BudgetRestraint()
        #expect(restraint.recovery(at: 1000 * second, budget: 20_000) == nil)
        restraint.slowed(to: 4, at: 0)
        restraint.use(second / 10)
        #expect(restraint.recovery(at: 59 * second, budget: 20_000) == nil)
        // A tenth of a second in 60 s is a sixth of a percent.
        #expect(restraint.recovery(at: 60 * second, budget: 6000) == nil)
        #expect(restraint.recovery(at: 60 * second, budget: 20_000) == 2)
        restraint.recovered(to: 2, at: 60 * second)
        #expect(restraint.recovery(at: 179 * second, budget: 20_000) == nil)
        #expect(restraint.recovery(at: 180 * second, budget: 20_000) == 1)
    }

    @Test func `notices are no more than a status has`() {
        let restraint = BudgetRestraint()
        for number in 0..<100 { restraint.add("\(number)") }
        #expect(restraint.notices.count == SessionStatus.mostNotices)
    }
}

struct EventPeriodTests {
    private func event(_ type: UInt32, _ config: UInt64, _ sampling: Event.Sampling) -> Event {
        Event(name: "x", type: type, config: config, sampling: sampling, unit: .count)
    }

    @Test func `each kind of event gets what the kernel wants for fewer samples`() {
        // A hardware event's frequency; the period that the kernel made of a clock's; a period.
        #expect(event(0, 0, .frequency(999)).period(dividedBy: 4) == 249)
        #expect(event(0, 0, .frequency(3)).period(dividedBy: 16) == 1)
        #expect(event(1, 0, .frequency(100)).period(dividedBy: 4) == 40_000_000)
        #expect(event(1, 1, .frequency(100)).period(dividedBy: 4) == 40_000_000)
        #expect(event(1, 2, .frequency(100)).period(dividedBy: 4) == 25)
        #expect(event(1, 0, .period(1000)).period(dividedBy: 16) == 16_000)
        #expect(event(1, 0, .period(.max)).period(dividedBy: 2) == UInt64(Int64.max))
    }
}

struct BudgetTextTests {
    @Test(
        arguments: [
            (20_000, "2 %"), (25_000, "2.5 %"), (500, "0.05 %"), (31_449, "3.14 %"),
            (1_000_000, "100 %"), (0, "0 %"),
        ] as [(UInt64, String)])
    func `a share of a core is percent`(share: UInt64, text: String) {
        #expect(BudgetText.percent(share) == text)
    }
}
