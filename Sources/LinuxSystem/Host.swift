// Facts about this process and this host that need a libc call.

internal import CLinux
internal import SystemPackage

/// Nanoseconds of the kernel's clocks (clock_gettime(2)).
public enum KernelClock {
    public static func monotonic() -> UInt64 { now(CLOCK_MONOTONIC) }
    /// Since the epoch.
    public static func realtime() -> UInt64 { now(CLOCK_REALTIME) }

    /// CPU time that the calling thread has used. `CLOCK_THREAD_CPUTIME_ID`.
    public static func threadTime() -> UInt64 { now(clinux_clock_thread()) }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // SAFETY: the call fills in the structure.
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime of a clock that every kernel has")
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// The own process.
public enum OwnProcess {
    public static var pid: Int32 { getpid() }
    /// The real uid.
    public static var uid: UInt32 { getuid() }
    /// The real gid.
    public static var gid: UInt32 { getgid() }
    public static var effectiveUID: UInt32 { geteuid() }

    /// The corresponding C constant is `SIGTERM`.
    public static var terminate: Int32 { SIGTERM }
    /// The corresponding C constant is `SIGINT`.
    public static var interrupt: Int32 { SIGINT }
    /// The corresponding C constant is `SIGHUP`.
    public static var hangUp: Int32 { SIGHUP }
}

/// The host's names, as uname(1) has them.
public struct HostNames: Hashable, Sendable {
    public let hostname: String
    /// `x86_64`, `aarch64`.
    public let architecture: String
    /// The kernel's release.
    public let osRelease: String

    /// Reads them; what cannot be read is empty.
    public static func current() -> HostNames {
        HostNames(
            hostname: line("/proc/sys/kernel/hostname"), architecture: architecture,
            osRelease: line("/proc/sys/kernel/osrelease"))
    }

    #if arch(x86_64)
    private static let architecture = "x86_64"
    #elseif arch(arm64)
    private static let architecture = "aarch64"
    #else
    private static let architecture = ""
    #endif

    private static func line(_ path: String) -> String {
        let bytes = (try? SmallFile.read(path)) ?? []
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

/// A file of /proc or /sys that fits into one read.
public enum SmallFile {
    /// At most 64 KiB of the file at `path`.
    public static func read(_ path: String) throws(SystemCallError) -> [UInt8] {
        let descriptor = OwnedDescriptor(
            adopting: try retryingOnInterrupt("open", on: path) {
                // SAFETY: the string outlives the call.
                unsafe clinux_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)
            })
        let number = descriptor.rawValue
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = try unsafe bytes.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            let start = buffer.baseAddress
            let capacity = buffer.count
            // SAFETY: at most `capacity` bytes are written to the array.
            return try retryingOnInterrupt("read", on: path) {
                unsafe CLinux.read(number, start, capacity)
            }
        }
        return Array(bytes.prefix(count))
    }
}
