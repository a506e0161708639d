import Glibc
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import PerfRing

/// Cgroups with real processes in them.
@Suite(.serialized, .enabled(if: cannotMakeCgroup == nil, "\(cannotMakeCgroup ?? "")"))
struct CgroupOpenerTests {
    private var options: OpeningOptions {
        var options = OpeningOptions()
        options.events = [.cpuClock, .known[2]]
        return options
    }

    private func refusal(
        _ name: String, _ choice: CgroupOptions = CgroupOptions(),
        _ change: (inout OpeningOptions) -> Void = { _ in }
    ) -> OpeningError? {
        var options = options
        change(&options)
        do throws(OpeningError) {
            _ = try TargetOpener(options).open(cgroup: name, choice)
            return nil
        } catch {
            return error
        }
    }

    @Test func `there is one event of each kind on each CPU, and one ring`() throws {
        let scratch = ScratchCgroup()
        let program = try RunningProgram("spin", "3")
        let other = try RunningProgram("sleep", "1")
        scratch.add(program.processID)
        scratch.add(other.processID, to: scratch.addChild("below"))
        let cgroup = try TargetOpener(options).open(cgroup: scratch.path, CgroupOptions())
        let cpus = try OnlineCPUs.read()
        #expect(cgroup.sampling.placements.count == cpus.count * 2)
        #expect(cgroup.sampling.placements.count { $0.isRingOwner } == cpus.count)
        #expect(cgroup.sampling.placements.allSatisfy { $0.threadID == 0 && !$0.isLate })
        #expect(cgroup.userID == getuid() && !cgroup.hasOthers)
        #expect(Set(cgroup.mapped) == [program.processID, other.processID])
        let threads = cgroup.processes.first { $0.processID == program.processID }?.threads
        #expect(threads?.count == 3)
        #expect(cgroup.processes.allSatisfy { $0.name == "TestProgram" })
    }

    @Test func `processes of several users are for nobody, unless it is said for whom`() throws {
        let scratch = ScratchCgroup()
        let program = try RunningProgram("user", "65533")
        scratch.add(program.processID)
        #expect(
            try TargetOpener(options).open(cgroup: scratch.path, CgroupOptions()).userID == 65533)
        let own = try RunningProgram("sleep", "1")
        scratch.add(own.processID, to: scratch.addChild("below"))
        guard case .cgroupOfOthers(scratch.path, _, let uids, let owner)? = refusal(scratch.path)
        else {
            Issue.record("not refused: \(String(describing: refusal(scratch.path)))")
            return
        }
        #expect(Set(uids + [owner]) == [0, 65533])
        for user: UInt32 in [0, 65533] {
            let refused = refusal(scratch.path, CgroupOptions(user: user))
            guard case .cgroupOfOthers? = refused else {
                Issue.record("not refused: \(String(describing: refused))")
                continue
            }
        }
        #expect(
            refusal(scratch.path, CgroupOptions(allowsOthers: true))
                == .cgroupOwnerUnknown(scratch.path, userIDs: [0, 65533]))
        let mixed = try TargetOpener(options).open(
            cgroup: scratch.path, CgroupOptions(user: 65533, allowsOthers: true))
        #expect(mixed.userID == 65533 && mixed.hasOthers)
        #expect(Set(mixed.mapped) == [own.processID, program.processID])
    }

    @Test func `a process of several users at once is nobody's`() throws {
        let scratch = ScratchCgroup()
        let program = try RunningProgram("mixed", "1")
        scratch.add(program.processID)
        for user: UInt32? in [nil, 0, 65533] {
            let refused = refusal(scratch.path, CgroupOptions(user: user))
            guard case .cgroupOfOthers? = refused else {
                Issue.record("not refused: \(String(describing: refused))")
                continue
            }
        }
    }

    @Test func `a cgroup that is empty, gone, none or all there is, is refused by name`() throws {
        let scratch = ScratchCgroup()
        #expect(refusal(scratch.path) == .cgroupEmpty(scratch.path))
        #expect(refusal("/") == .rootCgroup)
        #expect(refusal("\(cgroupMount ?? "")") == .rootCgroup)
        #expect(refusal("/no-such-cgroup") == .noSuchCgroup("/no-such-cgroup"))
        #expect(refusal("../../etc") == .noSuchCgroup("../../etc"))
        let program = try RunningProgram("sleep", "1")
        scratch.add(program.processID)
        #expect(
            refusal("\(scratch.path)/cgroup.procs") == .noSuchCgroup("\(scratch.path)/cgroup.procs")
        )
        #expect(refusal(scratch.path) == nil)
    }

    @Test func `who has a capability for their own processes gets no cgroup`() throws {
        let scratch = ScratchCgroup()
        let program = try RunningProgram("user", "65533")
        scratch.add(program.processID)
        #expect(refusal(scratch.path) { $0.onlyUser = 65533 } == .cgroupPrivileged(scratch.path))
    }

    @Test func `a zombie and what ends meanwhile are nobody`() throws {
        let scratch = ScratchCgroup()
        let program = try RunningProgram("sleep", "1")
        let zombie = try RunningProgram("sleep", "1")
        scratch.add(program.processID)
        scratch.add(zombie.processID)
        kill(zombie.processID, SIGKILL)
        zombie.awaitEnd()
        let cgroup = try TargetOpener(options).open(cgroup: scratch.path, CgroupOptions())
        #expect(cgroup.mapped == [program.processID])
    }
}
