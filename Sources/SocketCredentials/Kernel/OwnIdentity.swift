#if os(Linux)
// What this process is to the kernel.

internal import CLinux
internal import SystemPackage

extension Credentials {
    /// This process' own: real and effective ids, and its supplementary groups (getgroups(2)).
    ///
    /// Ids are those of the calling thread, should a thread have changed its own alone.
    public static var current: Credentials {
        Credentials(
            source: .process, pid: getpid(), uid: getuid(), gid: getgid(), euid: geteuid(),
            egid: getegid(), groups: ownGroups())
    }

    /// Nil where another thread keeps changing them between two calls.
    private static func ownGroups() -> [UInt32]? {
        for _ in 0..<8 {
            let count = getgroups(0, nil)
            guard count > 0 else { return count == 0 ? [] : nil }
            var groups = [gid_t](repeating: 0, count: Int(count))
            // SAFETY: at most `count` numbers are written to the array.
            let written = unsafe groups.withUnsafeMutableBufferPointer { buffer in
                unsafe getgroups(count, buffer.baseAddress)
            }
            if written >= 0 { return Array(groups.prefix(Int(written))) }
        }
        return nil
    }
}

extension OverflowIDs {
    /// Those of this kernel (`/proc/sys/kernel/overflowuid` and `overflowgid`); each is 65534
    /// where it cannot be read.
    public static var current: OverflowIDs {
        OverflowIDs(
            uid: number(in: "/proc/sys/kernel/overflowuid") ?? kernelDefault.uid,
            gid: number(in: "/proc/sys/kernel/overflowgid") ?? kernelDefault.gid)
    }

    private static func number(in path: String) -> UInt32? {
        guard
            let file = try? FileDescriptor.open(
                FilePath(path), .readOnly, options: .closeOnExec, retryOnInterrupt: true)
        else { return nil }
        let owner = OwnedDescriptor(adopting: file)
        var bytes = [UInt8](repeating: 0, count: 16)
        // SAFETY: at most as many bytes are written as the array has.
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe (try? owner.fileDescriptor.read(into: buffer)) ?? 0
        }
        let line = bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }
        return UInt32(String(decoding: line, as: UTF8.self))
    }
}
#endif
