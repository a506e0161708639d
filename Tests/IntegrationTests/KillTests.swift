// The daemon is killed at random moments, and then nothing may be missing. A client of the test's
// own keeps the events and the rings: what the kernel counted must be in the recording, still in
// the rings, or among the losses that the kernel counted too; each sample once.

import Glibc
import PerfRing
import Recording
import Testing
import Varlink

/// How often the daemon is killed: PROFILERD_TEST_KILLS, or a few times.
private let kills = environmentNumber("PROFILERD_TEST_KILLS") ?? 25
/// Where the random moments begin; printed, so that a failure can be had again.
private let seed = environmentNumber("PROFILERD_TEST_SEED") ?? .random(in: 0..<1 << 32)

private func environmentNumber(_ name: String) -> Int? {
    getenv(name).flatMap { Int(String(cString: $0)) }
}

extension IntegrationTests {
    /// What a killed daemon leaves.
    @Suite(.serialized, .enabled(if: isRoot, "\(needsRoot)"))
    struct KillTests {}
}

extension IntegrationTests.KillTests {
    @Test func `a daemon that is killed at any moment has lost nothing that it drained`() throws {
        var random = SeededNumbers(state: UInt64(seed))
        var sum = KillSummary()
        for number in 0..<kills {
            do {
                // Every fourth keeps only its last second, and every eighth lives to forget.
                let moments = number % 8 == 3 ? 2.0..<3.0 : number % 4 == 3 ? 0.001..<2 : nil
                try kill(forgetful: moments, &random, &sum)
            } catch {
                Issue.record("kill \(number) with seed \(seed): \(error)")
                throw error
            }
        }
        print("seed \(seed): \(sum)")
        #expect(sum.kills == kills)
        // Few are so early that there was nothing yet.
        #expect(sum.recordings * 2 > kills && sum.samples > 0)
        #expect(sum.forgetful > 0 || kills < 4)
    }

    /// One daemon's life.
    ///
    /// - Parameter forgetful: when it is killed, in seconds, while its session keeps only its last time.
    private func kill(
        forgetful: Range<Double>?, _ random: inout SeededNumbers, _ sum: inout KillSummary
    ) throws {
        let world = try World()
        let program = try world.target("faults", "3")
        var options = OpeningOptions()
        options.events = [try EventSelection(named: "page-faults")]
        options.dataPages = [1, 8, 128][Int.random(in: 0..<3, using: &random)]
        let target = try HandedTarget(program.processID, options)
        if forgetful != nil { target.lastNanoseconds = 1_000_000_000 }
        // Some come while the session is handed over, most while it records.
        let seconds = Double.random(in: forgetful ?? 0.001..<0.15, using: &random)
        let killer = try Running(
            "/bin/sh", ["-c", "sleep \(seconds); kill -KILL \(world.daemon.processID)"],
            in: world.scratch)
        let (session, told) = try record(target, in: world, asks: .random(using: &random))
        try killer.wait()
        #expect(try world.daemon.wait() == .killed(SIGKILL))
        try program.suspend()
        try target.disable()
        sum.kills += 1
        guard let session else {
            // Killed before it answered: there may be a beginning of a recording, or none.
            #expect(entries(of: world.state).count <= 1)
            return
        }
        #expect(entries(of: world.state) == ["\(session).recording"])
        let bytes = try readFile("\(world.state)/\(session).recording")
        try check(bytes, target, told: told, &sum)
        try checkCut(bytes, &random)
    }

    /// Hands the target over and asks for the samples until the daemon dies, or does not ask.
    private func record(
        _ target: HandedTarget, in world: World, asks: Bool
    ) throws -> (session: String?, told: UInt64) {
        var session: String?
        var told: UInt64 = 0
        do {
            var client = try RawClient(world.socket)
            session = try target.handOver(to: &client, claiming: world.user)
            while asks {
                let reply = try client.call("io.profilerd.Control.Status", claiming: world.user)
                told = try samples(of: reply)
            }
        } catch {
            // Only the kill may be the reason.
            #expect(try world.daemon.wait() == .killed(SIGKILL), "\(error)")
        }
        return (session, told)
    }

    private func samples(of reply: Reply) throws -> UInt64 {
        guard case .object(let service)? = reply.parameters["service"],
            case .int(let samples)? = service["samples"]
        else { throw Failure("no status: \(reply)") }
        return UInt64(samples)
    }

    /// Accounts for what the kernel counted.
    private func check(
        _ bytes: [UInt8], _ target: HandedTarget, told: UInt64, _ sum: inout KillSummary
    ) throws {
        var reader = try RecordingReader(bytes: bytes)
        let account = try SampleAccount(&reader)
        #expect(account.repeated == 0, "a sample is there twice")
        #expect(!reader.isSealed && !reader.isTruncated && reader.isConsistent)
        // What was forgotten was recorded.
        let forgotten = reader.firstBucket?.earlierSamples ?? 0
        if forgotten > 0 { sum.forgetful += 1 }
        let inRecording = forgotten + reader.sampleCount
        #expect(inRecording >= told, "the daemon told of more than there is")
        var inRings: UInt64 = 0
        for ring in target.rings {
            let unread = try account.unread(in: ring)
            inRings += unread.alone
            if unread.both > 0 { sum.betweenCommitAndRelease += 1 }
        }
        let counted = try target.reading()
        let accounted = inRecording + inRings + counted.lost
        #expect(counted.value == accounted, "something is unaccounted for, or there twice")
        #expect(reader.losses.lost <= counted.lost)
        sum.recordings += 1
        sum.samples += inRecording
        sum.inRings += inRings
        sum.lost += counted.lost
        sum.unaccounted += Int64(counted.value) - Int64(accounted)
    }

    /// The recording, cut where nobody meant to, has what is there, and says that it was cut.
    private func checkCut(_ bytes: [UInt8], _ random: inout SeededNumbers) throws {
        let committed = bytes[16..<24].reversed().reduce(0) { $0 << 8 | Int($1) }
        let cut = Int.random(in: 4096...committed, using: &random)
        var reader = try RecordingReader(bytes: Array(bytes.prefix(cut)))
        var whole = try RecordingReader(bytes: bytes)
        while let entry = try reader.next() { try #require(try whole.next() == entry) }
        #expect(reader.isTruncated == (cut < committed))
    }
}

/// What all kills together came to.
private struct KillSummary: CustomStringConvertible {
    var kills = 0
    /// Kills that left a session's recording.
    var recordings = 0
    /// Those that had forgotten something.
    var forgetful = 0
    var samples: UInt64 = 0
    var inRings: UInt64 = 0
    var lost: UInt64 = 0
    var unaccounted: Int64 = 0
    /// Rings whose last batch was committed and not yet given back.
    var betweenCommitAndRelease = 0

    var description: String {
        """
        \(kills) kills, \(recordings) recordings (\(forgetful) had forgotten something): \(samples) samples recorded, \(inRings) left in \
        rings, \(lost) lost by full rings, \(unaccounted) unaccounted for; \
        \(betweenCommitAndRelease) rings between commit and release
        """
    }
}
