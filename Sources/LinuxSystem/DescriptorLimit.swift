internal import CLinux
internal import SystemPackage

/// How many descriptors this process may have open. `RLIMIT_NOFILE`.
public enum DescriptorLimit {
    /// The soft limit, which holds.
    public static var current: UInt64 {
        var limit = rlimit()
        // SAFETY: the call touches that one structure and nothing else.
        let result = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        precondition(result == 0, "getrlimit of a limit that there is")
        return UInt64(limit.rlim_cur)
    }

    /// Raises the soft limit to the hard limit, which needs no privilege.
    ///
    /// - Returns: the limit that holds now, and whether it was lower before.
    /// - Throws: `SystemCallError` of `getrlimit` or `setrlimit`.
    @discardableResult
    public static func raise() throws(SystemCallError) -> (limit: UInt64, isRaised: Bool) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // SAFETY: both calls touch that one structure and nothing else.
        _ = try checked("getrlimit") { unsafe getrlimit(resource, &limit) }
        if limit.rlim_cur == limit.rlim_max { return (UInt64(limit.rlim_max), false) }
        limit.rlim_cur = limit.rlim_max
        _ = try checked("setrlimit") { unsafe setrlimit(resource, &limit) }
        return (UInt64(limit.rlim_max), true)
    }
}
