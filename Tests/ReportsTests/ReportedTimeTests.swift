import Recording
import Testing

@testable import Reports

private let second: UInt64 = 1_000_000_000

/// A report of a recording that keeps only its last two seconds.
struct ReportedTimeTests {
    private let symbols = TestSymbols.functions(["main", "work", "leaf"], in: "/usr/bin/server")

    /// Ten seconds with a sample and a loss each tenth of a second, the first at 0.
    private func record(
        isSealed: Bool = true, drainedAt: UInt64 = 10 * second
    ) throws -> RecordingReader {
        try recording(
            isSealed: isSealed, window: RecordingWindow(length: 2 * second, beginningAt: 0)
        ) { writer in
            writer.appendSession()
            writer.name("server")
            writer.map("/usr/bin/server", at: 0x1000)
            for tenth in 0..<100 as Range<UInt64> {
                let time = tenth * second / 10
                writer.sample([0x1012], time: time)
                writer.append(Lost(time: time, cpu: 0, event: 0, count: 3, cause: .ring))
                if tenth == 79 {
                    writer.append(
                        Gap(start: 7 * second, end: 8 * second + second / 2, cause: .paused))
                }
                try writer.commit()
                try writer.keepWindow(drained: time + 1, now: time + 1)
            }
            writer.noteDrained(at: drainedAt)
        }
    }

    @Test func `it has the last time and nothing beyond it`() throws {
        let reader = try record()
        let profile = Profile(reader, symbols)
        // From 8 s on; the names are those of a mapping that was made at 0.
        let lines = try profile.foldedLines
        #expect(lines == ["[lost] 60", "server;main 20"])
        #expect(profile.losses.losses == [.init(cause: "ring full", count: 60)])
        #expect(profile.losses.gapNanoseconds == second / 2)
        #expect(profile.session.duration == 2 * second)
        #expect(profile.session.startRealtime == 1_700_000_000_000_000_000 + 8 * second)
        #expect(profile.session.damage == nil)
        #expect(
            profile.session.notes == [
                "Of the recording's 10.00 s this is the last 2.00 s: it keeps no more."
            ])
    }

    @Test func `a target that rests grows old like any other`() throws {
        let profile = Profile(try record(isSealed: false, drainedAt: 11 * second), symbols)
        #expect(profile.samples.reduce(0) { $0 + $1.count } == 10)
        let rested = Profile(try record(isSealed: false, drainedAt: 60 * second), symbols)
        #expect(rested.samples.isEmpty && rested.losses.count == 0)
        #expect(rested.session.duration == 2 * second)
    }

    @Test func `a recording that is younger has all of it`() throws {
        let reader = try recording(
            isSealed: false, window: RecordingWindow(length: 60 * second, beginningAt: 0)
        ) { writer in
            writer.appendSession()
            writer.sample([0x1000], time: 3 * second)
            writer.noteDrained(at: 5 * second)
        }
        let profile = Profile(reader, symbols)
        #expect(profile.samples.count == 1 && profile.session.duration == 5 * second)
        #expect(!profile.session.notes.contains { $0.contains("last") })
    }

    @Test func `one that had no room says how far it goes back`() throws {
        let reader = try recording(
            window: RecordingWindow(length: 3600 * second, beginningAt: 0),
            limits: .init(bytes: 16 << 10)
        ) { writer in
            writer.appendSession()
            for number in 0..<5000 as Range<UInt64> {
                writer.sample([0x1000 + number], time: number * second / 1000)
                try writer.commit()
                try writer.keepWindow(drained: number * second / 1000, now: number * second / 1000)
            }
        }
        let profile = Profile(reader, symbols)
        #expect(profile.samples.count > 100 && profile.samples.count < 4000)
        let note = profile.session.notes.first ?? ""
        #expect(note.hasPrefix("There was no room for all of it: it goes back "))
        #expect(note.contains("recording-size"))
    }
}
