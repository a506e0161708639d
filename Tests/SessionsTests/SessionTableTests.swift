import ControlProtocol
import Glibc
import LinuxSystem
import Logging
import PerfRing
import Systemd
import TestSupport
import Testing

@testable import Sessions

/// A table with its loop and directory.
final class Fixture {
    let loop: EventLoop
    let table: SessionTable
    let directory: String
    var changes = 0

    /// - Parameter directory: where another table has recorded.
    init(limits: Limits = Limits(), in directory: String? = nil) throws {
        self.directory = directory ?? temporaryDirectory()
        loop = try EventLoop()
        table = SessionTable(
            loop: loop, directory: try OwnedDescriptor.openDirectory(self.directory),
            limits: limits,
            uid: getuid(), version: "test",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        // The memory of all tests is not a daemon's, and what is not optimized takes more time.
        table.budget.cpu = nil
        table.budget.memory = nil
        table.onChange = { [unowned self] in changes += 1 }
    }

    /// Runs the loop until `condition` holds or time is up; a loop runs once.
    func run(milliseconds: Int64, until condition: @escaping () -> Bool = { false }) throws {
        let end = try loop.addTimer { [loop] in loop.stop() }
        end.arm(after: .milliseconds(milliseconds))
        var tick: TimerSource?
        tick = try loop.addTimer { [loop] in
            if condition() { loop.stop() } else { tick?.arm(after: .milliseconds(10)) }
        }
        tick?.arm(after: .milliseconds(10))
        try loop.run()
        tick = nil
    }

    func add(
        _ transaction: String, _ declarations: [DescriptorDeclaration],
        _ descriptors: consuming DescriptorList, owner: UInt64 = 1
    ) throws(ControlError) {
        try table.add(
            AddRequest(transaction: transaction, descriptors: declarations), descriptors,
            owner: owner)
    }

    func start(
        _ target: PerfTarget, owner: UInt64 = 1, lifetime: Lifetime = .detached,
        duration: UInt64? = nil, withPidfd: Bool = true
    ) throws -> String {
        let transaction = table.begin(
            target.request(lifetime: lifetime, duration: duration), owner: owner)
        try add(
            transaction, [target.declaration()], list(try target.event.duplicate()), owner: owner)
        if withPidfd { try add(transaction, [.pidfd], list(target.pidfd()), owner: owner) }
        try add(transaction, [.maps], list(target.maps()), owner: owner)
        return try table.commit(transaction, owner: owner).session
    }

    var files: [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}

private func failure(_ body: () throws -> Void) -> ControlError? {
    do { try body() } catch { return error as? ControlError }
    return nil
}

@Suite(.enabled(if: isRoot, needsPerf), .serialized)
struct SessionTableTests {
    @Test func `a session records, is stopped, taken and forgotten`() throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        let session = try fixture.start(target)
        #expect(fixture.table.recordingCount == 1)
        #expect(fixture.table.isRecording(session))
        #expect(fixture.files == ["\(session).recording"])
        try fixture.run(milliseconds: 300)
        let running = try fixture.table.status(of: session)
        #expect(running.state == .recording && running.samples > 0 && running.endReason == nil)
        let stopped = try fixture.table.stop(session)
        #expect(stopped.state == .ended && stopped.endReason == .stopped && stopped.error == nil)
        #expect(stopped.samples >= running.samples)
        #expect(try fixture.table.stop(session) == stopped)
        let recording = try fixture.table.recording(of: session)
        let flags = fcntl(recording.rawValue, F_GETFL)
        #expect(flags & O_ACCMODE == O_RDONLY)
        fixture.table.forget(session)
        #expect(fixture.table.count == 0 && fixture.files.isEmpty)
        #expect(fixture.table.totals.samples == stopped.samples)
        #expect(failure { _ = try fixture.table.status(of: session) } == .noSuchSession(session))
        #expect(fixture.changes > 0)
    }

    @Test(arguments: [true, false])
    func `the end of the target ends the session, and its descriptors are waited for no more`(
        withPidfd: Bool
    ) throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        // Held here, so that epoll would go on to report them.
        let pidfd = target.pidfd()
        let session = try fixture.start(target, withPidfd: withPidfd)
        target.end()
        var rounds = 0
        try fixture.run(milliseconds: 2000) {
            // Some rounds after the end: a source that was left behind would be reported in them.
            if !fixture.table.isRecording(session) { rounds += 1 }
            return rounds == 10
        }
        #expect(rounds == 10)
        #expect(try fixture.table.status(of: session).endReason == .targetGone)
        _ = consume pidfd
    }

