import CLinux
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// Whether /bin/false, executed by path, is refused with EPERM. Where it is not, the process becomes one that fails.
private func isRefusedByPath() -> Bool {
    withArguments { clinux_execvpe("/bin/false", $0, $0) == -1 && clinux_errno() == EPERM }
}

/// The same by descriptor: of a file that some mount has, or of one that no mount has.
private func isRefused(_ descriptor: borrowing OwnedDescriptor) -> Bool {
    let number = descriptor.rawValue
    return withArguments {
        clinux_exec_descriptor(number, $0, $0) == -1 && clinux_errno() == EPERM
    }
}

private func withArguments<Result>(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("false"), nil]
    defer { free(arguments[0]) }
    return arguments.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
}

/// A program that is no file of any mount.
private func programInMemory() throws -> OwnedDescriptor {
    let memory = memoryFile(named: "false")
    let program = try OwnedDescriptor.open("/bin/false", for: .reading)
    while true {
        let chunk = try program.readSome(1 << 16)
        if chunk.isEmpty { return memory }
        guard write(memory.rawValue, chunk, chunk.count) == chunk.count else { return memory }
    }
}

struct NewCodeBanTests {
    @Test func `what has forbidden itself new code executes no program, whatever names it`() async {
        await #expect(processExitsWith: .success) {
            let memory = try programInMemory()
            let file = try OwnedDescriptor.open("/bin/false", for: .reading)
            try OwnProcess.forbidNewCode()
            demand(isRefusedByPath(), "by path")
            demand(isRefused(file), "by descriptor of a file")
            demand(isRefused(memory), "by descriptor of memory")
            endHere()
        }
    }

    @Test func `neither does a child of it`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.forbidNewCode()
            let child = clinux_fork()
            if child == 0 { _exit(isRefusedByPath() ? 7 : 1) }
            var status: CInt = 0
            demandEqual(waitpid(child, &status, 0), child)
            demandEqual(clinux_exit_status(status), 7)
            endHere()
        }
    }

    @Test func `nothing more is mapped as code, and all else is mapped`() async {
        await #expect(processExitsWith: .success) {
            let memory = try programInMemory()
            let data = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            try OwnProcess.forbidNewCode()
            let code = PROT_READ | PROT_EXEC
            demandEqual(mmap(nil, 4096, code, MAP_PRIVATE, memory.rawValue, 0), MAP_FAILED)
            demandEqual(errno, EPERM)
            demandEqual(mmap(nil, 4096, code, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED)
            demandEqual(mprotect(data, 4096, code), -1)
            demandEqual(errno, EPERM)
            demandEqual(mprotect(data, 4096, PROT_READ), 0)
            demand(mmap(nil, 4096, PROT_READ, MAP_SHARED, memory.rawValue, 0) != MAP_FAILED, "data")
            endHere()
        }
    }

    @Test func `what it forbids itself twice stays forbidden, and all else works`() async {
        await #expect(processExitsWith: .success) {
            try OwnProcess.forbidNewCode()
            try OwnProcess.forbidNewCode()
            demand(isRefusedByPath(), "by path")
            demand(!(try SmallFile.read("/proc/self/status")).isEmpty, "a file is read")
            _ = try Pipe()
            endHere()
        }
    }
}
