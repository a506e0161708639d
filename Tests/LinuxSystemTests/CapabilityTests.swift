import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem

/// The sets of the calling thread are given up for good: each test has a process of its own.
@Suite(.enabled(if: getuid() == 0, "only root has capabilities to give up"))
struct CapabilityTests {
    @Test func `what is kept is permitted, and nothing is effective`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.keepCapabilities([.setuid, .kill])
            demandEqual(field("CapPrm"), 1 << 7 | 1 << 5)
            demandEqual(field("CapEff"), 0)
            // What is gone does not come back.
            try OwnProcess.keepCapabilities([.setuid, .perfmon])
            demandEqual(field("CapPrm"), 1 << 7)
        }
    }

    @Test func `what is raised is lowered again, whatever happens meanwhile`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.keepCapabilities([.setuid, .kill])
            try OwnProcess.raising([.kill, .perfmon]) { () throws(SystemCallError) in
                demandEqual(field("CapEff"), 1 << 5)
                try OwnProcess.raising([.setuid]) { () throws(SystemCallError) in
                    demandEqual(field("CapEff"), 1 << 7 | 1 << 5)
                }
                demandEqual(field("CapEff"), 1 << 5)
            }
            demandEqual(field("CapEff"), 0)
            try? OwnProcess.raising([.kill]) { () throws(SystemCallError) in
                throw SystemCallError("none", .badAddress)
            }
            demandEqual(field("CapEff"), 0)
        }
    }

    @Test func `acting as a user takes the capabilities away, and the way back brings none`() async
    {
        await #expect(processExitsWith: .success) {
            try OwnProcess.keepCapabilities([.setuid, .setgid, .dacOverride])
            let user = UserIdentity(uid: 4242, gid: 4343, groups: [4343])
            try OwnProcess.acting(as: user) { () throws(SystemCallError) in
                demandEqual(field("CapEff"), 0)
                demandEqual(geteuid(), 4242)
            }
            demandEqual(geteuid(), 0)
            demandEqual(field("CapEff"), 0)
            try OwnProcess.reaching(filesOf: 4242) { () throws(SystemCallError) in
                demandEqual(field("CapEff"), 1 << 7)
                demandEqual(status("Uid"), "0\t0\t0\t4242")
            }
            demandEqual(status("Uid"), "0\t0\t0\t0")
            demandEqual(field("CapEff"), 0)
        }
    }

    @Test func `whoever becomes another user is them for good`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.keepCapabilities([.setuid, .setgid, .dacOverride])
            let user = UserIdentity(uid: 4242, gid: 4343, groups: [4343])
            try OwnProcess.become(user, keeping: [.dacOverride])
            demandEqual(status("Uid"), "4242\t4242\t4242\t4242")
            demandEqual(status("Gid"), "4343\t4343\t4343\t4343")
            demandEqual(field("CapPrm"), 0)
            demandEqual(setuid(0), -1)
        }
    }

    @Test func `a sealed process finds no way to more`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.sealCapabilities()
            demandEqual(field("CapBnd"), 0)
            demandEqual(field("CapInh"), 0)
            demandEqual(field("CapAmb"), 0)
            demandEqual(status("NoNewPrivs"), "1")
            demand(field("CapPrm") & (1 << 8) == 0, "CAP_SETPCAP is gone")
            // What root executes has nothing any more.
            let plan = ChildPlan(
                .named("/bin/grep"),
                arguments: ["grep", "-q", "CapEff:\t0000000000000000", "/proc/self/status"],
                environment: [])
            var child = try ChildProcess.start(plan)
            demandEqual(try child.wait(), .exited(0))
        }
    }

    @Test func `a closed standard descriptor is no file's`() async {
        await #expect(processExitsWith: .success) {
            close(0)
            close(2)
            try OwnProcess.openStandardDescriptors()
            let file = try OwnedDescriptor.open("/dev/null", for: .reading)
            demand(file.rawValue > 2, "descriptor \(file.rawValue)")
            demandEqual(write(2, "x", 1), -1)
        }
    }
}

/// A line of /proc/thread-self/status, without its name.
private func status(_ name: String) -> String {
    let text = (try? SystemDirectory("/proc/thread-self").text(of: "status")) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):\t") } ?? ""
    return String(line.dropFirst(name.utf8.count + 2))
}

private func field(_ name: String) -> UInt64 { UInt64(status(name), radix: 16) ?? .max }
