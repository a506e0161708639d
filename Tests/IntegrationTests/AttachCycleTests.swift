import ControlProtocol
import Glibc
import LinuxSystem
import PerfRing
import TestSupport
import Testing

@testable import Client

extension IntegrationTests {
    /// Attach and stop, over and over, against one daemon.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct AttachCycleTests {}
}

extension IntegrationTests.AttachCycleTests {
    /// How many cycles: PROFILERD_CYCLES=10000 makes it a matter of minutes.
    private static let cycles =
        getenv("PROFILERD_CYCLES").flatMap { Int(String(cString: $0)) } ?? 40

    /// Four ways for a session to go.
    private enum Way: Int, CaseIterable {
        case stopped
        case abandonedBeforeCommit
        case connectionClosed
        case cgroup
    }

    @Test func `after many cycles the daemon has what it had`() throws {
        let configuration = "[policy.limits]\nrequests-per-second-per-uid = 1000000\n"
        try World.run(configuration: configuration) { world in
            let scratch = cannotMakeCgroup == nil ? ScratchCgroup() : nil
            let program = try world.target("spin", "1")
            scratch?.add(program.processID)
            // What is allocated once is there after the first of each.
            for number in 0..<20 { try cycle(number, world, program, scratch?.path) }
            try world.settle()
            let before = try Footprint(of: world.daemon.processID)
            let begin = secondsOfClock()
            for number in 0..<Self.cycles { try cycle(number, world, program, scratch?.path) }
            let seconds = secondsOfClock() - begin
            try world.settle()
            let after = try Footprint(of: world.daemon.processID)
            print("\(Self.cycles) cycles in \(Int(seconds)) s: before \(before); after \(after)")
            #expect(after.descriptors == before.descriptors, "\(before); \(after)")
            #expect(after.mappings <= before.mappings + 2, "\(before); \(after)")
            #expect(after.resident <= before.resident + 2048, "\(before); \(after)")
            #expect(entries(of: world.state) == [])
            program.send(SIGKILL)
            try program.wait()
        }
    }

    private func cycle(
        _ number: Int, _ world: World, _ program: Running, _ cgroup: String?
    ) throws {
        guard let way = Way(rawValue: number % Way.allCases.count) else { return }
        let instance = DaemonInstance(path: world.socket, uid: world.user.uid)
        guard var connection = try ControlConnection.open(instance) else {
            throw Failure("no daemon")
        }
        var plan = RecordingPlan(lifetime: way == .connectionClosed ? .connection : .detached)
        plan.opening.events = [.cpuClock]
        plan.opening.rate = .frequency(999)
        plan.opening.dataPages = 8
        if way == .abandonedBeforeCommit {
            let target = try TargetOpener(plan.opening).open(processID: program.processID)
            let transaction = try connection.begin(
                plan.request(for: .process(target), command: nil))
            _ = try connection.list()
            #expect(!transaction.isEmpty)
            return
        }
        let subject = try subject(way, plan, program, cgroup)
        let session = try Handover(plan: plan, command: nil).perform(subject, over: &connection)
        if way == .connectionClosed {
            // Whoever comes next takes it.
            _ = consume connection
            guard var other = try ControlConnection.open(instance) else {
                throw Failure("no daemon")
            }
            let recorded = try other.stop(session)
            #expect(recorded.status.endReason == .connectionClosed)
        } else {
            let recorded = try connection.stop(session)
            #expect(recorded.status.endReason == .stopped)
        }
    }

    private func subject(
        _ way: Way, _ plan: RecordingPlan, _ program: Running, _ cgroup: String?
    ) throws -> OpenedSubject {
        guard way == .cgroup, let cgroup else {
            return .process(
                try TargetOpener(plan.opening).open(processID: program.processID))
        }
        let choice = GroupChoice(
            name: cgroup, isUnit: false, options: CgroupOptions(), invokingUser: .current())
        return .group(
            OpenedGroup(
                cgroup: try TargetOpener(plan.opening).open(cgroup: cgroup, choice.options),
                choice: choice))
    }
}

extension World {
    /// Waits until the daemon has no connection left.
    fileprivate func settle() throws {
        try eventually("a daemon at rest") {
            connectionCount == 0 && descriptorCount() == descriptorsAtRest
        }
    }
}
