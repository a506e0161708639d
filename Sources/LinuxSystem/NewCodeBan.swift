// A seccomp filter of the process itself, beside what a unit sets. A unit cannot refuse execve(2):
// the manager needs it to start the service. And NoExecPaths= does not reach a program that is no
// file of a mount (memfd_create(2)) or that was opened elsewhere and passed as a descriptor.

internal import CLinux
internal import SystemPackage

extension OwnProcess {
    /// From now on the calling thread, and every thread and child that it makes, runs only the code
    /// that it has: execve(2) and execveat(2) fail with EPERM, and so do mmap(2) and mprotect(2)
    /// where they ask for `PROT_EXEC`, and every call of another ABI than the native one, which has
    /// numbers of its own. There is no way back. Libraries that would be loaded later are not.
    ///
    /// Sets `PR_SET_NO_NEW_PRIVS`, without which an unprivileged process may not have a filter.
    ///
    /// - Throws: `SystemCallError` of `prctl`, of the filter where the kernel knows no seccomp.
    public static func forbidNewCode() throws(SystemCallError) {
        _ = try checked("prctl") { clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        var filter = newCodeBan
        _ = try unsafe filter.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            var program = unsafe sock_fprog(
                len: UInt16(buffer.count), filter: buffer.baseAddress)
            // SAFETY: the kernel copies the instructions before the call returns.
            return try checked("prctl") {
                unsafe clinux_set_seccomp_filter(&program)
            }
        }
    }

    /// The program in classic BPF over `struct seccomp_data` (seccomp(2)): `nr` at 0, `arch` at 4,
    /// the third argument's low half at 32. A jump's distance counts from the instruction after it.
    private static var newCodeBan: [sock_filter] {
        [
            load(4),
            // Another architecture (i386's int 0x80).
            skip(BPF_JEQ, clinux_audit_arch(), ifNot: 10),
            load(0),
            // x32 shares x86_64's architecture and has its numbers from this bit on.
            skip(BPF_JGE, 0x4000_0000, if: 8),
            skip(BPF_JEQ, UInt32(SYS_execve), if: 7),
            skip(BPF_JEQ, UInt32(SYS_execveat), if: 6),
            skip(BPF_JEQ, UInt32(SYS_mmap), if: 2),
            skip(BPF_JEQ, UInt32(SYS_mprotect), if: 1),
            skip(BPF_JEQ, UInt32(SYS_pkey_mprotect), ifNot: 2),
            load(32),
            skip(BPF_JSET, UInt32(PROT_EXEC), if: 1),
            answer(UInt32(SECCOMP_RET_ALLOW)),
            answer(UInt32(SECCOMP_RET_ERRNO) | UInt32(EPERM)),
        ]
    }

    private static func load(_ offset: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_LD | BPF_W | BPF_ABS), jt: 0, jf: 0, k: offset)
    }

    private static func skip(
        _ comparison: Int32, _ value: UInt32, if count: UInt8 = 0, ifNot other: UInt8 = 0
    ) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | comparison | BPF_K), jt: count, jf: other, k: value)
    }

    private static func answer(_ value: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: value)
    }
}
