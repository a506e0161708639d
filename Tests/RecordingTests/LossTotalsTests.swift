import Testing

@testable import Recording

struct LossTotalsTests {
    @Test func `the reader finds the losses that the writer counted`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        for (cause, count) in [
            (LostCause.ring, 1), (.samples, 20), (.daemon, 300), (.duplicate, 4_000),
            (LostCause(rawValue: 99), 50_000),
        ] as [(LostCause, UInt64)] {
            writer.append(Lost(time: 1, cpu: 0, event: 0, count: count, cause: cause))
        }
        writer.append(Gap(start: 10, end: 25, cause: .paused))
        writer.append(Gap(start: 10, end: 5, cause: .daemonRestarted))
        writer.appendSample()
        let written = writer.losses
        try writer.seal(at: 9, reason: .stopped)
        var reader = try scratch.reader()
        _ = try reader.readAll()
        #expect(reader.losses == written)
        #expect(written.lost == 50_321)
        #expect(written.duplicates == 4_000)
        #expect(written.gaps == 2 && written.gapNanoseconds == 15)
        #expect(reader.end?.lost == 50_321 && reader.sampleCount == 1)
        #expect(reader.isConsistent)
    }

    @Test func `throttles are paired by CPU and event`() {
        var totals = LossTotals()
        for (time, cpu, event, isThrottled) in [
            (10, 0, 0, true), (12, 1, 0, true), (13, 0, 0, true), (15, 0, 0, false),
            (17, 1, 1, false), (19, 1, 0, false), (20, 1, 0, false), (30, 0, 0, true),
        ] as [(UInt64, UInt32, UInt32, Bool)] {
            totals.count(Throttle(time: time, cpu: cpu, isThrottled: isThrottled, event: event))
        }
        #expect(totals.throttles == 4)
        #expect(totals.throttledNanoseconds == 12)
    }

    @Test func `counts without end stop at the greatest number`() {
        var totals = LossTotals()
        for cause in [LostCause.ring, .ring, .samples] {
            totals.count(Lost(time: 0, cpu: 0, event: 0, count: .max, cause: cause))
        }
        #expect(totals.lost == .max)
    }

    @Test func `what comes after a failed commit is counted as lost`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer(limits: .init(bytes: 1))
        writer.append(event: .cpuClock)
        try writer.commit()
        var appended: UInt64 = 0
        while !writer.hasFailed {
            for _ in 0..<1000 {
                appended += 1
                writer.appendSample(time: appended << 20, [appended << 8])
            }
            try? writer.commit()
        }
        writer.appendSample()
        try? writer.commit()
        #expect(writer.committedSamples + writer.losses.daemon == appended + 1)
        try writer.seal(at: 9, reason: .stopped)
        var reader = try scratch.reader()
        _ = try reader.readAll()
        // No entry tells of them, and the end counts them.
        #expect(reader.losses.lost == 0)
        #expect(reader.end?.lost == writer.losses.lost && reader.isConsistent)
        #expect(reader.end?.reason == .sizeLimit)
    }
}
