import ControlProtocol
import Glibc
import LinuxSystem
import Recording
import Systemd
import TestSupport
import Testing
import Varlink

@testable import Sessions

/// What a service manager has of a session.
struct Kept: ~Copyable {
    var descriptors: DescriptorList
    var state: SessionState

    init(_ fixture: Fixture, _ identifier: String) throws {
        let session = try #require(fixture.table.sessions[identifier])
        var descriptors = DescriptorList()
        if let active = session.active { try Self.collect(active, into: &descriptors) }
        self.descriptors = descriptors
        state = session.stateToKeep
    }

    private static func collect(
        _ active: ActiveSession, into descriptors: inout DescriptorList
    ) throws {
        let events = active.recorder.events.count
        for place in 0..<events {
            descriptors.append(
                try active.recorder.events.descriptors.withDescriptor(at: place) {
                    try $0.duplicate()
                })
        }
        if let pidfd = try active.pidfd?.duplicate() { descriptors.append(pidfd) }
        if let events = try active.cgroupEvents?.duplicate() { descriptors.append(events) }
        for index in 0..<active.members.count {
            descriptors.append(
                try active.members.maps.withDescriptor(at: index) { try $0.duplicate() })
        }
    }

    /// As it comes back to the next daemon.
    consuming func stored(
        state bytes: [UInt8]? = nil, as name: String = "00"
    ) throws -> StoredDescriptors {
        let stored = StoredDescriptors(name: name)
        stored.descriptors.append(
            try SealedMemory.containing(bytes ?? state.encoded(), name: "session"))
        stored.descriptors.append(contentsOf: descriptors)
        return stored
    }
}

/// Records with one table, which goes as if its process was killed, and gives what was kept of it.
func killed(
    _ target: PerfTarget, lifetime: Lifetime = .detached, duration: UInt64? = nil,
    withPidfd: Bool = true, in directory: String
) throws -> Kept {
    let fixture = try Fixture(in: directory)
    let session = try fixture.start(
        target, lifetime: lifetime, duration: duration, withPidfd: withPidfd)
    try fixture.run(milliseconds: 200)
    fixture.table.drainAll()
    // The client's mapping has gone long ago.
    target.unmap()
    return try Kept(fixture, session)
}

func reader(of session: String, _ fixture: Fixture) throws -> RecordingReader {
    let recording = try fixture.table.recording(of: session)
    return try RecordingReader(reading: recording)
}

