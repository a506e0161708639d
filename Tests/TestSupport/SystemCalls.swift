// Calls that Swift's view of libc lacks: GNU functions, and raw system calls.

import CLinux
import Glibc
public import LinuxSystem

/// C: `O_PATH`.
public let pathOnly: CInt = 0o10_000_000

private func function(_ name: String) -> UnsafeMutableRawPointer {
    guard let function = dlsym(nil, name) else { preconditionFailure("libc has no \(name)") }
    return function
}

/// syscall(2), which Swift does not import because it is variadic. Four words are passed as they
/// are on the machines that we support.
private let rawCall = unsafeBitCast(
    function("syscall"),
    to: (@convention(c) (CLong, CLong, CLong, CLong) -> CLong).self)

/// A file in memory. C: `memfd_create`.
public func memoryFile(named name: String, isSealable: Bool = false) -> OwnedDescriptor {
    let create = unsafeBitCast(
        function("memfd_create"),
        to: (@convention(c) (UnsafePointer<CChar>, CUnsignedInt) -> CInt).self)
    return OwnedDescriptor(adopting: create(name, isSealable ? 2 : 0))
}

public func pidfd(of pid: pid_t) -> OwnedDescriptor {
    OwnedDescriptor(adopting: clinux_pidfd_open(pid, 0))
}

/// Runs `body` in a thread that has become `uid` for good and ends afterwards. Identities are a
/// thread's to the kernel; glibc alone keeps those of a process together.
public func asUser(_ uid: UInt32, _ body: @escaping () -> Bool) -> Bool {
    final class Work {
        let uid: CLong
        let body: () -> Bool
        var result = false
        init(_ uid: UInt32, _ body: @escaping () -> Bool) {
            self.uid = CLong(uid)
            self.body = body
        }
    }
    let work = Work(uid, body)
    var thread = pthread_t()
    let started = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            let work = Unmanaged<Work>.fromOpaque(context).takeUnretainedValue()
            let became =
                rawCall(CLong(SYS_setgroups), 0, 0, 0) == 0
                && rawCall(CLong(SYS_setresgid), work.uid, work.uid, work.uid) == 0
                && rawCall(CLong(SYS_setresuid), work.uid, work.uid, work.uid) == 0
            work.result = became && work.body()
            return nil
        }, Unmanaged.passUnretained(work).toOpaque())
    precondition(started == 0)
    pthread_join(thread, nil)
    return withExtendedLifetime(work) { work.result }
}
