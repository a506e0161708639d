internal import CLinux

/// How many bytes of memory this process may lock. `RLIMIT_MEMLOCK`.
public enum LockedMemoryLimit {
    /// The soft limit, which holds; nil where there is none.
    public static var current: UInt64? {
        var limit = rlimit()
        // SAFETY: the call touches that one structure and nothing else.
        let result = unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
        // RLIM_INFINITY is all ones.
        return result == 0 && UInt64(limit.rlim_cur) != .max ? UInt64(limit.rlim_cur) : nil
    }
}