@Suite(.enabled(if: isRoot, needsPerf), .serialized)
struct RestartTests {
    @Test(arguments: [true, false])
    func `a session goes on under the next daemon`(isSuspended: Bool) throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        let kept = try killed(target, in: directory)
        let (identifier, startedAt) = (kept.state.identifier, kept.state.startedAt)
        if isSuspended {
            let place = try OwnedDescriptor.openDirectory(directory)
            var writer = try RecordingWriter(
                continuing: "\(identifier).recording", of: identifier, in: place)
            try writer.seal(at: 1, reason: .daemonStopped)
        }
        let next = try Fixture(in: directory)
        next.table.resume([try kept.stored()])
        let before = try next.table.status(of: identifier)
        #expect(before.state == .recording && before.startedAt == startedAt)
        #expect(before.samples > 0 && before.descriptors == 1)
        #expect(before.restarts == (isSuspended ? 2 : 1))
        #expect(before.losses.gapNanoseconds > 0 && before.losses.gapNanoseconds < 60_000_000_000)
        #expect(before.elapsedNanoseconds > before.losses.gapNanoseconds)
        try next.run(milliseconds: 300)
        let after = try next.table.stop(identifier)
        #expect(after.samples > before.samples && after.endReason == .stopped)
        var reader = try reader(of: identifier, next)
        let entries = try reader.readAll()
        let samples = entries.count { if case .sample = $0 { true } else { false } }
        #expect(reader.isSealed && samples == Int(after.samples))
        #expect(entries.contains { if case .gap = $0 { true } else { false } })
        next.table.forget(identifier)
        #expect(next.files.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a session whose target has ended meanwhile has ended with it`(withPidfd: Bool) throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        let kept = try killed(target, withPidfd: withPidfd, in: directory)
        let identifier = kept.state.identifier
        target.end()
        let next = try Fixture(in: directory)
        next.table.resume([try kept.stored()])
        try next.run(milliseconds: 1000) { !next.table.isRecording(identifier) }
        let status = try next.table.status(of: identifier)
        #expect(status.endReason == .targetGone && status.error == nil && status.samples > 0)
        let sealed = try reader(of: identifier, next).isSealed
        #expect(sealed)
    }

    @Test func `a duration that is over meanwhile ends it at once`() throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        let kept = try killed(target, duration: 300_000_000, in: directory)
        let identifier = kept.state.identifier
        usleep(200_000)
        let next = try Fixture(in: directory)
        next.table.resume([try kept.stored()])
        try next.run(milliseconds: 1000) { !next.table.isRecording(identifier) }
        #expect(try next.table.status(of: identifier).endReason == .durationOver)
    }

    @Test func `one that ended with its connection is the next connection's that asks`() throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        let kept = try killed(target, lifetime: .connection, in: directory)
        let identifier = kept.state.identifier
        let next = try Fixture(in: directory)
        next.table.resume([try kept.stored()])
        next.table.connectionClosed(1)
        #expect(next.table.isRecording(identifier))
        next.table.adopt(identifier, by: 7)
        next.table.adopt(identifier, by: 8)
        next.table.connectionClosed(8)
        #expect(next.table.isRecording(identifier))
        next.table.connectionClosed(7)
        #expect(try next.table.status(of: identifier).endReason == .connectionClosed)
    }

    @Test func `the end of a session is known to the next daemon`() throws {
        let directory = temporaryDirectory()
        let first = try Fixture(in: directory)
        let session = try first.start(try PerfTarget())
        try first.run(milliseconds: 200)
        let status = try first.table.stop(session)
        let next = try Fixture(in: directory)
        next.table.resume([try Kept(first, session).stored()])
        #expect(try next.table.status(of: session) == status)
        let sealed = try reader(of: session, next).isSealed
        #expect(sealed)
        next.table.forget(session)
        #expect(next.table.count == 0 && next.files.isEmpty)
    }

    @Test(arguments: [true, false])
    func `of a session and its end the end counts`(isEndFirst: Bool) throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        let fixture = try Fixture(in: directory)
        let identifier = try fixture.start(target)
        try fixture.run(milliseconds: 100)
        let kept = try Kept(fixture, identifier)
        let samples = try fixture.table.stop(identifier).samples
        let end = try Kept(fixture, identifier)
        target.unmap()
        let stored = [try kept.stored(), try end.stored(as: "01")]
        let next = try Fixture(in: directory)
        next.table.resume(isEndFirst ? stored.reversed() : stored)
        let status = try next.table.status(of: identifier)
        #expect(status.endReason == .stopped && status.samples == samples, "\(status)")
        #expect(next.table.count == 1)
    }

    @Test func `daemon after daemon that does not get to drain gives the session up`() throws {
        let directory = temporaryDirectory()
        let target = try PerfTarget()
        var kept = try killed(target, in: directory)
        let identifier = kept.state.identifier
        for attempt in 1...4 {
            let next = try Fixture(in: directory)
            let state = kept.state
            next.table.resume([try kept.stored()])
            #expect(next.table.isRecording(identifier) == (attempt <= 3))
            if attempt == 4 {
                let status = try next.table.status(of: identifier)
                #expect(status.endReason == .failed && status.error != nil)
                return
            }
            kept = try Kept(next, identifier)
            #expect(kept.state.startTime == state.startTime)
        }
    }
}
