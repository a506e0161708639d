import CLinux
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// A child that does nothing until this process has ended, and with it the pipe between them.
private func startIdleChild() -> pid_t {
    var ends: [CInt] = [-1, -1]
    demandEqual(pipe(&ends), 0)
    let child = clinux_fork()
    if child == 0 {
        close(ends[1])
        var byte: UInt8 = 0
        _ = read(ends[0], &byte, 1)
        _exit(0)
    }
    return child
}

/// What opening a file of procfs comes to: 0, or the error.
private func errorOfOpening(_ name: String, of process: String) -> CInt {
    let number = open("/proc/\(process)/\(name)", O_RDONLY)
    if number == -1 { return errno }
    close(number)
    return 0
}

/// Ends an exit test in which all was as it should be, and with it what a sanitizer does at the end
/// of a process: it executes a program to name what it has found.
func endHere() -> Never { _exit(0) }

struct OwnDomainTests {
    private static let version = clinux_landlock_version()

    @Test(.enabled(if: version >= 1, "this kernel has no Landlock"))
    func `a process that keeps to itself cannot look into another of its user`() async {
        await #expect(processExitsWith: .success) {
            let other = startIdleChild()
            // CAP_PERFMON alone opens the others for reading, from Linux 6.16 on: root has it.
            let files = isRoot ? ["mem"] : ["mem", "maps", "environ"]
            for file in files { demandEqual(errorOfOpening(file, of: "\(other)"), 0) }
            let isKept = try OwnProcess.keepToItself()
            demand(isKept, "there is Landlock")
            for file in files {
                demandEqual(errorOfOpening(file, of: "\(other)"), EACCES)
                demandEqual(errorOfOpening(file, of: "self"), 0)
            }
            demandEqual(errorOfOpening("status", of: "\(other)"), 0)
            endHere()
        }
    }

    @Test(.enabled(if: version >= 6, "Landlock covers signals from Linux 6.12 on"))
    func `a process that keeps to itself cannot signal another of its user`() async {
        await #expect(processExitsWith: .success) {
            let other = startIdleChild()
            demandEqual(kill(other, 0), 0)
            try OwnProcess.keepToItself()
            demandEqual(kill(other, 0), -1)
            demandEqual(errno, EPERM)
            demandEqual(kill(getpid(), 0), 0)
            endHere()
        }
    }

    @Test func `it can keep to itself and forbid itself new code`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.keepToItself()
            try OwnProcess.forbidNewCode()
            demandEqual(clinux_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1)
            endHere()
        }
    }
}
