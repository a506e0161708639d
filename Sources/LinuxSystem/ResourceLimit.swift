// The limits of getrlimit(2) that a session can meet, and what a file system and this process have.

internal import CLinux
internal import SystemPackage

/// A limit of this process; its soft value is the one that holds.
public enum ResourceLimit: String, Sendable {
    /// `RLIMIT_FSIZE`: the bytes of a file that it writes.
    case fileSize = "RLIMIT_FSIZE"
    /// `RLIMIT_MEMLOCK`: bytes of locked memory.
    case lockedMemory = "RLIMIT_MEMLOCK"
    /// `RLIMIT_NOFILE`: one more than the highest descriptor.
    case openFiles = "RLIMIT_NOFILE"

    /// The value; nil where there is no limit.
    public var current: UInt64? {
        let resource =
            switch self {
            case .fileSize: RLIMIT_FSIZE
            case .lockedMemory: __RLIMIT_MEMLOCK
            case .openFiles: RLIMIT_NOFILE
            }
        var limit = rlimit()
        // SAFETY: the kernel fills the structure; it cannot fail for a limit that exists.
        let result = unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit)
        // RLIM_INFINITY is all ones.
        return result == 0 && UInt64(limit.rlim_cur) != .max ? UInt64(limit.rlim_cur) : nil
    }

    /// `unlimited` where there is no limit, as ulimit(1) has it.
    public var text: String { current.map { "\($0)" } ?? "unlimited" }
}

/// The room of the file system that a file is on.
public struct FileSystemRoom: Hashable, Sendable {
    /// In bytes.
    public let size: UInt64
    /// In bytes, for those who are not root.
    public let available: UInt64

    /// - Throws: `SystemCallError` of `fstatvfs`.
    public init(of file: borrowing OwnedDescriptor) throws(SystemCallError) {
        let number = file.rawValue
        var size: UInt64 = 0
        var available: UInt64 = 0
        // SAFETY: the call writes two numbers in this frame.
        _ = try retryingOnInterrupt("fstatvfs") {
            unsafe clinux_file_system_room(number, &size, &available)
        }
        self.size = size
        self.available = available
    }
}

/// Memory of this process.
public enum OwnMemory {
    /// Bytes that are present and no file's: the heap, stacks and what was written of the program's
    /// data (proc_pid_statm(5), resident without shared). The rings are the kernel's, and a
    /// recording's pages its file's.
    ///
    /// - Throws: `SystemCallError` of reading /proc/self/statm.
    public static func anonymous() throws(SystemCallError) -> UInt64 {
        let fields = try SystemDirectory("/proc/self").text(of: "statm").split(separator: " ")
        guard fields.count > 2, let resident = UInt64(fields[1]), let shared = UInt64(fields[2])
        else { throw SystemCallError("read", .invalidArgument, on: "/proc/self/statm") }
        return (resident - min(shared, resident)) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Gives free memory of the heap back to the kernel (malloc_trim(3)).
    public static func giveBack() { clinux_give_memory_back() }
}

extension OwnedDescriptor {
    /// Locks the file for as long as this open file description lives, duplicates included
    /// (flock(2)). Nobody is waited for.
    ///
    /// - Returns: false where somebody else has locked it.
    /// - Throws: `SystemCallError` of `flock`.
    public borrowing func tryLock() throws(SystemCallError) -> Bool {
        let number = rawValue
        do throws(SystemCallError) {
            _ = try retryingOnInterrupt("flock") { clinux_try_lock(number) }
            return true
        } catch {
            if error.errno == .wouldBlock { return false }
            throw error
        }
    }

    /// The names in the directory that it is, without `.` and `..`.
    ///
    /// - Throws: `SystemCallError` of `openat` or `readdir`.
    public borrowing func names() throws(SystemCallError) -> [String] {
        try SystemDirectory(path).entries(of: ".")
    }
}