    @Test func `the duration ends the session`() throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        let session = try fixture.start(target, duration: 50_000_000)
        try fixture.run(milliseconds: 2000) { !fixture.table.isRecording(session) }
        let status = try fixture.table.status(of: session)
        #expect(status.endReason == .durationOver)
        #expect(status.elapsedNanoseconds >= 50_000_000)
    }

    @Test func `the longest duration there is does not end it`() throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        let session = try fixture.start(target, duration: .max)
        try fixture.run(milliseconds: 50)
        #expect(fixture.table.isRecording(session))
    }

    @Test func `a connection's end ends what lives as long, and no transaction of others`() throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        let bound = try fixture.start(target, lifetime: .connection)
        let detached = try fixture.start(try PerfTarget(), lifetime: .detached)
        let others = try fixture.start(try PerfTarget(), owner: 2, lifetime: .connection)
        _ = fixture.table.begin(target.request(), owner: 1)
        _ = fixture.table.begin(target.request(), owner: 2)
        fixture.table.connectionClosed(1)
        #expect(fixture.table.pendingCount == 1)
        #expect(try fixture.table.status(of: bound).endReason == .connectionClosed)
        #expect(fixture.table.isRecording(detached) && fixture.table.isRecording(others))
        fixture.table.suspendAll()
        #expect(try fixture.table.status(of: detached).endReason == .serviceStopping)
        #expect(fixture.table.recordingCount == 0 && fixture.table.pendingCount == 0)
    }

    @Test func `a transaction is its connection's alone`() throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        let transaction = fixture.table.begin(target.request(), owner: 1)
        let request = AddRequest(transaction: transaction, descriptors: [])
        for owner: UInt64 in [0, 2] {
            #expect(
                failure { _ = try fixture.table.usage(adding: request, owner: owner) }
                    == .noSuchTransaction(transaction))
            #expect(
                failure { _ = try fixture.table.commit(transaction, owner: owner) }
                    == .noSuchTransaction(transaction))
        }
        #expect(fixture.table.pendingCount == 1)
    }

    @Test func `usage counts what is there and what would come`() throws {
        let fixture = try Fixture()
        let target = try PerfTarget()
        let transaction = fixture.table.begin(target.request(), owner: 1)
        try fixture.add(
            transaction, [target.declaration()], list(try target.event.duplicate()))
        let usage = try fixture.table.usage(
            adding: AddRequest(
                transaction: transaction,
                descriptors: [target.declaration(cpu: 1), target.declaration(ring: false), .maps],
                threads: [TargetThread(tid: 1, name: "a")]),
            owner: 1)
        #expect(usage.descriptors == 3 && usage.threads == 1)
        #expect(usage.ringMemory == 2 * 9 * 4096)
    }

    @Test func `every failed commit leaves no descriptor, no file and no transaction`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try Fixture()
            let target = try PerfTarget()
            let before = openDescriptors()
            let failures: [(Int, [DescriptorDeclaration])] = [
                (8, []), (8, [target.declaration(ring: false)]),
                (8, [target.declaration(), target.declaration()]),
                (8, [target.declaration(), target.declaration(cpu: 1, ring: false)]),
                (4, [target.declaration()]), (1 << 20, [target.declaration()]),
            ]
            for (pages, declarations) in failures {
                let transaction = fixture.table.begin(target.request(pages: pages), owner: 1)
                var descriptors = DescriptorList()
                for _ in declarations { descriptors.append(try target.event.duplicate()) }
                try fixture.add(transaction, declarations, descriptors)
                guard
                    case .attachFailed = failure({
                        _ = try fixture.table.commit(transaction, owner: 1)
                    })
                else {
                    demand(false, "\(declarations) with \(pages) pages were refused")
                    return
                }
                demandEqual(openDescriptors(), before)
                demandEqual(fixture.files, [])
                demandEqual(fixture.table.pendingCount, 0)
                demandEqual(fixture.table.count, 0)
            }
        }
    }

    @Test func `a session in all its states leaves nothing when it is forgotten`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try Fixture()
            let target = try PerfTarget()
            let before = openDescriptors()
            for _ in 0..<5 {
                let session = try fixture.start(target)
                _ = try fixture.table.recording(of: session)
                _ = try fixture.table.stop(session)
                // The sealed recording's descriptor.
                demandEqual(openDescriptors(), before + 1)
                fixture.table.forget(session)
                demandEqual(openDescriptors(), before)
            }
        }
    }

    @Test func `a recording that reaches its limit ends the session and says so`() throws {
        let fixture = try Fixture(limits: Limits { $0.recordingSize = 256 << 10 })
        let target = try PerfTarget(rate: .period(50_000))
        let transaction = fixture.table.begin(target.request(), owner: 1)
        try fixture.add(
            transaction, [target.declaration()], list(try target.event.duplicate()))
        let session = try fixture.table.commit(transaction, owner: 1).session
        try fixture.run(milliseconds: 20_000) { !fixture.table.isRecording(session) }
        let status = try fixture.table.status(of: session)
        #expect(status.endReason == .failed)
        #expect(status.error != nil)
        #expect(status.bytes <= 256 << 10)
    }
}
