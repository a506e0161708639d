import Glibc
import LinuxSystem
import PerfRing
import Recording
import TestSupport
import Testing

@testable import Sessions

/// Records with one table, which goes as if its process was killed after `body`.
///
/// - Parameter keepsRing: the client holds its mapping, and the ring stays.
private func killed(
    _ target: PerfTarget, in directory: String, keepsRing: Bool = false,
    after body: (Fixture, ActiveSession) throws -> Void
) throws -> Kept {
    let fixture = try Fixture(in: directory)
    let session = try fixture.start(target)
    try body(fixture, try #require(fixture.table.sessions[session]?.active))
    if !keepsRing { target.unmap() }
    return try Kept(fixture, session)
}

/// What a daemon held back or had not counted yet when it was killed.
@Suite(.enabled(if: isRoot, needsPerf), .serialized)
struct RestartAccountTests {
    @Test(arguments: [true, false])
    func `an event that was held back is not any more`(isPaused: Bool) throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        let kept = try killed(target, in: directory) { fixture, active in
            try fixture.run(milliseconds: 100)
            try active.lowerRates(of: [PerfTarget.clock], by: 16)
            if isPaused { try active.pause() }
        }
        let identifier = kept.state.identifier
        let next = try Fixture(in: directory)
        next.table.resume([try kept.stored()])
        let before = try next.table.status(of: identifier)
        #expect(before.state == .recording, "\(before)")
        try next.run(milliseconds: 500)
        let after = try next.table.stop(identifier)
        // 500 at most, and 31 where it is held back.
        #expect(after.samples > before.samples + 100)
        #expect(after.losses.gaps == 1 && !after.isPaused)
    }

    @Test func `what the kernel lost and no ring told is counted once`() throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget(rate: .period(20_000))
        // Nobody empties the ring.
        var kept = try killed(target, in: directory) { _, _ in usleep(300_000) }
        let identifier = kept.state.identifier
        var losses: [UInt64] = []
        for round in 1...2 {
            let next = try Fixture(in: directory)
            next.table.resume([try kept.stored()])
            let status = try next.table.status(of: identifier)
            losses.append(status.losses.ring)
            #expect(status.losses.gaps == UInt64(round))
            kept = try Kept(next, identifier)
            if round == 1 { continue }
            let end = try next.table.stop(identifier)
            var reader = try reader(of: identifier, next)
            _ = try reader.readAll()
            #expect(reader.losses.lost == end.lost && reader.losses.gaps == 2)
        }
        // Some thousands, of which a page or two had room.
        #expect(losses[0] > 1000 && losses[1] < losses[0] * 3 / 2, "\(losses)")
    }

    @Test func `what a ring tells that has outlived a daemon is not counted again`() throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget(rate: .period(20_000))
        var kept = try killed(target, in: directory, keepsRing: true) { _, _ in usleep(300_000) }
        let identifier = kept.state.identifier
        for round in 1...3 {
            let next = try Fixture(in: directory)
            next.table.resume([try kept.stored()])
            // It is drained, loses more, and tells of all of it with the next sample.
            try next.run(milliseconds: 50)
            usleep(100_000)
            kept = try Kept(next, identifier)
            // One daemon is killed, the other is told to end.
            if round == 2 { try next.table.sessions[identifier]?.active?.suspend() }
            if round < 3 { continue }
            let end = try next.table.stop(identifier)
            let counted = try #require(try PerfEvent.reading(of: target.event))
            #expect(counted.lost > 1000 && end.losses.ring == counted.lost)
        }
    }
}
