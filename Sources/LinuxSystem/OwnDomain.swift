// A Landlock domain of the process itself (landlock(7)), beside what a unit sets. The file modes and
// the uid that a daemon shares with its user's programs let it reach into them; a unit has only user
// namespaces against that, in which nobody else has a number.

internal import CLinux
internal import SystemPackage

extension OwnProcess {
    /// From now on the calling thread, and every thread and child that it makes, cannot look into
    /// the processes outside of it, though they have its uid: no ptrace(2), no process_vm_readv(2),
    /// no /proc/PID/mem or /proc/PID/maps that it opens itself. From Linux 6.12 on it cannot signal
    /// them either. There is no way back.
    ///
    /// Sets `PR_SET_NO_NEW_PRIVS`, without which an unprivileged process may not have a domain.
    ///
    /// - Returns: false where the kernel has no Landlock, or a system call filter refuses it.
    /// - Throws: `SystemCallError` of what then failed.
    @discardableResult
    public static func keepToItself() throws(SystemCallError) -> Bool {
        let version = clinux_landlock_version()
        if version < 1 { return false }
        _ = try checked("prctl") { clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        // A domain has to forbid something of its own. What is not known to a kernel must be zero.
        var rules = clinux_landlock_rules(
            files: UInt64(LANDLOCK_ACCESS_FS_EXECUTE), ports: 0,
            scopes: version >= 6 ? clinux_landlock_scope_signal() : 0)
        let ruleset = OwnedDescriptor(
            adopting: try checked("landlock_create_ruleset") {
                // SAFETY: the kernel reads the structure, of the size that the shim passes.
                unsafe clinux_landlock_create_ruleset(&rules)
            })
        let number = ruleset.rawValue
        _ = try checked("landlock_restrict_self") { clinux_landlock_restrict_self(number) }
        return true
    }
}
